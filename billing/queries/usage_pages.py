"""Pages of an organization's events, newest first, also among very many.

A day of an organization never holds a moment before one of an earlier day, so pages walk the days
by the buckets' index and read, in each bucket of a day, only as many events as the page has room
for. That costs the same on the last page as on the first. Where both ends of the days are given,
one statement finds the days by what their buckets count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

COLUMNS = (
    "idempotency_key", "kind", "organization_code", "meter_code", "day", "time", "quantity",
    "dimensions", "unique_by", "value", "corrects", "reason", "received_at", "corrected_by",
    "organization_id", "meter_id",
)  # fmt: skip
_COLUMNS = """
e.idempotency_key, e.kind, o.code, m.code, b.day, e.time, e.quantity,
b.dimensions, m.unique_by, e.value, e.corrects, e.reason, e.received_at,
(SELECT c.idempotency_key FROM billing_usageevent c
 WHERE c.tenant_id = e.tenant_id AND c.corrects = e.idempotency_key),
b.organization_id, b.meter_id
"""
_JOINS = """
JOIN billing_organization o ON o.id = b.organization_id JOIN billing_meter m ON m.id = b.meter_id
"""
_IS_CORRECTED = """EXISTS (SELECT FROM billing_usageevent c
    WHERE c.tenant_id = e.tenant_id AND c.corrects = e.idempotency_key)"""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: of an organization, in days inclusive; `is_corrected` None means all.

    `app` is the value of that dimension; empty means all.
    """

    organization_id: UUID
    meter_id: UUID | None = None
    since: date | None = None
    until: date | None = None
    is_corrected: bool | None = None
    app: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page starts: beyond this event, whose day is that of its organization."""

    time: datetime
    key: str
    day: date


def events_page(
    wanted: EventFilter, *, beyond: Place | None, limit: int, is_backwards: bool = False
) -> list[dict[str, Any]]:
    """Return `limit` events older than a place (newer with `is_backwards`), newest first."""
    if wanted.is_corrected:
        rows = _corrected(wanted, beyond, limit, is_backwards)
    elif wanted.since is not None and wanted.until is not None:
        rows = _spanned(wanted, beyond, limit, is_backwards)
    else:
        rows = _walked(wanted, beyond, limit, is_backwards)
    found = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    return found[::-1] if is_backwards else found


def _walked(
    wanted: EventFilter, beyond: Place | None, limit: int, is_backwards: bool
) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    if beyond is not None:
        edge = beyond.day
        wanted = replace(wanted, since=edge) if is_backwards else replace(wanted, until=edge)
    day = _next_day(wanted, None, is_backwards)
    while day is not None and len(rows) < limit:
        rows += _of_day(wanted, day, beyond, limit - len(rows), is_backwards)
        day = _next_day(wanted, day, is_backwards)
    return rows


def _spanned(
    wanted: EventFilter, beyond: Place | None, limit: int, is_backwards: bool
) -> list[tuple[Any, ...]]:
    """Read the first days that hold enough; of the day of `beyond` nobody knows how much is left.

    A bucket counts no more events than it has, so that the days found are never too few.
    """
    edge = None if beyond is None else beyond.day
    if edge is not None:
        wanted = replace(wanted, since=edge) if is_backwards else replace(wanted, until=edge)
    conditions, values = _conditions(wanted)
    events, inner = _beyond(beyond, is_backwards)
    if wanted.is_corrected is not None:
        events += f" AND NOT {_IS_CORRECTED}"
    order = _order(is_backwards)
    days = f"""
        SELECT day FROM (
            SELECT b.day, sum(coalesce(sum(b.events) FILTER (WHERE b.day IS DISTINCT FROM %s), 0))
                OVER (ORDER BY b.day {"ASC" if is_backwards else "DESC"}
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM billing_usagebucket b WHERE {conditions} GROUP BY b.day) AS held
        WHERE coalesce(before, 0) < %s"""  # noqa: S608 - made of constants
    return _read(
        f"SELECT {_COLUMNS} FROM billing_usagebucket b {_JOINS}"  # noqa: S608 - made of constants
        f" CROSS JOIN LATERAL (SELECT e.* FROM billing_usageevent e WHERE e.bucket_id = b.id"
        f" {events} ORDER BY {order} LIMIT %s) e"
        f" WHERE {conditions} AND b.day IN ({days}) ORDER BY {order} LIMIT %s",
        [*inner, limit, *values, edge, *values, limit, limit],
    )


def _conditions(wanted: EventFilter) -> tuple[str, list[Any]]:
    conditions = ["b.organization_id = %s"]
    values: list[Any] = [wanted.organization_id]
    for words, value in (
        ("b.meter_id = %s", wanted.meter_id),
        ("b.day >= %s", wanted.since),
        ("b.day <= %s", wanted.until),
        ("b.dimensions ->> 'app' = %s", wanted.app or None),
    ):
        if value is not None:
            conditions.append(words)
            values.append(value)
    return " AND ".join(conditions), values


def _next_day(wanted: EventFilter, after: date | None, is_backwards: bool) -> date | None:
    conditions, values = _conditions(wanted)
    if after is not None:
        conditions += " AND b.day > %s" if is_backwards else " AND b.day < %s"
        values.append(after)
    order = "ASC" if is_backwards else "DESC"
    found = _read(
        f"SELECT b.day FROM billing_usagebucket b WHERE {conditions}"  # noqa: S608
        f" ORDER BY b.organization_id {order}, b.day {order} LIMIT 1",
        values,
    )
    return found[0][0] if found else None


def _of_day(
    wanted: EventFilter, day: date, beyond: Place | None, limit: int, is_backwards: bool
) -> list[tuple[Any, ...]]:
    conditions, values = _conditions(replace(wanted, since=day, until=day))
    events, inner = _beyond(beyond, is_backwards)
    if wanted.is_corrected is not None:
        events += f" AND NOT {_IS_CORRECTED}"
    order = _order(is_backwards)
    return _read(
        f"SELECT {_COLUMNS} FROM billing_usagebucket b {_JOINS}"  # noqa: S608 - made of constants
        f" CROSS JOIN LATERAL (SELECT e.* FROM billing_usageevent e WHERE e.bucket_id = b.id"
        f" {events} ORDER BY {order} LIMIT %s) e WHERE {conditions} ORDER BY {order} LIMIT %s",
        [*inner, limit, *values, limit],
    )


def _corrected(
    wanted: EventFilter, beyond: Place | None, limit: int, is_backwards: bool
) -> list[tuple[Any, ...]]:
    """Return corrected events: found by what corrects them, since these are few."""
    conditions, values = _conditions(wanted)
    events, inner = _beyond(beyond, is_backwards)
    return _read(
        f"SELECT {_COLUMNS} FROM billing_usageevent e"  # noqa: S608 - made of constants
        f" JOIN billing_usagebucket b ON b.id = e.bucket_id {_JOINS}"
        " WHERE e.idempotency_key IN (SELECT c.corrects FROM billing_usageevent c"
        f" WHERE c.corrects IS NOT NULL) AND {conditions} {events}"
        f" ORDER BY {_order(is_backwards)} LIMIT %s",
        [*values, *inner, limit],
    )


def _beyond(place: Place | None, is_backwards: bool) -> tuple[str, list[Any]]:
    if place is None:
        return "", []
    sign = ">" if is_backwards else "<"
    words = f'AND e.time {sign}= %s AND (e.time, e.idempotency_key COLLATE "C") {sign} (%s, %s)'
    return words, [place.time, place.time, place.key]


def _order(is_backwards: bool) -> str:
    order = "ASC" if is_backwards else "DESC"
    return f'e.time {order}, e.idempotency_key COLLATE "C" {order}'


def event_chain(key: str) -> list[dict[str, Any]]:
    """Return the event of a key with all that it corrects and that corrects it, oldest first.

    Nothing where there is no such event.
    """
    rows = _read(
        f"""WITH RECURSIVE back AS (
            SELECT e.tenant_id, e.idempotency_key, e.corrects, 0 AS place
            FROM billing_usageevent e WHERE e.idempotency_key = %s
            UNION ALL
            SELECT e.tenant_id, e.idempotency_key, e.corrects, back.place - 1 FROM back
            JOIN billing_usageevent e
                ON e.tenant_id = back.tenant_id AND e.idempotency_key = back.corrects
        ), forth AS (
            SELECT tenant_id, idempotency_key, place FROM back
            WHERE place = 0
            UNION ALL
            SELECT e.tenant_id, e.idempotency_key, forth.place + 1 FROM forth
            JOIN billing_usageevent e
                ON e.tenant_id = forth.tenant_id AND e.corrects = forth.idempotency_key
        ), chain AS (
            SELECT idempotency_key, place FROM back WHERE place < 0
            UNION ALL SELECT idempotency_key, place FROM forth
        )
        SELECT {_COLUMNS} FROM chain
        JOIN billing_usageevent e ON e.idempotency_key = chain.idempotency_key
        JOIN billing_usagebucket b ON b.id = e.bucket_id {_JOINS} ORDER BY chain.place
        """,  # noqa: S608 - made of constants
        [key],
    )
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def _read(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
