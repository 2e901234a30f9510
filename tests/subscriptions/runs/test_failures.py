"""What people do about failures, and that a closed run is closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.models import User
from core.tenancy import scope
from subscriptions.models import Club, ClubRun, Subscription
from subscriptions.operations.run_failures import (
    NothingFailed,
    RunClosed,
    note_item,
    reopen_item,
    retry_cause,
    retry_item,
    settle_item,
)
from subscriptions.operations.runs import RunNotPossible, close_run
from subscriptions.queries.runs import worklist
from tests.stripe import Sandbox
from tests.subscriptions.conftest import NOW
from tests.subscriptions.shops import item_of, ordered, started, state_of, states, work

pytestmark = pytest.mark.django_db
WHO = "ann"
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def run(club: Club, join: Callable[..., Subscription], shop: Sandbox) -> ClubRun:
    """A run in review: the article is out of stock."""
    join(WHO)
    shop.control("POST", "shop/stock", sku_id=7, units=0)
    made = started(club)
    work(made)
    assert (states(made), state_of(made)) == ({WHO: "failed"}, "review")
    return made


def done(run: ClubRun, verb: Callable[..., Any], **given: Any) -> Any:
    item = item_of(run, WHO)
    with scope(run.tenant_id):
        return verb(item_id=item.pk, **given)


def closed(run: ClubRun) -> None:
    with scope(run.tenant_id):
        close_run(run_id=run.pk, by=None, now=NOW)


def test_retry_is_a_new_order(run: ClubRun, shop: Sandbox) -> None:
    first = item_of(run, WHO).request_id
    shop.control("POST", "shop/stock", sku_id=7, units=5)

    done(run, retry_item, now=NOW)
    while_running = state_of(run)
    work(run)

    asked = [one["request_id"] for one in shop.control("GET", "shop/answers")["answers"]]
    assert asked == [first, item_of(run, WHO).request_id]
    assert (while_running, state_of(run), ordered(shop)) == ("running", "done", [WHO])


def test_retry_twice_is_told(run: ClubRun) -> None:
    done(run, retry_item, now=NOW)

    with pytest.raises(NothingFailed):
        done(run, retry_item, now=NOW)

    assert item_of(run, WHO).attempt == 2


def test_all_of_a_cause_are_tried_again(run: ClubRun) -> None:
    with scope(run.tenant_id):
        count = retry_cause(run_id=run.pk, cause="ours", now=NOW)
        with pytest.raises(NothingFailed):
            retry_cause(run_id=run.pk, cause="ours", now=NOW)

    assert (count, states(run)) == (1, {WHO: "pending"})


def test_settled_elsewhere_leaves_the_worklist_until_taken_back(run: ClubRun, admin: User) -> None:
    done(run, settle_item, note="Paid in cash", by=admin, now=NOW)
    with scope(run.tenant_id):
        while_settled = worklist().count()
    with pytest.raises(NothingFailed):
        done(run, settle_item, note="", by=admin, now=NOW)
    done(run, reopen_item, now=NOW)
    with pytest.raises(NothingFailed):
        done(run, reopen_item, now=NOW)

    item = item_of(run, WHO)
    assert (while_settled, item.state, item.note) == (0, "failed", "Paid in cash")


def test_closed_run_is_closed_for_good(run: ClubRun, shop: Sandbox, admin: User) -> None:
    closed(run)
    shop.control("POST", "shop/stock", sku_id=7, units=5)

    for verb, given in (
        (retry_item, {"now": NOW}),
        (settle_item, {"note": "", "by": admin, "now": NOW}),
        (reopen_item, {"now": NOW}),
    ):
        with pytest.raises(RunClosed, match="closed for good"):
            done(run, verb, **given)
    with scope(run.tenant_id), pytest.raises(RunClosed):
        retry_cause(run_id=run.pk, cause="ours", now=NOW)
    work(run)

    assert (states(run), ordered(shop)) == ({WHO: "failed"}, [])
    with scope(run.tenant_id):
        assert worklist().count() == 0


def test_retry_after_the_month_is_refused(run: ClubRun) -> None:
    with pytest.raises(RunNotPossible, match="is over"):
        done(run, retry_item, now=APRIL)

    assert states(run) == {WHO: "failed"}


def test_note_stays_also_on_a_closed_run(run: ClubRun) -> None:
    closed(run)

    done(run, note_item, note="Wrote to them")

    assert item_of(run, WHO).note == "Wrote to them"
