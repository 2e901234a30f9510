"""Buckets compared with their events, and mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing.operations.usage.buckets import recount
from billing.operations.usage.storing import recheck_periods
from billing.queries.usage import COUNTS, TOTALS
from billing.queries.usage_lock import hold_usage
from core.tenancy import scope

# Grouped before it is joined: one pass over the events, whatever their number.
_DIFFERENCES = f"""
SELECT b.id, o.code, m.code, b.day, b.dimensions::text, b.organization_id,
       b.quantity, b.events, b.last_at,
       coalesce(r.quantity, 0), coalesce(r.events, 0), r.last_at
FROM billing_usagebucket b
JOIN billing_organization o ON o.id = b.organization_id
JOIN billing_meter m ON m.id = b.meter_id
LEFT JOIN (
    SELECT b.id, {TOTALS}
    FROM billing_usagebucket b JOIN billing_meter m ON m.id = b.meter_id
    JOIN billing_usageevent e ON e.bucket_id = b.id
    WHERE {COUNTS} AND {{chosen}} GROUP BY b.id, m.aggregation
) r ON r.id = b.id
WHERE {{chosen}} AND (b.quantity, b.events) IS DISTINCT FROM
      (coalesce(r.quantity, 0), coalesce(r.events, 0))
   OR {{chosen}} AND b.last_at IS DISTINCT FROM r.last_at
ORDER BY o.code, b.day, m.code, b.id
"""  # noqa: S608 - made of constants
_LOST = """
SELECT e.idempotency_key FROM billing_usageevent e
WHERE NOT EXISTS (SELECT FROM billing_usagebucket b WHERE b.id = e.bucket_id) LIMIT 20
"""
_CHOSEN = """
(%(organization)s::uuid IS NULL OR b.organization_id = %(organization)s)
AND (%(since)s::date IS NULL OR b.day >= %(since)s)
AND (%(until)s::date IS NULL OR b.day <= %(until)s)
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A bucket that does not say what its events come to."""

    bucket_id: int
    organization: str
    meter: str
    day: date
    dimensions: str
    organization_id: UUID
    kept: tuple[Decimal, int, datetime | None]
    right: tuple[Decimal, int, datetime | None]


def differences(
    *,
    tenant_id: UUID,
    organization_id: UUID | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[Difference]:
    """Return the buckets that differ from their events; one statement, so it may run any time."""
    values = {"organization": organization_id, "since": since, "until": until}
    with scope(tenant_id):
        return list(_differences(values))


def _differences(values: dict[str, Any]) -> Iterator[Difference]:
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES.format(chosen=_CHOSEN), values)
        for row in cursor.fetchall():
            bucket_id, organization, meter, day, dimensions, organization_id, *numbers = row
            yield Difference(
                bucket_id=bucket_id,
                organization=organization,
                meter=meter,
                day=day,
                dimensions=dimensions,
                organization_id=organization_id,
                kept=(numbers[0], numbers[1], numbers[2]),
                right=(numbers[3], numbers[4], numbers[5]),
            )


def lost_events(*, tenant_id: UUID) -> list[str]:
    """Return keys, 20 at most, of events whose bucket is not there."""
    with scope(tenant_id), connection.cursor() as cursor:
        cursor.execute(_LOST)
        return [key for (key,) in cursor.fetchall()]


def mend_buckets(*, tenant_id: UUID, found: list[Difference], now: datetime) -> int:
    """Work these buckets out anew with the tenant's usage to itself; returns how many.

    Closed periods that hold their days are looked at again. Repeating is safe.
    """
    with scope(tenant_id):
        hold_usage(tenant_id)
        recount(one.bucket_id for one in found)
        recheck_periods(((one.organization_id, one.day) for one in found), now)
    return len(found)
