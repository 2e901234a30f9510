"""Joining a club: once for each customer, in active clubs only."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import (
    Club,
    ClubStatus,
    Subscription,
    SubscriptionStatus,
    SubscriptionStatusChange,
)
from subscriptions.operations.clubs import ClubIdTaken, make_club, set_club_status
from subscriptions.operations.status import change_status
from subscriptions.operations.subscribing import (
    AlreadySubscribed,
    ClubNotActive,
    ClubUnknown,
    subscribe,
)
from tests.subscriptions.conftest import CUSTOMER, LONG_AGO, NOW

pytestmark = pytest.mark.django_db
Join = Callable[..., Subscription]


def test_customer_joins_and_is_active(join: Join, tenant: Tenant) -> None:
    made = join()

    with scope(tenant.pk):
        found = Subscription.objects.get(reference=made.reference)
        row = SubscriptionStatusChange.objects.get()
        known_as = (found.customer_store_id, found.club.number, found.subscribed_at)
    assert known_as == (CUSTOMER, 1, NOW)
    assert (row.status, row.effective_at, row.origin) == (1, NOW, "subscribed")
    assert (found.last_status, found.last_effective_at) == (1, NOW)


def test_customer_joins_once(join: Join, tenant: Tenant) -> None:
    first = join()

    with pytest.raises(AlreadySubscribed) as refused:
        join(now=NOW + timedelta(hours=1))

    assert refused.value.subscription == first
    assert first.reference in str(refused.value)
    assert "activate" not in str(refused.value)
    with scope(tenant.pk):
        assert Subscription.objects.count() == 1


def test_customer_who_cancelled_is_told_the_way_back(join: Join, tenant: Tenant) -> None:
    first = join()
    with scope(tenant.pk):
        change_status(reference=first.reference, status=2, by=None, now=NOW + timedelta(days=1))

    with pytest.raises(AlreadySubscribed, match="come back, activate it") as refused:
        join(now=NOW + timedelta(days=2))

    assert refused.value.status == SubscriptionStatus.CANCELLED


@pytest.mark.parametrize(
    ("status", "word"), [(ClubStatus.CLOSED, "closed"), (ClubStatus.INACTIVE, "inactive")]
)
def test_club_that_is_not_active_takes_nobody(
    status: int, word: str, club: Club, join: Join
) -> None:
    with scope(club.tenant_id):
        set_club_status(club=club, status=status, now=NOW - timedelta(days=1))

    with pytest.raises(ClubNotActive, match=f"is {word}"):
        join()


def test_club_without_history_takes_nobody(tenant: Tenant) -> None:
    with scope(tenant.pk):
        Club.objects.create(tenant=tenant, number=9, name="New", store_sku=1)

        with pytest.raises(ClubNotActive, match="has no status"):
            subscribe(club_number=9, customer_store_id=CUSTOMER, by=None, now=NOW)


def test_club_opens_at_its_time(club: Club, join: Join) -> None:
    with scope(club.tenant_id):
        set_club_status(club=club, status=2, now=LONG_AGO + timedelta(days=1))
        set_club_status(club=club, status=1, now=NOW, effective_at=NOW + timedelta(hours=1))

    with pytest.raises(ClubNotActive):
        join(now=NOW)
    assert join(now=NOW + timedelta(hours=1)).club == club


def test_unknown_club_is_told(join: Join) -> None:
    with pytest.raises(ClubUnknown, match="no club 77"):
        join(club_number=77)


def test_club_of_another_tenant_is_unknown(club: Club, other_tenant: Tenant) -> None:
    with scope(other_tenant.pk), pytest.raises(ClubUnknown):
        subscribe(club_number=1, customer_store_id=CUSTOMER, by=None, now=NOW)


def test_two_tenants_have_the_same_ids(club: Club, join: Join, other_tenant: Tenant) -> None:
    join()
    with scope(other_tenant.pk):
        make_club(number=1, name="Ciders", store_sku=8, now=LONG_AGO)

        subscribe(club_number=1, customer_store_id=CUSTOMER, by=None, now=NOW)

        assert [s.club.name for s in Subscription.objects.all()] == ["Ciders"]


def test_forty_at_once_are_one(club: Club) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(40)

    def join_once() -> None:
        try:
            ready.wait(30)
            with scope(club.tenant_id):
                subscribe(club_number=1, customer_store_id=CUSTOMER, by=None, now=NOW)
            outcomes.append("joined")
        except AlreadySubscribed:
            outcomes.append("already")
        finally:
            connection.close()

    threads = [threading.Thread(target=join_once) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(outcomes) == {"joined": 1, "already": 39}
    with scope(club.tenant_id):
        assert SubscriptionStatusChange.objects.count() == 1


def test_clubs_are_numbered_by_themselves(club: Club) -> None:
    with scope(club.tenant_id):
        made = make_club(name="Stouts", store_sku=9, now=NOW)

        with pytest.raises(ClubIdTaken):
            make_club(number=2, name="Porters", store_sku=9, now=NOW)

    assert made.number == 2


def test_club_status_set_twice_is_one_row(club: Club) -> None:
    with scope(club.tenant_id):
        first = set_club_status(club=club, status=2, now=NOW)
        again = set_club_status(club=club, status=2, now=NOW + timedelta(days=1))

    assert first is not None
    assert again is None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"reference": "a\nb"}, "subscription_id_is_one_line"),
        ({"reference": ""}, "subscription_id_is_one_line"),
        ({"customer_store_id": ""}, "subscription_customer_is_one_line"),
        ({"subscribed_at": LONG_AGO.replace(year=1800)}, "subscription_create_date_in_range"),
        ({"last_status": 1}, "subscription_last_belongs_together"),
    ],
)
def test_rows_that_break_a_rule_are_refused(change: dict[str, object], rule: str, club: Club):
    fields = {"reference": "r", "customer_store_id": "c", "subscribed_at": NOW, **change}

    with scope(club.tenant_id), pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Subscription.objects.create(tenant_id=club.tenant_id, club=club, **fields)


def test_members_of_another_tenant_stay_hidden(join: Join, other_tenant: Tenant) -> None:
    join()

    with scope(other_tenant.pk):
        assert [
            model.objects.count() for model in (Club, Subscription, SubscriptionStatusChange)
        ] == [0, 0, 0]
