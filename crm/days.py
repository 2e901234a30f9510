"""When a task that is put off comes up again: days of the company's calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.periods import today


def tomorrow(now: datetime, zone: ZoneInfo) -> date:
    """Return the day after today."""
    return today(now, zone) + timedelta(days=1)


def next_monday(now: datetime, zone: ZoneInfo) -> date:
    """Return the Monday of the week after this one."""
    here = today(now, zone)
    return here + timedelta(days=7 - here.weekday())


def same_time_on(day: date, due_at: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment on `day` at which clocks show what they showed at `due_at`.

    A time that clocks jump over on that day is read with the offset before the jump, which lies
    just after it; of a time that they show twice the first is meant.
    """
    wall = due_at.astimezone(zone).time()
    return datetime.combine(day, wall.replace(fold=0), tzinfo=zone).astimezone(UTC)
