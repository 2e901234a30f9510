"""A month of usage events read in a stable order, for files and for other databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

from django.db import connection

COLUMNS = (
    "idempotency_key", "organization", "meter", "day", "time", "received_at", "quantity",
    "dimensions", "value", "kind", "corrects", "reason",
)  # fmt: skip

# By key: it is unique in a company, so that one file continues exactly where another ended.
_PAGE = """
SELECT e.idempotency_key, o.code, m.code, b.day, e.time, e.received_at, e.quantity, b.dimensions,
    e.value, e.kind, e.corrects, e.reason
FROM billing_usagebucket b
JOIN billing_usageevent e ON e.bucket_id = b.id
JOIN billing_organization o ON o.id = b.organization_id
JOIN billing_meter m ON m.id = b.meter_id
WHERE b.day = %(day)s AND e.idempotency_key COLLATE "C" > %(after)s
ORDER BY e.idempotency_key COLLATE "C" LIMIT %(limit)s
"""

Row = tuple[str, ...]


def days_of_month(month: date) -> Iterator[date]:
    """Yield the days of a month."""
    for number in range(1, 32):
        try:
            yield month.replace(day=number)
        except ValueError:
            return


def events_of_day(day: date, *, after: str, limit: int) -> list[Row]:
    """Return the next events of a day, after a key, as texts; voids and corrections too. In scope.

    The day is that of each organization's own zone.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, {"day": day, "after": after, "limit": limit})
        return [_texts(row) for row in cursor.fetchall()]


def _texts(row: tuple[object, ...]) -> Row:
    return tuple(_text(value) for value in row)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)
