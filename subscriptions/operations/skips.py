"""Leave a member out for a month, and take that back."""

from __future__ import annotations

from datetime import date, datetime

import structlog

from core.models import User
from subscriptions.models import ClubRunItem, Skip, Subscription
from subscriptions.operations.status import SubscriptionUnknown
from subscriptions.queries.months import holding_charge, month_after, month_at

log = structlog.get_logger(__name__)

MONTHS_AHEAD = 24


class MonthNotOpen(Exception):
    """The month cannot be skipped, or its skip not be taken back: too late, or too far ahead."""


def skip_month(
    *, reference: str, month: date, reason: str = "", by: User | None, now: datetime
) -> Skip:
    """Have club runs leave a member out in a month of the club's calendar. In scope.

    Repeating returns the skip that is there. Raises SubscriptionUnknown, and MonthNotOpen for a
    month that is over, too far ahead, charged or being charged.
    """
    subscription = lock_member(reference)
    _check_open(subscription, month, now)
    held = subscription.skips.filter(month=month, undone_at=None).first()
    if held is not None:
        return held
    log.info("month_skipped", subscription=reference, month=str(month))
    return Skip.objects.create(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        month=month,
        reason=reason[:500],
        made_by=by,
        made_at=now,
    )


def unskip_month(*, reference: str, month: date, by: User | None, now: datetime) -> Skip | None:
    """Take a skip back; None when there is none (any more). In scope.

    Raises SubscriptionUnknown, and MonthNotOpen for a month that is over.
    """
    subscription = lock_member(reference)
    if month < month_at(now, subscription.club):
        raise MonthNotOpen(f"{month:%B %Y} is over: what happened in it stays as it is.")
    held = subscription.skips.filter(month=month, undone_at=None).first()
    if held is None:
        return None
    held.undone_at, held.undone_by = now, by
    held.save(update_fields=["undone_at", "undone_by"])
    log.info("month_unskipped", subscription=reference, month=str(month))
    return held


def lock_member(reference: str) -> Subscription:
    """Return a subscription that nobody else changes or begins to charge in a run meanwhile."""
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("club__tenant")
    found = rows.filter(reference=reference).first()
    if found is None:
        raise SubscriptionUnknown(reference)
    return found


def _check_open(subscription: Subscription, month: date, now: datetime) -> None:
    current = month_at(now, subscription.club)
    if month.day != 1 or month < current:
        raise MonthNotOpen(f"{month:%B %Y} is over and cannot be skipped any more.")
    if month > month_after(current, MONTHS_AHEAD):
        raise MonthNotOpen(f"Months can be skipped up to {MONTHS_AHEAD} ahead.")
    charge = holding_charge(subscription, month)
    if charge is not None:
        said = "charged already" if charge.state == charge.State.CHARGED else "being charged"
        raise MonthNotOpen(f"{month:%B %Y} is {said}, so that it cannot be skipped.")
    under_way = ClubRunItem.objects.filter(
        subscription=subscription, run__month=month, state=ClubRunItem.State.CHARGING
    )
    if under_way.exists():
        raise MonthNotOpen(f"{month:%B %Y} is being charged this moment: it cannot be skipped.")
