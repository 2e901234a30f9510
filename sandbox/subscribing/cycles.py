"""Billing periods of a subscription: from its anchor on, without drift.

Source: Stripe docs, "Set the subscription billing renewal date": an anchor on the 31st renews on
the last day of shorter months, and on the 31st again after them.
"""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from sandbox.books import Json

_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def boundary(anchor: int, recurring: Json, number: int, day: int | None = None) -> int:
    """Return the moment ``number`` periods from the anchor; ``day`` is the day of its months."""
    count = recurring["interval_count"] * number
    start = _moment(anchor)
    if recurring["interval"] in _DAYS:
        return int((start + timedelta(days=_DAYS[recurring["interval"]] * count)).timestamp())
    months = start.year * 12 + start.month - 1 + _MONTHS[recurring["interval"]] * count
    year, month = divmod(months, 12)
    wanted = min(day or start.day, monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=wanted).timestamp())


def next_boundary(anchor: int, recurring: Json, after: int, day: int | None = None) -> int:
    """Return the first moment of renewal behind ``after``."""
    seconds = 31 * 24 * 3600 if recurring["interval"] in _MONTHS else 24 * 3600
    length = seconds * recurring["interval_count"] * _MONTHS.get(recurring["interval"], 1)
    number = max(0, (after - anchor) // length - 1)
    while (found := boundary(anchor, recurring, number, day)) <= after:
        number += 1
    return found


def next_of_config(config: Json, after: int) -> int:
    """Return the next moment that a ``billing_cycle_anchor_config`` names."""
    start = _moment(after)
    clock = {
        name: start.__getattribute__(name) if config.get(name) is None else config[name]
        for name in ("hour", "minute", "second")
    }
    year, month = start.year, start.month
    while True:
        day = min(config["day_of_month"], monthrange(year, month)[1])
        found = datetime(year, month, day, **clock, tzinfo=UTC)
        if found.timestamp() > after and config.get("month") in (None, month):
            return int(found.timestamp())
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
