"""Move a member to another club: the one subscription ends, the other begins or comes back."""

from __future__ import annotations

from datetime import datetime

import structlog

from core.models import User
from subscriptions.models import (
    Club,
    ClubStatus,
    Move,
    Skip,
    Subscription,
    SubscriptionStatus,
    SubscriptionStatusChange,
)
from subscriptions.operations.skips import lock_member
from subscriptions.operations.status import change_status
from subscriptions.operations.subscribing import AlreadySubscribed, ClubNotActive, subscribe
from subscriptions.queries.months import month_at, standing_skips

log = structlog.get_logger(__name__)

ACTIVE, CANCELLED, PAUSED = (
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.CANCELLED,
    SubscriptionStatus.PAUSED,
)


class NotMovable(Exception):
    """The member cannot be moved: nothing was changed."""


def move_member(
    *, reference: str, club: Club, reason: str = "", by: User | None, now: datetime
) -> Move:
    """Move a member to an active club, all or nothing. In scope.

    The old subscription is cancelled with details that name the new one, which is made or, if the
    customer was there before, brought back. A pause with its return and the skipped months go
    along. To take it back, move the member back. Raises SubscriptionUnknown, ClubNotActive, and
    NotMovable for who left already, is there already, or has other changes scheduled.
    """
    _lock_all_of_customer(reference)
    left = lock_member(reference)
    returns = _check_movable(left, club, now)
    status = left.status_at(now)
    joined = _join(left, club, by, now)
    if status == PAUSED:
        _pause_too(joined, returns, by, now)
    _leave(left, joined, reason, by, now)
    _take_skips_along(left, joined, by, now)
    log.info("member_moved", left=left.reference, joined=joined.reference)
    return Move.objects.create(
        tenant_id=left.tenant_id,
        left=left,
        joined=joined,
        reason=reason[:500],
        moved_by=by,
        moved_at=now,
    )


def _lock_all_of_customer(reference: str) -> None:
    """Lock the customer's subscriptions in one order, so that opposite moves do not cross."""
    customers = Subscription.objects.filter(reference=reference).values("customer_store_id")
    rows = Subscription.objects.select_for_update().filter(customer_store_id__in=customers)
    list(rows.order_by("id").values_list("id"))


def _check_movable(
    left: Subscription, club: Club, now: datetime
) -> SubscriptionStatusChange | None:
    """Return the scheduled return from a pause, the one change that can go along."""
    if club.pk == left.club_id:
        raise NotMovable(f"The member is in {club.name} already.")
    if left.status_at(now) not in (ACTIVE, PAUSED):
        raise NotMovable("Only active and paused members move. Reactivate this one first.")
    scheduled = list(left.changes.after(now))
    returns = [row for row in scheduled if row.is_automatic_return]
    if len(returns) != len(scheduled) or len(returns) > 1:
        raise NotMovable(
            "Changes are scheduled for this member, which cannot go along. Give a new command "
            "in their place first."
        )
    return returns[0] if returns else None


def _join(left: Subscription, club: Club, by: User | None, now: datetime) -> Subscription:
    held = club.changes.at(now)
    if held is None or held.status != ClubStatus.ACTIVE:
        raise ClubNotActive(club, held.status if held else None)
    customer = left.customer_store_id
    try:
        return subscribe(club_number=club.number, customer_store_id=customer, by=by, now=now)
    except AlreadySubscribed as known:
        if known.status != CANCELLED:
            raise NotMovable(f"The customer is a member of {club.name} already.") from known
        details = f"Moved back from club {left.club.number}, subscription {left.reference}"
        change_status(
            reference=known.subscription.reference, status=ACTIVE, details=details, by=by, now=now
        )
        return known.subscription


def _pause_too(
    joined: Subscription,
    returns: SubscriptionStatusChange | None,
    by: User | None,
    now: datetime,
) -> None:
    change_status(
        reference=joined.reference,
        status=PAUSED,
        details="Paused before the move",
        returns_at=returns.effective_at if returns else None,
        by=by,
        now=now,
    )


def _leave(
    left: Subscription, joined: Subscription, reason: str, by: User | None, now: datetime
) -> None:
    told = f"Moved to club {joined.club.number}, subscription {joined.reference}"
    details = f"{told}: {reason}" if reason else told
    change_status(reference=left.reference, status=CANCELLED, details=details, by=by, now=now)


def _take_skips_along(
    left: Subscription, joined: Subscription, by: User | None, now: datetime
) -> None:
    there = {skip.month for skip in standing_skips(joined, month_at(now, joined.club))}
    for skip in standing_skips(left, month_at(now, left.club)):
        if skip.month not in there:
            Skip.objects.create(
                tenant_id=joined.tenant_id,
                subscription=joined,
                month=skip.month,
                reason=skip.reason,
                made_by=by,
                made_at=now,
            )
