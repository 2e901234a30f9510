"""Moves between clubs: one membership ends, the other begins, all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Club, Move, Subscription
from subscriptions.operations.clubs import set_club_status
from subscriptions.operations.moves import NotMovable, move_member
from subscriptions.operations.skips import skip_month
from subscriptions.operations.status import SubscriptionUnknown, change_status
from subscriptions.operations.subscribing import ClubNotActive
from tests.subscriptions.conftest import NOW
from tests.subscriptions.shops import MARCH

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture
def member(members: list[Subscription]) -> Subscription:
    """A member."""
    return members[0]


def moved(member: Subscription, club: Club, reason: str = "") -> Move:
    with scope(member.tenant_id):
        return move_member(reference=member.reference, club=club, reason=reason, by=None, now=LATER)


def status(member: Subscription) -> int | None:
    with scope(member.tenant_id):
        return Subscription.objects.get(pk=member.pk).status_at(LATER)


def test_move_ends_the_one_and_begins_the_other(member: Subscription, other_club: Club) -> None:
    move = moved(member, other_club, "Likes stout")

    assert (status(move.left), status(move.joined)) == (2, 1)
    with scope(member.tenant_id):
        details = member.changes.at(LATER).details
        assert move.joined.club == other_club
        assert move.joined.customer_store_id == member.customer_store_id
    assert details == f"Moved to club 2, subscription {move.joined.reference}: Likes stout"


def test_move_back_brings_the_old_membership_back(
    club: Club, member: Subscription, other_club: Club
) -> None:
    there = moved(member, other_club)

    back = moved(there.joined, club)

    assert back.joined == member
    assert (status(member), status(there.joined)) == (1, 2)


def test_pause_and_skips_go_along(member: Subscription, other_club: Club) -> None:
    back = NOW + timedelta(days=40)
    with scope(member.tenant_id):
        change_status(reference=member.reference, status=3, by=None, now=NOW, returns_at=back)
        skip_month(reference=member.reference, month=MARCH, by=None, now=NOW)

    move = moved(member, other_club)

    assert (status(move.joined), status(member)) == (3, 2)
    with scope(member.tenant_id):
        assert [row.effective_at for row in move.joined.changes.after(LATER)] == [back]
        assert [skip.month for skip in move.joined.skips.all()] == [MARCH]
        assert list(member.changes.after(LATER)) == []


def test_move_where_one_is_already_is_refused(
    club: Club, member: Subscription, other_club: Club, join: Callable[..., Subscription]
) -> None:
    join("ann", club_number=2)

    for target in (club, other_club):
        with pytest.raises(NotMovable, match="already"):
            moved(member, target)

    assert status(member) == 1


def test_move_of_who_left_is_refused(member: Subscription, other_club: Club) -> None:
    with scope(member.tenant_id):
        change_status(reference=member.reference, status=2, by=None, now=NOW)

    with pytest.raises(NotMovable, match="Reactivate"):
        moved(member, other_club)


def test_move_with_other_changes_scheduled_is_refused(
    member: Subscription, other_club: Club
) -> None:
    with scope(member.tenant_id):
        change_status(
            reference=member.reference, status=2, by=None, now=NOW,
            effective_at=NOW + timedelta(days=60),
        )  # fmt: skip

    with pytest.raises(NotMovable, match="scheduled"):
        moved(member, other_club)


@pytest.mark.parametrize("closed", [2, 3])
def test_move_to_a_club_that_takes_nobody_is_refused_whole(
    closed: int, member: Subscription, other_club: Club
) -> None:
    with scope(member.tenant_id):
        set_club_status(club=other_club, status=closed, now=NOW)

    with pytest.raises(ClubNotActive):
        moved(member, other_club)

    assert status(member) == 1
    with scope(member.tenant_id):
        assert Move.objects.count() == 0


def test_unknown_member_is_told(tenant: Tenant, other_club: Club) -> None:
    with scope(tenant.pk), pytest.raises(SubscriptionUnknown):
        move_member(reference="nobody", club=other_club, by=None, now=NOW)


def test_moves_at_once_are_one(member: Subscription, other_club: Club) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(6)

    def press() -> None:
        try:
            ready.wait(30)
            moved(member, other_club)
            outcomes.append("moved")
        except NotMovable:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["moved"] + ["refused"] * 5


def test_other_tenant_sees_no_move(
    member: Subscription, other_club: Club, other_tenant: Tenant
) -> None:
    moved(member, other_club)

    with scope(other_tenant.pk):
        assert Move.objects.count() == 0
