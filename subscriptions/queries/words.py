"""The words for statuses that answers, pages and commands share."""

from __future__ import annotations

from subscriptions.models import ClubStatus, SubscriptionStatus

_CLUB = {
    ClubStatus.ACTIVE: "active",
    ClubStatus.CLOSED: "closed",
    ClubStatus.INACTIVE: "inactive",
    None: "not open yet (it has no status)",
}
_SUBSCRIPTION = {
    SubscriptionStatus.ACTIVE: "active",
    SubscriptionStatus.CANCELLED: "cancelled",
    SubscriptionStatus.PAUSED: "paused",
    None: "without a status",
}


def club_status_word(status: int | None) -> str:
    """Return what people call a club's status."""
    return _CLUB.get(status, f"in status {status}")


def status_word(status: int | None) -> str:
    """Return what people call a subscription's status."""
    return _SUBSCRIPTION.get(status, f"in status {status}")
