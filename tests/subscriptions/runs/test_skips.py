"""Skipped months: which can be, once each, and taken back."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection

from core.models import Tenant, User
from core.tenancy import scope
from subscriptions.models import Club, ClubRunItem, Skip, Subscription
from subscriptions.operations.charging import charge
from subscriptions.operations.skips import MonthNotOpen, skip_month, unskip_month
from subscriptions.operations.status import SubscriptionUnknown, change_status
from subscriptions.queries.eligible import eligible
from subscriptions.queries.next_charges import next_charge
from tests.stripe import Sandbox
from tests.subscriptions.conftest import NOW
from tests.subscriptions.shops import MARCH, item_of, started

pytestmark = pytest.mark.django_db
APRIL = date(2026, 4, 1)


@pytest.fixture
def member(members: list[Subscription]) -> Subscription:
    """A member."""
    return members[0]


def skipped(member: Subscription, month: date = MARCH, now: datetime = NOW, **given: Any) -> Skip:
    with scope(member.tenant_id):
        return skip_month(reference=member.reference, month=month, by=None, now=now, **given)


def unskipped(member: Subscription, month: date = MARCH, now: datetime = NOW) -> Skip | None:
    with scope(member.tenant_id):
        return unskip_month(reference=member.reference, month=month, by=None, now=now)


def charge_day(member: Subscription, now: datetime = NOW) -> date | None:
    with scope(member.tenant_id):
        return next_charge(Subscription.objects.get(pk=member.pk), now)


def test_skip_moves_the_next_charge_and_hides_nobody(member: Subscription, admin: User) -> None:
    before = charge_day(member)

    skip = skipped(member, reason="Travels")

    assert (before, charge_day(member)) == (date(2026, 3, 10), APRIL)
    assert (skip.reason, skip.made_at) == ("Travels", NOW)
    with scope(member.tenant_id):
        assert member.reference.encode() in b"".join(eligible(on=NOW))


def test_skip_twice_is_one(member: Subscription) -> None:
    assert skipped(member) == skipped(member)


def test_skips_at_once_are_one(member: Subscription) -> None:
    ready = threading.Barrier(8)

    def press() -> None:
        try:
            ready.wait(30)
            skipped(member)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with scope(member.tenant_id):
        assert Skip.objects.count() == 1


def test_unskip_leaves_a_trace_and_makes_room(member: Subscription) -> None:
    skipped(member)

    undone, nothing, again = unskipped(member), unskipped(member), skipped(member)

    assert undone is not None
    assert (undone.undone_at, nothing, again.undone_at) == (NOW, None, None)
    with scope(member.tenant_id):
        assert Skip.objects.count() == 2


@pytest.mark.parametrize("month", [date(2026, 2, 1), date(2028, 4, 1), date(2026, 3, 2)])
def test_month_out_of_reach_is_refused(month: date, member: Subscription) -> None:
    with pytest.raises(MonthNotOpen):
        skipped(member, month)


def test_month_that_is_charged_is_not_skipped(member: Subscription, shop: Sandbox) -> None:
    charge(tenant_id=member.tenant_id, reference=member.reference, request_id="r", by=None, now=NOW)

    with pytest.raises(MonthNotOpen, match="charged already"):
        skipped(member)
    assert skipped(member, APRIL).month == APRIL


def test_month_whose_charge_is_under_way_is_not_skipped(
    club: Club, member: Subscription, shop: Sandbox
) -> None:
    item = item_of(started(club), "ann")
    with scope(club.tenant_id):
        ClubRunItem.objects.filter(pk=item.pk).update(state="charging", due_at=NOW)

    with pytest.raises(MonthNotOpen, match="this moment"):
        skipped(member)


def test_skip_of_a_month_that_is_over_stays(member: Subscription) -> None:
    skipped(member)

    with pytest.raises(MonthNotOpen):
        unskipped(member, now=datetime(2026, 3, 31, 22, tzinfo=UTC))  # midnight in Amsterdam


def test_unknown_subscription_is_told(tenant: Tenant) -> None:
    with scope(tenant.pk), pytest.raises(SubscriptionUnknown):
        skip_month(reference="nobody", month=MARCH, by=None, now=NOW)


def test_database_holds_one_skip_a_month(member: Subscription) -> None:
    skip = skipped(member)

    with scope(member.tenant_id), pytest.raises(IntegrityError, match="skip_once_per_month"):
        Skip.objects.create(tenant_id=skip.tenant_id, subscription=member, month=MARCH, made_at=NOW)


def test_other_tenant_sees_no_skip(member: Subscription, other_tenant: Tenant) -> None:
    skipped(member)

    with scope(other_tenant.pk):
        assert Skip.objects.count() == 0


@pytest.mark.parametrize(
    ("run_day", "now", "day"),
    [
        (31, datetime(2026, 4, 2, tzinfo=UTC), date(2026, 4, 30)),
        (31, datetime(2028, 2, 1, tzinfo=UTC), date(2028, 2, 29)),
        (15, datetime(2026, 3, 31, 21, 59, tzinfo=UTC), date(2026, 3, 31)),
        (15, datetime(2026, 3, 31, 22, 0, tzinfo=UTC), date(2026, 4, 15)),
    ],
)
def test_next_charge_is_on_the_clubs_day(
    run_day: int, now: datetime, day: date, member: Subscription
) -> None:
    with scope(member.tenant_id):
        Club.objects.update(run_day=run_day)

    assert charge_day(member, now) == day


def test_return_over_the_change_of_clocks_is_charged_that_day(member: Subscription) -> None:
    # Summer time begins on 29 March; the return is that day's first moment in Amsterdam.
    with scope(member.tenant_id):
        Club.objects.update(run_day=29)
        change_status(
            reference=member.reference, status=3, by=None, now=NOW,
            returns_at=datetime(2026, 3, 28, 23, tzinfo=UTC),
        )  # fmt: skip

    assert charge_day(member) == date(2026, 3, 29)


def test_cancelled_member_has_no_next_charge(member: Subscription) -> None:
    with scope(member.tenant_id):
        change_status(reference=member.reference, status=2, by=None, now=NOW)

    assert charge_day(member) is None
