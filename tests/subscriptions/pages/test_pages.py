"""The staff pages of clubs: who sees and does what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import Tenant, User
from core.tenancy import scope
from subscriptions.models import Club, ClubRun, Subscription
from subscriptions.operations.clubs import make_club
from subscriptions.operations.skips import skip_month
from tests.payments.pages.conftest import heading, words
from tests.stripe import Sandbox
from tests.subscriptions.conftest import LONG_AGO, NOW
from tests.subscriptions.shops import drafted, item_of, ordered, started, state_of, work

pytestmark = pytest.mark.django_db
LogIn = Callable[[User], Client]
Members = list[Subscription]
STRANGER = "6b1f3c52-7f0e-4b7e-9a38-0d5f4f4c2a11"
PAGES = ("", "pause/", "cancel/", "reactivate/", "move/")


@pytest.fixture(autouse=True)
def march() -> Any:
    """It is the day of the tests."""
    with time_machine.travel(NOW, tick=False):
        yield


def member_path(member: Subscription, page: str = "") -> str:
    return f"/clubs/members/{member.pk}/{page}"


def run_path(run: ClubRun, page: str = "") -> str:
    return f"/clubs/1/run/{run.pk}/{page}"


def all_paths(member: Subscription, run: ClubRun) -> list[str]:
    return [
        "/clubs/1/", "/clubs/1/status/", "/clubs/1/run/", run_path(run), run_path(run, "report/"),
        *(member_path(member, page) for page in PAGES),
    ]  # fmt: skip


def test_pages_open_for_their_company_alone(
    club: Club, members: Members, admin: User, other_admin: User, log_in: LogIn
) -> None:
    paths = all_paths(members[0], drafted(club))
    mine, foreign = log_in(admin), log_in(other_admin)

    assert {path: mine.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    assert {path: foreign.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)


def test_foreign_lists_are_empty(
    club: Club, members: Members, other_admin: User, log_in: LogIn
) -> None:
    client = log_in(other_admin)

    assert "No clubs yet." in words(client.get("/clubs/"))
    assert "No charge has failed." in words(client.get("/clubs/worklist/"))
    assert client.get("/clubs/board/?format=csv").content.count(b",0,0,0,0,0,") == 12


def test_visitors_log_in_first(club: Club, members: Members) -> None:
    run = drafted(club)

    for path in ["/clubs/", "/clubs/board/", "/clubs/worklist/", *all_paths(members[0], run)]:
        assert Client().get(path).status_code == 302


@pytest.mark.parametrize("verb", ["start", "check", "stop", "resume", "cancel", "close", "retry"])
def test_counselors_run_no_charges(
    verb: str, club: Club, members: Members, counselor: User, log_in: LogIn
) -> None:
    run = drafted(club)

    answer = log_in(counselor).post(run_path(run, f"{verb}/"))

    assert (answer.status_code, state_of(run)) == (403, "draft")


def test_actions_want_a_token(club: Club, members: Members, admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    run = drafted(club)

    assert client.post(run_path(run, "start/")).status_code == 403


def test_club_list_tells_status_members_and_next_run(
    club: Club, members: Members, admin: User, log_in: LogIn
) -> None:
    with scope(club.tenant_id):
        Club.objects.update(run_day=15)

    said = words(log_in(admin).get("/clubs/"))

    assert "Ales id 1 Active 3 0 15 Mar 2026" in said


def test_members_are_filtered_by_status_and_id(
    club: Club, members: Members, counselor: User, log_in: LogIn
) -> None:
    client = log_in(counselor)
    client.post(member_path(members[0], "pause/"), {"confirmed": "1"})

    paused = words(client.get("/clubs/1/?status=3"))
    found = words(client.get(f"/clubs/1/?customer={members[1].reference}"))

    assert ("ann Paused" in paused, "ben" in paused) == (True, False)
    assert ("ben Active \N{EN DASH} 10 Mar 2026" in found, "ann" in found) == (True, False)


@pytest.mark.parametrize(
    "query",
    ["status=9", "cursor=x", "cursor=WyJ4Il0", "customer=%00", "cursor=" + "a" * 500],
)
def test_odd_filters_are_told_not_crashed(
    query: str, club: Club, members: Members, admin: User, log_in: LogIn
) -> None:
    assert log_in(admin).get(f"/clubs/1/?{query}").status_code == 400


@pytest.mark.parametrize(
    "path", ["/clubs/99999999999999/", "/clubs/2/", f"/clubs/members/{STRANGER}/"]
)
def test_unknown_rows_are_not_found(path: str, club: Club, admin: User, log_in: LogIn) -> None:
    assert log_in(admin).get(path).status_code == 404


def test_members_come_page_by_page(
    club: Club, join: Callable[..., Subscription], admin: User, log_in: LogIn
) -> None:
    for number in range(31):
        join(f"customer-{number:02}")
    client = log_in(admin)

    first = client.get("/clubs/1/")
    second = client.get(f"/clubs/1/?cursor={first.context['next_cursor']}")

    shown = [
        one.subscription.customer_store_id
        for page in (first, second)
        for one in page.context["outlooks"]
    ]
    assert (len(first.context["outlooks"]), len(shown), len(set(shown))) == (30, 31, 31)
    assert second.context["next_cursor"] == ""


def test_pause_shows_the_next_charge_before_it_is_done(
    club: Club, members: Members, counselor: User, log_in: LogIn
) -> None:
    client, path = log_in(counselor), member_path(members[0], "pause/")
    asked = {"returns_on": "2026-05-20", "reason": "Travels"}

    review = words(client.post(path, asked))
    before = members_status(members[0])
    done = client.post(path, {**asked, "confirmed": "1"}, follow=True)

    assert "Next charge now 10 Mar 2026 Next charge then 1 Jun 2026" in review
    assert (before, members_status(members[0])) == (1, 3)
    said = words(done)
    assert "The member pauses." in said
    assert "Next charge 1 Jun 2026" in said
    assert "Scheduled active from 20 May 2026, 00:00 on Automatic return schedule" in said


def members_status(member: Subscription) -> int | None:
    with scope(member.tenant_id):
        member.refresh_from_db()
        return member.status_at(NOW)


@pytest.mark.parametrize(
    "asked",
    [
        {"returns_on": "2026-03-10"}, {"returns_on": "0000-01-01"}, {"starts_on": "9999-12-31"},
        {"starts_on": "2026-03-01"}, {"returns_on": "x"}, {"reason": "a" * 500},
    ],
)  # fmt: skip
def test_pause_that_makes_no_sense_is_refused_at_its_field(
    asked: dict[str, str], members: Members, counselor: User, log_in: LogIn
) -> None:
    answer = log_in(counselor).post(member_path(members[0], "pause/"), {**asked, "confirmed": "1"})

    assert (answer.status_code, members_status(members[0])) == (400, 1)
    assert 'aria-invalid="true"' in answer.content.decode()


def test_cancel_wants_a_reason_and_can_be_undone(
    members: Members, counselor: User, log_in: LogIn
) -> None:
    client = log_in(counselor)

    refused = client.post(member_path(members[0], "cancel/"), {})
    client.post(member_path(members[0], "cancel/"), {"reason": "Moved abroad"})
    cancelled = members_status(members[0])
    back = client.post(member_path(members[0], "reactivate/"), {"reason": ""}, follow=True)

    assert (refused.status_code, cancelled, members_status(members[0])) == (400, 2, 1)
    assert "Cancelled: Moved abroad" in words(back)


def test_skip_and_unskip_are_told_in_the_timeline(
    members: Members, counselor: User, log_in: LogIn
) -> None:
    client = log_in(counselor)

    client.post(member_path(members[0], "skip/"), {"month": "2026-03", "reason": "Full cellar"})
    skipped = words(client.get(member_path(members[0])))
    said = words(client.post(member_path(members[0], "unskip/"), {"month": "2026-03"}, follow=True))

    assert "March 2026 skipped: Full cellar" in skipped
    assert "Next charge 1 Apr 2026" in skipped
    assert "Skip of March 2026 taken back" in said
    assert "Next charge 10 Mar 2026" in said


@pytest.mark.parametrize("month", ["", "2026-13", "1899-01", "x" * 50, "2030-01", "2026-02"])
def test_odd_months_are_refused(
    month: str, members: Members, counselor: User, log_in: LogIn
) -> None:
    answer = log_in(counselor).post(member_path(members[0], "skip/"), {"month": month}, follow=True)

    assert answer.status_code == 200
    with scope(members[0].tenant_id):
        assert members[0].skips.count() == 0


def test_move_leads_to_the_new_membership(
    members: Members, other_club: Club, counselor: User, log_in: LogIn
) -> None:
    answer = log_in(counselor).post(
        member_path(members[0], "move/"), {"club": "2", "reason": "Likes stout"}, follow=True
    )

    said = words(answer)
    assert (heading(answer), members_status(members[0])) == ('<span class="id">ann</span>', 2)
    assert "Came from Ales" in said
    assert "Ales Cancelled" in said


def test_run_is_started_followed_and_reported(
    club: Club, members: Members, admin: User, log_in: LogIn, shop: Sandbox
) -> None:
    client = log_in(admin)
    made = client.post("/clubs/1/run/", {"month": "2026-03"}, follow=True)
    run = made.context["run"]

    client.post(run_path(run, "start/"))
    running = client.get(run_path(run)).content.decode()
    work(run)
    done = client.get(run_path(run)).content.decode()
    report = client.get(run_path(run, "report/"))

    assert "This run would charge 3 members" in words(made)
    assert ('hx-trigger="every 2s"' in running, 'hx-trigger="every 2s"' in done) == (True, False)
    assert ordered(shop) == ["ann", "ben", "cleo"]
    assert report["Content-Disposition"] == 'attachment; filename="club-1-2026-03.csv"'
    assert report.content.decode().count(",charged,") == 6  # the member's state and the charge's


def test_second_start_says_that_it_runs(
    club: Club, members: Members, admin: User, log_in: LogIn, shop: Sandbox
) -> None:
    run, client = drafted(club), log_in(admin)
    client.post(run_path(run, "start/"))

    again = client.post(run_path(run, "start/"), follow=True)

    assert "The run cannot be started: it is running, started by Ada Admin." in words(again)


def test_report_holds_no_formula(
    club: Club, join: Callable[..., Subscription], admin: User, log_in: LogIn
) -> None:
    join("=1+1")

    report = log_in(admin).get(run_path(drafted(club), "report/")).content.decode()

    assert ",'=1+1,pending," in report


def test_failures_are_noted_settled_and_tried_again(
    club: Club, join: Callable[..., Subscription], admin: User, log_in: LogIn, shop: Sandbox
) -> None:
    join("customer-declined-1")
    run, client = started(club), log_in(admin)
    work(run)
    item = item_of(run, "customer-declined-1")

    listed = words(client.get("/clubs/worklist/?cause=customer"))
    other = words(client.get("/clubs/worklist/?cause=ours"))
    client.post(f"/clubs/items/{item.pk}/note/", {"note": "Called them"})
    client.post(f"/clubs/items/{item.pk}/settle/", {"note": ""})
    settled = item_of(run, "customer-declined-1")
    client.post(f"/clubs/items/{item.pk}/reopen/")
    client.post(f"/clubs/items/{item.pk}/retry/", {"back": "worklist"})
    retried = item_of(run, "customer-declined-1")

    assert "customer-declined-1 Ales, March 2026" in listed
    assert "customer-declined-1" not in other
    assert (settled.state, settled.note, settled.decided_by) == ("settled", "Called them", admin)
    assert (retried.state, retried.attempt, state_of(run)) == ("pending", 2, "running")


def test_foreign_items_are_not_found(
    club: Club, members: Members, other_admin: User, log_in: LogIn
) -> None:
    item = item_of(drafted(club), "ann")

    for verb in ("retry", "settle", "reopen", "note"):
        assert log_in(other_admin).post(f"/clubs/items/{item.pk}/{verb}/").status_code == 404


def test_club_is_closed_with_a_reason(club: Club, admin: User, log_in: LogIn) -> None:
    client = log_in(admin)

    answer = client.post("/clubs/1/status/", {"status": "2", "details": "Full"}, follow=True)
    again = client.post("/clubs/1/status/", {"status": "2"}, follow=True)

    assert "Closed: Full" in words(answer)
    assert "The club is that already." in words(again)


@pytest.mark.parametrize(
    "path", ["/clubs/1/", "/clubs/", "/clubs/worklist/", "/clubs/board/", "run", "member"]
)
@pytest.mark.usefixtures("shop")
def test_lists_ask_the_same_number_of_questions_for_1_and_30_rows(
    path: str, club: Club, join: Callable[..., Subscription], admin: User, log_in: LogIn
) -> None:
    first = join("customer-declined-00")
    run, client = started(club), log_in(admin)
    work(run)
    where = {"run": run_path(run), "member": member_path(first)}.get(path, path)
    client.get(where)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(where)

    for number in range(1, 30):
        join(f"customer-declined-{number:02}")
    _run_again(club, run, first)
    with CaptureQueriesContext(connection) as thirty:
        client.get(where)

    assert len(thirty) == len(one)


def _run_again(club: Club, run: ClubRun, member: Subscription) -> None:
    """Fill the lists: thirty failed members, and a long story of one."""
    with scope(club.tenant_id):
        rows = Subscription.objects.exclude(pk=member.pk)
        for one in rows:
            run.items.create(
                tenant_id=club.tenant_id, subscription=one, state="failed", cause="customer"
            )
        for number in range(2, 28):
            make_club(number=number, name=f"Club {number}", store_sku=7, now=LONG_AGO)
        for month in range(4, 10):
            skip_month(
                reference=member.reference, month=date(2026, month, 1), by=None,
                now=NOW + timedelta(days=1),
            )  # fmt: skip


def test_clubs_are_found_by_name_and_members_by_id(
    club: Club, members: Members, admin: User, log_in: LogIn
) -> None:
    client = log_in(admin)

    def found(query: str) -> list[str]:
        answer = client.get(f"/admin/search/?q={query}", headers={"Accept": "application/json"})
        return [one["url"] for one in answer.json()["results"]]

    assert "/clubs/1/" in found("Ales")
    assert found("ben") == [member_path(members[1])]
    assert found(members[1].reference) == [member_path(members[1])]


def test_pages_load_under_the_strict_policy(
    club: Club, members: Members, admin: User, log_in: LogIn
) -> None:
    client = log_in(admin)

    for path in ["/clubs/", "/clubs/board/", *all_paths(members[0], drafted(club))]:
        answer = client.get(path)
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert " style=" not in answer.content.decode()


def test_next_run_is_a_day_of_the_clubs_zone(tenant: Tenant, admin: User, log_in: LogIn) -> None:
    with scope(tenant.pk):
        make_club(number=5, name="Far", store_sku=1, now=LONG_AGO, time_zone="Pacific/Auckland")

    assert log_in(admin).get("/clubs/5/").context["next_run"] == date(2026, 3, 11)
