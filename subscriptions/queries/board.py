"""Joins, pauses, returns and cancellations by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from core.periods import start_of_day
from subscriptions.models import Club
from subscriptions.queries.eligible import STATUS
from subscriptions.queries.months import month_after

# Each change of the months is held against the row that was the status before it. A customer
# who comes back after a cancellation joins; who comes back from a pause returns.
_CHANGES = """
WITH change AS (
    SELECT h.status, date_trunc('month', h.effective_at AT TIME ZONE %(zone)s)::date AS month,
        (SELECT p.status FROM subscriptions_subscriptionstatuschange p
         WHERE p.subscription_id = h.subscription_id AND p.withdrawn_at IS NULL
           AND (p.effective_at, p.recorded_at, p.reference)
               < (h.effective_at, h.recorded_at, h.reference)
         ORDER BY p.effective_at DESC, p.recorded_at DESC, p.reference DESC LIMIT 1) AS before
    FROM subscriptions_subscriptionstatuschange h
    JOIN subscriptions_subscription s ON s.id = h.subscription_id
    WHERE h.withdrawn_at IS NULL AND h.effective_at >= %(since)s AND h.effective_at < %(until)s
      AND (%(club)s::uuid IS NULL OR s.club_id = %(club)s)
)
SELECT month,
    count(*) FILTER (WHERE status <> 2 AND coalesce(before, 2) = 2),
    count(*) FILTER (WHERE status = 3 AND before IS DISTINCT FROM 3),
    count(*) FILTER (WHERE status = 1 AND before = 3),
    count(*) FILTER (WHERE status = 2 AND before <> 2)
FROM change GROUP BY month
"""

# Members are those who have joined and not cancelled, paused ones included.
_MEMBERS = f"""
SELECT count(*) FROM subscriptions_subscription s
WHERE (%(club)s::uuid IS NULL OR s.club_id = %(club)s) AND ({STATUS}) <> 2
"""  # noqa: S608 - made of the text above


@dataclass(frozen=True, slots=True)
class BoardMonth:
    """What happened in a month; `members` are those at its beginning."""

    month: date
    members: int
    joins: int
    pauses: int
    returns: int
    cancellations: int

    @property
    def churn(self) -> float | None:
        """The part, in per cent, of the members at the beginning who cancelled; None of none."""
        return 100 * self.cancellations / self.members if self.members else None


def board(
    *, last: date, count: int, zone: str, club: Club | None, now: datetime
) -> list[BoardMonth]:
    """Return `count` months up to `last`, oldest first, each in `zone`; two queries.

    The last month is told as far as it has come.
    """
    first = month_after(last, 1 - count)
    until = min(start_of_day(month_after(last), ZoneInfo(zone)), now)
    values: dict[str, Any] = {
        "since": start_of_day(first, ZoneInfo(zone)),
        "until": until,
        "on": until,
        "zone": zone,
        "club": club.pk if club else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, values)
        [members] = cursor.fetchone()
        cursor.execute(_CHANGES, values)
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    return _backwards(first, count, members, found)


def _backwards(
    first: date, count: int, members: int, found: dict[date, tuple[int, ...]]
) -> list[BoardMonth]:
    """Reckon the members at the beginning of each month from those at the end."""
    months: list[BoardMonth] = []
    for index in range(count - 1, -1, -1):
        month = month_after(first, index)
        joins, pauses, returns, cancellations = found.get(month, (0, 0, 0, 0))
        members += cancellations - joins
        months.append(BoardMonth(month, members, joins, pauses, returns, cancellations))
    return months[::-1]
