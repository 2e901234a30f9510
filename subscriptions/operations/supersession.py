"""Which scheduled changes a new command takes the place of: a rule without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.periods import local_date
from subscriptions.models import SubscriptionStatus, SubscriptionStatusChange

Rows = Sequence[SubscriptionStatusChange]


def superseded_by(
    rows: Rows, *, status: int, effective_at: datetime, zone: ZoneInfo, now: datetime
) -> list[SubscriptionStatusChange]:
    """Return the rows that a command for `status` at `effective_at` takes back.

    `rows` are those in force, oldest effect first. Taken back is what would take effect after the
    command and

    - falls on the same calendar day of the club: the later command is the day's last word;
    - is the automatic return from a pause that the command ends or replaces, so that nobody wakes
      who was cancelled or paused anew;
    - is a pause still to come, when the command cancels: with it goes its return.
    """
    day = local_date(effective_at, zone)
    taken: list[SubscriptionStatusChange] = []
    for row in (row for row in rows if row.effective_at > effective_at):
        is_same_day = local_date(row.effective_at, zone) == day
        if is_same_day or _ends_with(row, rows, taken, effective_at) or _moot(row, status, now):
            taken.append(row)
    return taken


def _ends_with(
    row: SubscriptionStatusChange, rows: Rows, taken: Rows, effective_at: datetime
) -> bool:
    """Return whether `row` is the return from a pause that is over or taken back."""
    if not row.is_automatic_return:
        return False
    pause = pause_before(row, rows)
    return pause is None or pause.effective_at <= effective_at or pause in taken


def _moot(row: SubscriptionStatusChange, status: int, now: datetime) -> bool:
    """Return whether `row` pauses later on what the command cancels."""
    cancels = status == SubscriptionStatus.CANCELLED
    return cancels and row.status == SubscriptionStatus.PAUSED and row.effective_at > now


def pause_before(row: SubscriptionStatusChange, rows: Rows) -> SubscriptionStatusChange | None:
    """Return the last pause that takes effect before `row`, or None."""
    earlier = [r for r in rows if r.effective_at < row.effective_at]
    pauses = [r for r in earlier if r.status == SubscriptionStatus.PAUSED]
    return pauses[-1] if pauses else None
