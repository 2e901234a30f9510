"""Count in windows, in the database: exact for all processes, whatever becomes of Redis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import connection

from core.tenancy import current
from payments.models import FraudCount

# In the order of their marks, so that two that count the same never wait for each other.
_COUNT = """
INSERT INTO payments_fraudcount (tenant_id, mark, ends_at, count)
SELECT %s, one.mark, one.ends_at, one.more
FROM unnest(%s::text[], %s::timestamptz[], %s::bigint[]) AS one(mark, ends_at, more)
ORDER BY one.mark
ON CONFLICT ON CONSTRAINT fraud_count_once
DO UPDATE SET count = payments_fraudcount.count + excluded.count
RETURNING mark, count
"""
KEPT_AFTER_END = timedelta(hours=1)


def count_up(marks: Mapping[str, datetime]) -> dict[str, int]:
    """Count each mark once more in its window (named by its end); returns the new counts.

    In scope; one statement. Not safe to repeat: each call counts.
    """
    if not marks:
        return {}
    ends = list(marks.values())
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [current().tenant_id, list(marks), ends, [1] * len(marks)])
        return {mark: int(count) for mark, count in cursor.fetchall()}


def counts_of(marks: Mapping[str, datetime]) -> dict[str, int]:
    """Return what the marks' windows have counted, without counting. In scope."""
    if not marks:
        return {}
    rows = FraudCount.objects.filter(mark__in=list(marks), ends_at__in=set(marks.values()))
    return {
        mark: count
        for mark, ends_at, count in rows.values_list("mark", "ends_at", "count")
        if marks[mark] == ends_at
    }


def is_first(mark: str, *, ends_at: datetime) -> bool:
    """Return whether this is the first time that a mark is seen, in a window that ends then."""
    return count_up({mark: ends_at})[mark] == 1


def moment_of(seconds: int) -> datetime:
    """Return the end of a window as a moment."""
    return datetime.fromtimestamp(seconds, UTC)


def forget_counts(*, now: datetime) -> int:
    """Delete the windows that are over; returns how many. In scope; safe to repeat."""
    deleted, _ = FraudCount.objects.filter(ends_at__lt=now - KEPT_AFTER_END).delete()
    return deleted
