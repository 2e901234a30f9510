"""How long a period stays open for late usage after it has ended."""

from __future__ import annotations

from datetime import timedelta

from billing.models import BillingSettings

GRACE_HOURS = 24


def grace() -> timedelta:
    """Return the time after a period's end at which it may be closed. In scope."""
    hours = BillingSettings.objects.values_list("grace_hours", flat=True).first()
    return timedelta(hours=GRACE_HOURS if hours is None else hours)
