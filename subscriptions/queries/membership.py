"""One membership at a moment, and why it is what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from subscriptions.models import ClubStatus, Subscription, SubscriptionStatus
from subscriptions.models.subscription import SubscriptionStatusChange
from subscriptions.queries.words import club_status_word, status_word


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A subscription as it is at a moment: what its status rests on, and what comes next."""

    subscription: Subscription
    status: int | None
    row: SubscriptionStatusChange | None
    next_change: SubscriptionStatusChange | None
    club_status: int | None

    @property
    def is_eligible(self) -> bool:
        """Whether it is on the list of those to be charged."""
        return self.status == SubscriptionStatus.ACTIVE and self.club_status in ClubStatus.SERVING


def membership_at(subscription: Subscription, moment: datetime) -> Membership:
    """Return what a subscription is at `moment`; three queries."""
    row = subscription.changes.at(moment)
    held = subscription.club.changes.at(moment)
    return Membership(
        subscription=subscription,
        status=row.status if row else None,
        row=row,
        next_change=subscription.changes.after(moment).first(),
        club_status=held.status if held else None,
    )


def explain(subscription: Subscription, moment: datetime) -> Iterator[str]:
    """Yield, in words, the history of a subscription, what it is at `moment`, and why."""
    zone = subscription.club.zone
    found = membership_at(subscription, moment)
    yield f"Subscription {subscription.reference}"
    club = subscription.club
    yield f"Customer {subscription.customer_store_id} in club {club.number} ({club.name})"
    yield f"Subscribed {_when(subscription.subscribed_at, zone)}"
    yield ""
    yield "History, in the order in which it takes effect:"
    yield from _history(subscription, found, zone)
    yield ""
    yield from _conclusion(found, moment, zone)


def _history(subscription: Subscription, found: Membership, zone: ZoneInfo) -> Iterator[str]:
    rows = list(subscription.changes.order_by("effective_at", "recorded_at", "reference"))
    for row in rows:
        mark = "->" if found.row is not None and row.pk == found.row.pk else "  "
        note = f" · {row.details}" if row.details else ""
        taken = f" · withdrawn {_when(row.withdrawn_at, zone)}" if row.withdrawn_at else ""
        recorded = _when(row.recorded_at, zone)
        yield (
            f"{mark} {_when(row.effective_at, zone)}  {status_word(row.status)}"
            f"  (recorded {recorded}){note}{taken}"
        )
    if not rows:
        yield "   none: a subscription without a row has no status and is never charged"


def _conclusion(found: Membership, moment: datetime, zone: ZoneInfo) -> Iterator[str]:
    club = found.subscription.club
    when = _when(moment, zone)
    if found.row is None:
        yield f"At {when} it has no status: no row has taken effect."
    else:
        yield (
            f"At {when} it is {status_word(found.status)}: of the rows that have taken effect, "
            f"the one marked -> took effect last"
        )
        yield "(of two with the same effect the one recorded later counts)."
    if found.next_change is not None:
        upcoming = found.next_change
        yield f"Next: {status_word(upcoming.status)} from {_when(upcoming.effective_at, zone)} on."
    yield f"Its club is {club_status_word(found.club_status)}."
    verdict = "is" if found.is_eligible else "is not"
    yield f"So it {verdict} on the list of those to be charged:"
    yield "those are active, in a club that is active or closed."
    yield f"Times are those of the club ({club.zone.key})."


def _when(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else "-"
