"""Events written and read back, many in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing.operations.usage.columns import Columns
from billing.operations.usage.places import Placed, pairs_of
from billing.queries.usage_lock import sums_lock_key
from core.prepared import fetch_prepared

# No text that is stored holds a control character, so one parts them on the way.
_BETWEEN, _NOTHING = "\x1f", "\x1e"
# In the order of keys: writers of the same events then wait for each other and never in a circle.
_INSERT = r"""
WITH inserted AS (
    INSERT INTO billing_usageevent
        (tenant_id, bucket_id, time, received_at, idempotency_key, quantity,
         kind, value, corrects, reason)
    SELECT %s, r.bucket_id, r.time, %s, r.key, r.quantity,
           coalesce(r.kind, 'usage'), r.value, r.corrects, r.reason
    FROM unnest(
        string_to_array(%s, E'\x1f')::bigint[],
        string_to_array(%s, E'\x1f')::timestamptz[],
        string_to_array(%s, E'\x1f'),
        string_to_array(%s, E'\x1f')::numeric[],
        string_to_array(%s, E'\x1f'),
        string_to_array(%s, E'\x1f', E'\x1e'),
        string_to_array(%s, E'\x1f', E'\x1e'),
        string_to_array(%s, E'\x1f', E'\x1e')
    ) AS r (bucket_id, time, key, quantity, kind, value, corrects, reason)
    ON CONFLICT DO NOTHING
    RETURNING idempotency_key
)
SELECT count(*), CASE WHEN count(*) < %s THEN array_agg(idempotency_key) END FROM inserted
"""
_STORE = r"""
SELECT known, is_raced, is_lost FROM billing_store_usage(
    %(tenant)s, %(now)s, %(buckets)s, %(times)s, string_to_array(%(keys)s, E'\x1f'), %(quantities)s,
    %(lock)s, %(stripes)s)
"""
_STORED = """
SELECT e.idempotency_key, e.kind, e.corrects, e.time, e.quantity, e.value, e.bucket_id,
       b.organization_id, b.meter_id, b.day, b.dimensions,
       (SELECT c.idempotency_key FROM billing_usageevent c
        WHERE c.tenant_id = e.tenant_id AND c.corrects = e.idempotency_key)
FROM billing_usageevent e JOIN billing_usagebucket b ON b.id = e.bucket_id
WHERE e.idempotency_key = ANY(%s)
"""
# Locked in one order, like all that several writers want.
_RECHECK = """
WITH late AS (
    SELECT p.id FROM billing_billingperiod p
    WHERE p.state <> 'open' AND EXISTS (
        SELECT FROM unnest(%s::uuid[], %s::date[]) d (organization_id, day)
        WHERE d.organization_id = p.organization_id
          AND d.day >= p.starts_on AND d.day < p.ends_on)
      AND p.organization_id = ANY(%s)
    ORDER BY p.id FOR NO KEY UPDATE
)
UPDATE billing_billingperiod p SET recheck_at = %s FROM late WHERE p.id = late.id
"""


class BucketsLost(Exception):
    """Remembered buckets are not in the database, as after a backup was put back."""


@dataclass(slots=True)
class Stored:
    """An event that came in before, or earlier in this batch."""

    key: str
    kind: str
    corrects: str | None
    time: datetime
    quantity: Decimal
    value: str | None
    bucket_id: int | None
    organization_id: UUID
    meter_id: UUID
    day: date
    dimensions: tuple[tuple[str, str], ...]
    corrected_by: str | None = None


def insert_events(
    tenant_id: UUID, rows: Sequence[tuple[int, Placed]], now: datetime
) -> set[str] | None:
    """Store events, in the order given; returns the keys that were new, None where all were."""
    sent = [one.sent for _, one in rows]
    corrections = any(one.kind != "usage" for one in sent)
    columns = (
        _BETWEEN.join([str(bucket_id) for bucket_id, _ in rows]),
        _BETWEEN.join([one.time.isoformat() for _, one in rows]),
        _BETWEEN.join([one.key for one in sent]),
        _BETWEEN.join([str(one.quantity) for _, one in rows]),
        _BETWEEN.join([one.kind for one in sent]) if corrections else None,
        _optional([one.value for _, one in rows]),
        _optional([one.corrects for one in sent]),
        _optional([one.reason for one in sent]),
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [tenant_id, now, *columns, len(rows)])
        count, keys = cursor.fetchone()
    return None if count == len(rows) else set(keys or ())


def store_columns(
    tenant_id: UUID, batch: Columns, ids: Sequence[int], stripes: Sequence[int], now: datetime
) -> set[str] | None:
    """Store the new events of a batch and count them in their buckets, in one call.

    `stripes` are the locks around the sums of its organizations.
    Returns the keys that were there before; None, with nothing done, where another writer stored
    one meanwhile. Raises BucketsLost.
    """
    quantities = batch.quantities
    if "" in quantities:
        quantities = [text or "1" for text in quantities]
    rows = sorted(zip(batch.keys, ids, batch.times, quantities, strict=True))
    keys, buckets, times, amounts = zip(*rows, strict=True)
    ((known, is_raced, is_lost),) = fetch_prepared(
        _STORE,
        {
            "tenant": tenant_id,
            "now": now,
            "buckets": "{" + ",".join(map(str, buckets)) + "}",
            "times": "{" + ",".join(times) + "}",
            "keys": _BETWEEN.join(keys),
            "quantities": "{" + ",".join(amounts) + "}",
            "lock": sums_lock_key(tenant_id),
            "stripes": list(stripes),
        },
    )
    if is_lost:
        raise BucketsLost
    return None if is_raced else set(known or ())


def _optional(texts: list[str | None]) -> str | None:
    if not any(texts):
        return None
    return _BETWEEN.join([_NOTHING if text is None else text for text in texts])


def stored_events(keys: Iterable[str]) -> dict[str, Stored]:
    """Return the stored events of these keys."""
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [sorted(set(keys))])
        rows = cursor.fetchall()
    return {row[0]: _stored(row) for row in rows}


def _stored(row: tuple[Any, ...]) -> Stored:
    names = [one.name for one in fields(Stored)]
    return Stored(**{**dict(zip(names, row, strict=True)), "dimensions": pairs_of(row[10])})


def is_same(placed: Placed, stored: Stored) -> bool:
    """Return whether an event says what the stored one of its key says."""
    return (
        placed.sent.kind == stored.kind
        and placed.sent.corrects == stored.corrects
        and placed.organization.id == stored.organization_id
        and placed.meter.id == stored.meter_id
        and placed.quantity == stored.quantity
        and placed.time == stored.time
        and placed.dimensions == stored.dimensions
        and placed.value == stored.value
    )


def recheck_periods(late: Iterable[tuple[UUID, date]], now: datetime) -> None:
    """Have the closed periods looked at again in which these days of organizations lie."""
    wanted = sorted(set(late))
    if not wanted:
        return
    organizations = [organization for organization, _ in wanted]
    with connection.cursor() as cursor:
        days = [day for _, day in wanted]
        cursor.execute(_RECHECK, [organizations, days, organizations, now])
