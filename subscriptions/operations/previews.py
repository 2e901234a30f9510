"""What a change would bring, before it is made; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from subscriptions.models import Subscription, SubscriptionStatus, SubscriptionStatusChange
from subscriptions.operations.supersession import superseded_by
from subscriptions.queries.next_charges import next_charge


@dataclass(frozen=True, slots=True)
class PausePreview:
    """The next charge as things are, and with the pause; `withdrawn` would be taken back."""

    now: date | None
    then: date | None
    withdrawn: list[SubscriptionStatusChange]


def preview_pause(
    *,
    subscription: Subscription,
    starts_at: datetime,
    returns_at: datetime | None,
    now: datetime,
) -> PausePreview:
    """Return when the member would be charged next with this pause. In scope."""
    order = ("effective_at", "recorded_at", "reference")
    rows = list(subscription.changes.in_force().order_by(*order))
    paused = SubscriptionStatus.PAUSED
    withdrawn = superseded_by(
        rows, status=paused, effective_at=starts_at, zone=subscription.club.zone, now=now
    )
    after = [row for row in rows if row not in withdrawn]
    after.append(_row(paused, starts_at, now))
    if returns_at is not None:
        after.append(_row(SubscriptionStatus.ACTIVE, returns_at, now))
    return PausePreview(
        now=next_charge(subscription, now, rows=rows),
        then=next_charge(subscription, now, rows=after),
        withdrawn=withdrawn,
    )


def _row(status: int, effective_at: datetime, now: datetime) -> SubscriptionStatusChange:
    return SubscriptionStatusChange(
        status=status, effective_at=effective_at, recorded_at=now, reference="~"
    )
