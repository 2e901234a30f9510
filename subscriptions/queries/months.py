"""Months of a club, and what has become of a member's."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime

from core.periods import local_date
from subscriptions.models import Charge, Club, Skip, Subscription

_LATEST_YEAR = 2199


def month_at(moment: datetime, club: Club) -> date:
    """Return the first day of the month that holds `moment` in the club's zone."""
    return local_date(moment, club.zone).replace(day=1)


def month_after(month: date, count: int = 1) -> date:
    """Return the first day of the month `count` months later (or earlier)."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def run_date(month: date, club: Club) -> date:
    """Return the day of a month on which the club charges; the last one in shorter months."""
    return month.replace(day=min(club.run_day, monthrange(month.year, month.month)[1]))


def read_month(text: str) -> date:
    """Return the month that a text such as `2026-03` names. Raises ValueError."""
    year, _, month = text.partition("-")
    is_month = text.isascii() and len(text) == 7 and year.isdigit() and month.isdigit()
    if not is_month or not 1900 <= int(year) <= _LATEST_YEAR or not 1 <= int(month) <= 12:
        raise ValueError("Give a month such as 2026-03.")
    return date(int(year), int(month), 1)


def holding_charge(subscription: Subscription, month: date) -> Charge | None:
    """Return the charge that holds a member's month, made or still without an answer."""
    rows = subscription.charges.filter(month=month, state__in=Charge.HOLDING)
    return rows.first()


def standing_skips(subscription: Subscription, since: date) -> list[Skip]:
    """Return the skips from a month on that were not taken back, soonest first."""
    return list(subscription.skips.filter(undone_at=None, month__gte=since).order_by("month"))
