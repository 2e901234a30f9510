"""How long a period stays open for late usage after it has ended."""

from __future__ import annotations

from datetime import timedelta

GRACE_HOURS = 24


def grace() -> timedelta:
    """Return the time after a period's end at which it may be closed."""
    return timedelta(hours=GRACE_HOURS)
