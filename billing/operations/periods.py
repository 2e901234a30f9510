"""Periods of all organizations: made when a run needs them, closed when their time is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from billing.queries.calendar import Days, periods_through
from billing.queries.grace import grace
from billing.queries.usage_lock import hold_usage

# So many periods are closed while usage waits: some hundredths of a second.
CLOSED_AT_ONCE = 1000

_KNOWN = """
WITH known AS (
    SELECT o.id, o.tenant_id, o.anchor_day, o.time_zone,
        coalesce(max(p.ends_on), o.billing_starts_on) AS since
    FROM billing_organization o LEFT JOIN billing_billingperiod p ON p.organization_id = o.id
    GROUP BY o.id)
"""
_CALENDARS = f"""{_KNOWN}
SELECT DISTINCT anchor_day, time_zone, since FROM known WHERE since < %(until)s
"""  # noqa: S608 - ours

# Whatever is there already stays: two runs at once make the same periods.
_MAKE = f"""{_KNOWN}
INSERT INTO billing_billingperiod (tenant_id, organization_id, starts_on, ends_on, starts_at,
    ends_at, month, whole_days, state)
SELECT k.tenant_id, k.id, t.starts_on, t.ends_on, t.starts_at, t.ends_at, t.month, t.whole_days,
    'open'
FROM unnest(%(anchor_day)s::int[], %(time_zone)s::text[], %(since)s::date[],
        %(starts_on)s::date[], %(ends_on)s::date[], %(starts_at)s::timestamptz[],
        %(ends_at)s::timestamptz[], %(month)s::date[], %(whole_days)s::int[])
    AS t(anchor_day, time_zone, since, starts_on, ends_on, starts_at, ends_at, month, whole_days)
JOIN known k USING (anchor_day, time_zone, since)
ORDER BY k.id, t.starts_on
ON CONFLICT DO NOTHING
"""  # noqa: S608 - ours

_DUE = "state = 'open' AND month <= %(month)s AND ends_at <= %(ended_by)s"
_IS_DUE = f"SELECT EXISTS (SELECT FROM billing_billingperiod WHERE {_DUE})"  # noqa: S608 - ours
_CLOSE = f"""
WITH due AS (
    SELECT id FROM billing_billingperiod
    WHERE {_DUE}
    ORDER BY month, organization_id LIMIT %(limit)s FOR UPDATE),
closed AS (
    UPDATE billing_billingperiod p SET state = 'closed', closed_at = %(now)s
    FROM due WHERE p.id = due.id RETURNING p.organization_id, p.ends_on),
last AS (
    SELECT organization_id, max(ends_on) - 1 AS day FROM closed GROUP BY organization_id)
UPDATE billing_organization o SET closed_through = greatest(o.closed_through, last.day)
FROM last WHERE o.id = last.organization_id
"""  # noqa: S608 - ours


@dataclass(slots=True)
class _SharedCalendar:
    """What organizations of one anchor, zone and last period have in common."""

    anchor_day: int
    time_zone: str
    # The first day without a period: where billing starts, or an anchor day.
    billing_starts_on: date


def ensure_periods(*, month: date) -> None:
    """Make all periods whose last day lies in `month` or before. In scope; safe to repeat.

    Reckoned once for all organizations with the same anchor, zone and last period.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CALENDARS, {"until": _month_after(month)})
        calendars = [_SharedCalendar(*row) for row in cursor.fetchall()]
        rows = [(c, days) for c in calendars for days in periods_through(month, c, after=None)]
        if rows:
            cursor.execute(_MAKE, _columns(rows))


def close_periods(*, tenant_id: UUID, month: date, now: datetime) -> bool:
    """Close some periods that ended with `month` or before, whose time of grace is over. In scope.

    The transaction should end at once: usage waits meanwhile, and finds them closed. With nothing
    to close nobody waits. Returns whether any were closed. Safe to repeat; `closed_through` never
    goes back.
    """
    values: dict[str, Any] = {
        "month": month,
        "ended_by": now - grace(),
        "now": now,
        "limit": CLOSED_AT_ONCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_IS_DUE, values)
        if not cursor.fetchone()[0]:
            return False
        hold_usage(tenant_id)
        cursor.execute(_CLOSE, values)
        return bool(cursor.rowcount)


def _columns(rows: list[tuple[_SharedCalendar, Days]]) -> dict[str, Any]:
    zones = {calendar.time_zone: ZoneInfo(calendar.time_zone) for calendar, _ in rows}
    return {
        "anchor_day": [calendar.anchor_day for calendar, _ in rows],
        "time_zone": [calendar.time_zone for calendar, _ in rows],
        "since": [calendar.billing_starts_on for calendar, _ in rows],
        "starts_on": [days.starts_on for _, days in rows],
        "ends_on": [days.ends_on for _, days in rows],
        "starts_at": [days.starts_at(zones[calendar.time_zone]) for calendar, days in rows],
        "ends_at": [days.ends_at(zones[calendar.time_zone]) for calendar, days in rows],
        "month": [days.month for _, days in rows],
        "whole_days": [days.whole_days for _, days in rows],
    }


def _month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
