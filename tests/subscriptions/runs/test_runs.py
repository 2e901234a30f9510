"""Runs from draft to done: who is charged, once, whatever happens on the way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Charge, Club, ClubRun, ClubRunItem, ShopAccount, Subscription
from subscriptions.operations.charging import LEASE, ShopNotConnected, charge
from subscriptions.operations.clubs import set_club_status
from subscriptions.operations.moves import move_member
from subscriptions.operations.run_work import charge_next, tidy_runs
from subscriptions.operations.runs import (
    RunNotPossible,
    RunOpenAlready,
    WrongState,
    cancel_run,
    check_again,
    close_run,
    resume_run,
    start_run,
    stop_run,
)
from subscriptions.operations.skips import skip_month
from subscriptions.operations.status import change_status
from subscriptions.queries.runs import progress_of, reasons_of
from tests.servers import free_port
from tests.stripe import Sandbox
from tests.subscriptions.conftest import NOW
from tests.subscriptions.shops import (
    MARCH,
    drafted,
    fault,
    item_of,
    ordered,
    started,
    state_of,
    states,
    work,
    work_through,
)

pytestmark = pytest.mark.django_db
Join = Callable[..., Subscription]
Members = list[Subscription]


def told(run: ClubRun, verb: Callable[..., Any], **given: Any) -> Any:
    with scope(run.tenant_id):
        return verb(run_id=run.pk, now=given.pop("now", NOW), **given)


def charged(member: Subscription, request_id: str = "website", now: datetime = NOW) -> Any:
    return charge(
        tenant_id=member.tenant_id, reference=member.reference, request_id=request_id, by=None,
        now=now,
    )  # fmt: skip


def test_run_charges_each_member_once(club: Club, members: Members, shop: Sandbox) -> None:
    run = started(club)

    work(run)

    assert states(run) == {"ann": "charged", "ben": "charged", "cleo": "charged"}
    assert ordered(shop) == ["ann", "ben", "cleo"]
    assert state_of(run) == "done"


def test_draft_tells_who_is_left_out_and_why(
    club: Club, other_club: Club, join: Join, shop: Sandbox
) -> None:
    people = {name: join(name) for name in ("ann", "ben", "cleo", "dan", "eve", "fay")}
    moved = join("gil", club_number=2)
    charged(people["ben"])
    fault(shop, "lost_after")
    charged(people["cleo"], "lost")
    charged(moved, "before the move")
    with scope(club.tenant_id):
        skip_month(reference=people["dan"].reference, month=MARCH, by=None, now=NOW)
        change_status(reference=people["eve"].reference, status=3, by=None, now=NOW)
        change_status(reference=people["fay"].reference, status=2, by=None, now=NOW)
        move_member(reference=moved.reference, club=club, by=None, now=NOW)

    run = drafted(club)

    with scope(club.tenant_id):
        found = (progress_of(run).counts, sorted(reasons_of(run)))
    assert found == (
        {"pending": 1, "excluded": 4},
        [
            ("A charge waits for the shop's answer", 1),
            ("Charged already this month", 1),
            ("Charged this month in the club they came from", 1),
            ("Skips this month", 1),
        ],
    )


def test_draft_warns_of_who_was_declined_before(club: Club, join: Join, shop: Sandbox) -> None:
    charged(join("customer-expired-1"), now=NOW)

    run = drafted(club)

    item = item_of(run, "customer-expired-1")
    assert (item.state, item.warning) == ("pending", "Last time: The customer's card has expired.")


def test_club_without_article_charges_nobody(club: Club, members: Members, shop: Sandbox) -> None:
    with scope(club.tenant_id):
        Club.objects.update(store_sku=0)
        club.refresh_from_db()

    run = drafted(club)

    assert set(states(run).values()) == {"excluded"}


def test_draft_does_not_charge(club: Club, members: Members, shop: Sandbox) -> None:
    run = drafted(club)

    work(run)

    assert (state_of(run), ordered(shop)) == ("draft", [])


def test_start_looks_again(club: Club, join: Join, shop: Sandbox) -> None:
    ann, ben = join("ann"), join("ben")
    run = drafted(club)
    join("cleo")
    with scope(club.tenant_id):
        change_status(reference=ben.reference, status=3, by=None, now=NOW)
        skip_month(reference=ann.reference, month=MARCH, by=None, now=NOW)

    told(run, start_run, by=None)
    work(run)

    assert ordered(shop) == ["cleo"]


def test_checking_again_follows_what_changed(club: Club, join: Join) -> None:
    join("ann")
    run = drafted(club)
    join("ben")

    told(run, check_again)

    assert states(run) == {"ann": "pending", "ben": "pending"}


def test_second_run_of_an_open_month_is_refused(club: Club) -> None:
    run = drafted(club)

    with pytest.raises(RunOpenAlready) as refusal:
        drafted(club)

    assert refusal.value.run == run


def test_run_after_a_closed_one_charges_only_the_rest(
    club: Club, join: Join, shop: Sandbox
) -> None:
    join("ann")
    first = started(club)
    work(first)
    join("ben")

    second = started(club)
    work(second)

    assert states(second) == {"ann": "excluded", "ben": "charged"}
    assert ordered(shop) == ["ann", "ben"]


def test_two_who_press_start_at_once_start_one(club: Club, members: Members, shop: Sandbox) -> None:
    run = drafted(club)
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def press() -> None:
        try:
            ready.wait(30)
            told(run, start_run, by=None)
            outcomes.append("started")
        except WrongState:
            outcomes.append("refused")
        finally:
            connection.close()

    _at_once([press] * 2)

    assert sorted(outcomes) == ["refused", "started"]


def test_two_who_make_a_draft_at_once_make_one(club: Club, members: Members) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def press() -> None:
        try:
            ready.wait(30)
            drafted(club)
            outcomes.append("made")
        except RunOpenAlready:
            outcomes.append("refused")
        finally:
            connection.close()

    _at_once([press] * 2)

    assert sorted(outcomes) == ["made", "refused"]


def test_many_workers_charge_each_once(
    club: Club, join: Join, shop: Sandbox, settings: Any
) -> None:
    settings.SHOP_PARALLEL = 8
    people = sorted(join(f"customer-{number:02}").customer_store_id for number in range(24))
    run = started(club)

    def press() -> None:
        try:
            work(run)
        finally:
            connection.close()

    _at_once([press] * 8)
    work(run)

    assert ordered(shop) == people
    assert state_of(run) == "done"


def test_no_more_than_allowed_are_under_way(
    club: Club, members: Members, shop: Sandbox, settings: Any
) -> None:
    settings.SHOP_PARALLEL = 1
    run = started(club)
    _leave_under_way(run, "ann", NOW + LEASE)

    work(run)

    assert states(run) == {"ann": "charging", "ben": "pending", "cleo": "pending"}
    assert ordered(shop) == []


def test_stopped_run_begins_nobody_and_goes_on_when_resumed(
    club: Club, members: Members, shop: Sandbox
) -> None:
    run = started(club)
    charge_next(tenant_id=club.tenant_id, run_id=run.pk, now=NOW)
    told(run, stop_run)

    work(run)
    while_stopped = len(ordered(shop))
    told(run, resume_run)
    work(run)

    assert while_stopped == 1
    assert (ordered(shop), state_of(run)) == (["ann", "ben", "cleo"], "done")


@pytest.mark.parametrize("is_made", [False, True])
def test_killed_worker_leaves_nobody_out_and_charges_nobody_twice(
    is_made: bool, club: Club, members: Members, shop: Sandbox
) -> None:
    run = started(club)
    item = _leave_under_way(run, "ann", NOW + LEASE)
    if is_made:
        charged(members[0], item.request_id)

    work(run)
    while_leased = ordered(shop)
    work_through(run, NOW + LEASE)

    assert while_leased == (["ann"] if is_made else []) + ["ben", "cleo"]
    assert ordered(shop) == ["ann", "ben", "cleo"]
    assert state_of(run) == "done"


@pytest.mark.parametrize(
    "kind", ["lost_after", "error_after", "garbage", "error_before", "drop_before", "rate_limit"]
)
def test_failing_shop_charges_nobody_twice_and_forgets_nobody(
    kind: str, club: Club, members: Members, shop: Sandbox
) -> None:
    run = started(club)
    fault(shop, kind, count=2)

    work_through(run)

    assert ordered(shop) == ["ann", "ben", "cleo"]
    assert (set(states(run).values()), state_of(run)) == ({"charged"}, "done")


def test_shop_that_is_down_leaves_failures_to_try_again(
    club: Club, members: Members, shop: Sandbox, settings: Any
) -> None:
    settings.SHOP_URL = f"http://127.0.0.1:{free_port()}/shop"
    run = started(club)

    for minutes in range(0, 30, 2):
        work(run, NOW + timedelta(minutes=minutes))

    item = item_of(run, "ann")
    assert (item.state, item.cause, item.misses) == ("failed", "retry", 3)
    assert state_of(run) == "review"


def test_failures_go_to_review_by_cause(club: Club, join: Join, shop: Sandbox) -> None:
    for name in ("ann", "customer-declined-1", "customer-unknown-1"):
        join(name)
    run = started(club)

    work(run)

    found = item_of(run, "customer-declined-1")
    assert states(run) == {
        "ann": "charged",
        "customer-declined-1": "failed",
        "customer-unknown-1": "failed",
    }
    assert (found.cause, found.reason) == ("customer", "The customer's card was declined.")
    assert state_of(run) == "review"


def test_member_who_pauses_during_the_run_is_left_out(
    club: Club, members: Members, shop: Sandbox
) -> None:
    run = started(club)
    with scope(club.tenant_id):
        change_status(reference=members[0].reference, status=3, by=None, now=NOW)
        skip_month(reference=members[1].reference, month=MARCH, by=None, now=NOW)

    work(run)

    assert states(run) == {"ann": "excluded", "ben": "excluded", "cleo": "charged"}
    assert ordered(shop) == ["cleo"]


def test_member_whom_the_website_charges_meanwhile_counts_as_charged(
    club: Club, members: Members, shop: Sandbox
) -> None:
    run = started(club)
    charged(members[0])

    work(run)

    item = item_of(run, "ann")
    assert (item.state, item.reason) == ("charged", "Charged this month already, as website")
    assert ordered(shop) == ["ann", "ben", "cleo"]


@pytest.mark.parametrize(
    ("month", "words"),
    [(date(2026, 2, 1), "is over"), (date(2026, 5, 1), "this month and the next one")],
)
def test_month_must_be_this_or_the_next(month: date, words: str, club: Club) -> None:
    with pytest.raises(RunNotPossible, match=words):
        drafted(club, month)


def test_next_month_can_be_prepared_but_not_started(
    club: Club, members: Members, shop: Sandbox
) -> None:
    run = drafted(club, date(2026, 4, 1))

    with pytest.raises(RunNotPossible, match="has not begun"):
        told(run, start_run, by=None)


def test_month_is_the_clubs_own(club: Club, members: Members, shop: Sandbox) -> None:
    # 31 March 23:30 and 1 April 00:00 in Amsterdam, whose clocks changed two days before.
    last = datetime(2026, 3, 31, 21, 30, tzinfo=UTC)
    run = started(club, last)
    charge_next(tenant_id=club.tenant_id, run_id=run.pk, now=last)

    work(run, last + timedelta(minutes=30))

    with scope(club.tenant_id):
        months = list(Charge.objects.values_list("month", flat=True))
    assert months == [MARCH]
    assert Counter(states(run).values()) == {"charged": 1, "pending": 2}


def test_run_whose_month_is_over_is_closed_for_good(
    club: Club, members: Members, shop: Sandbox
) -> None:
    run = started(club)
    april = datetime(2026, 4, 1, tzinfo=UTC)

    needed = tidy_runs(tenant_id=club.tenant_id, now=april)

    assert (needed, state_of(run)) == ([], "done")
    assert set(states(run).values()) == {"failed"}
    with pytest.raises(WrongState, match="closed for good"):
        told(run, resume_run, now=april)


def test_running_run_is_stopped_before_it_is_closed(
    club: Club, members: Members, shop: Sandbox
) -> None:
    run = started(club)

    with pytest.raises(WrongState):
        told(run, close_run, by=None)
    told(run, stop_run)
    told(run, close_run, by=None)
    work(run)

    assert (state_of(run), ordered(shop)) == ("done", [])


@pytest.mark.parametrize("verb", [stop_run, resume_run])
def test_draft_neither_stops_nor_resumes(verb: Callable[..., ClubRun], club: Club) -> None:
    run = drafted(club)

    with pytest.raises(WrongState):
        told(run, verb)


def test_cancelled_draft_makes_room(club: Club, members: Members, shop: Sandbox) -> None:
    run = drafted(club)
    told(run, cancel_run, by=None)

    again = drafted(club)

    assert (state_of(run), state_of(again)) == ("cancelled", "draft")
    with pytest.raises(WrongState):
        told(run, cancel_run, by=None)


def test_run_without_credentials_does_not_start(
    club: Club, members: Members, shop: Sandbox
) -> None:
    with scope(club.tenant_id):
        ShopAccount.objects.all().delete()
    run = drafted(club)

    with pytest.raises(ShopNotConnected):
        told(run, start_run, by=None)


def test_inactive_club_has_no_run(club: Club, shop: Sandbox) -> None:
    with scope(club.tenant_id):
        set_club_status(club=club, status=3, now=NOW)

    with pytest.raises(RunNotPossible, match="inactive"):
        drafted(club)


def test_closed_club_still_serves(club: Club, members: Members, shop: Sandbox) -> None:
    with scope(club.tenant_id):
        set_club_status(club=club, status=2, now=NOW)

    work(started(club))

    assert ordered(shop) == ["ann", "ben", "cleo"]


def test_run_of_nobody_is_done_at_once(club: Club, shop: Sandbox) -> None:
    assert state_of(started(club)) == "done"


def test_other_tenant_sees_no_run(
    club: Club, members: Members, other_tenant: Tenant, shop: Sandbox
) -> None:
    run = started(club)

    with scope(other_tenant.pk):
        assert (ClubRun.objects.count(), ClubRunItem.objects.count()) == (0, 0)
        with pytest.raises(ClubRun.DoesNotExist):
            stop_run(run_id=run.pk, now=NOW)


def _leave_under_way(run: ClubRun, customer: str, until: datetime) -> ClubRunItem:
    """Leave an item as a worker does that is killed in the middle of its turn."""
    item = item_of(run, customer)
    with scope(run.tenant_id):
        ClubRunItem.objects.filter(pk=item.pk).update(state="charging", due_at=until)
    return item


def _at_once(presses: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=press) for press in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
