"""Buckets: found or made, and kept equal to their events.

Which bucket belongs to an organization, day, meter and dimensions never changes and no bucket is
deleted (triggers), so a process remembers the ids. Buckets are made in a short transaction of
their own, before the one that stores events: nobody then waits for another batch's new buckets.
One that stays empty because its batch failed counts nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from functools import partial
from uuid import UUID

from django.db import connection, transaction

from billing.operations.usage.fields import EXACT
from billing.operations.usage.places import BucketKey, Placed, pairs_of
from billing.operations.usage.storing import BucketsLost, Stored
from billing.queries.usage import COUNTS, RECOUNTED
from billing.queries.usage_lock import hold_sums
from core.tenancy import current, scope

Buckets = Mapping[BucketKey, int]

_MOST_REMEMBERED = 100_000
_ids: dict[BucketKey, int] = {}

# The update that changes nothing gives the ids of those that exist, by the unique index alone.
# A SELECT would read all of a day: behind row-level security no index serves `dimensions`.
_MAKE = """
INSERT INTO billing_usagebucket AS b
    (tenant_id, organization_id, day, meter_id, dimensions, quantity, events)
SELECT %s, w.organization_id, w.day, w.meter_id, w.dimensions, 0, 0
FROM unnest(%s::uuid[], %s::date[], %s::uuid[], %s::jsonb[])
    AS w (organization_id, day, meter_id, dimensions)
ORDER BY w.organization_id, w.day, w.meter_id, w.dimensions
ON CONFLICT (organization_id, day, meter_id, dimensions) DO UPDATE SET events = b.events
RETURNING organization_id::text, day, meter_id::text, dimensions, id
"""
# OFFSET keeps the planner from joining with all buckets of the tenant instead.
_HELD = """
SELECT count(*) FROM unnest(string_to_array(%s, ',')::bigint[]) AS w (id)
CROSS JOIN LATERAL (SELECT FROM billing_usagebucket b WHERE b.id = w.id OFFSET 0) found
"""
_TIES = """
SELECT b.id FROM unnest(%s::bigint[], %s::timestamptz[]) AS w (id, moment)
JOIN billing_usagebucket b ON b.id = w.id AND b.last_at = w.moment
"""
_FOLD = """
UPDATE billing_usagebucket b SET
    quantity = CASE d.how
        WHEN 'max' THEN greatest(b.quantity, d.quantity)
        WHEN 'latest' THEN
            CASE WHEN b.last_at IS NULL OR d.last_at > b.last_at THEN d.quantity
                 ELSE b.quantity END
        ELSE b.quantity + d.quantity END,
    events = b.events + d.events,
    last_at = greatest(b.last_at, d.last_at)
FROM unnest(string_to_array(%s, ',')::bigint[], string_to_array(%s, ','),
            string_to_array(%s, ',')::numeric[], string_to_array(%s, ',')::int[],
            string_to_array(%s, ',')::timestamptz[])
     AS d (id, how, quantity, events, last_at)
WHERE b.id = d.id
"""
# How many of the values were not in their bucket before; the batch's own events are in the table
# by now, so that a value is new when no more of it count than came with the batch.
_NEW_VALUES = """
SELECT v.bucket_id, count(*) FROM unnest(%s::bigint[], %s::text[], %s::int[])
    AS v (bucket_id, value, own)
WHERE v.own >= (
    SELECT count(*) FROM (
        SELECT FROM billing_usageevent e
        WHERE e.bucket_id = v.bucket_id AND e.value = v.value AND e.kind <> 'void'
          AND NOT EXISTS (SELECT FROM billing_usageevent c WHERE c.tenant_id = e.tenant_id
                          AND c.corrects = e.idempotency_key)
        LIMIT v.own + 1) found)
GROUP BY v.bucket_id
"""
_TAKE_OUT = f"""
UPDATE billing_usagebucket b SET
    quantity = b.quantity - d.quantity,
    events = b.events - d.events,
    last_at = (SELECT e.time FROM billing_usageevent e
               WHERE e.bucket_id = b.id AND {COUNTS} ORDER BY e.time DESC LIMIT 1)
FROM (SELECT bucket_id, sum(CASE how WHEN 'count' THEN 1 ELSE quantity END) AS quantity,
             count(*) AS events
      FROM unnest(%s::bigint[], %s::text[], %s::numeric[]) AS t (bucket_id, how, quantity)
      GROUP BY bucket_id) d
WHERE b.id = d.bucket_id
"""  # noqa: S608 - made of constants
_RECOUNT = f"""
UPDATE billing_usagebucket b SET quantity = r.quantity, events = r.events, last_at = r.last_at
FROM ({RECOUNTED}) r WHERE b.id = r.id
"""  # noqa: S608 - made of constants


class BucketsMissing(Exception):
    """Some buckets are not known to this process yet; make them, then try again."""

    def __init__(self, keys: set[BucketKey]) -> None:
        super().__init__(f"{len(keys)} buckets")
        self.keys = keys


@dataclass(slots=True)
class Fold:
    """What some new events add to their bucket; `latest` orders by time, then by key."""

    key: BucketKey
    how: str
    quantity: Decimal = Decimal(0)
    events: int = 0
    latest: tuple[datetime, str] | None = None

    def add(self, placed: Placed) -> None:
        """Count one more event."""
        self.events += 1
        moment = (placed.time, placed.sent.key)
        is_latest = self.latest is None or moment > self.latest
        if self.how == "sum":
            self.quantity += placed.quantity
        elif self.how == "count":
            self.quantity += 1
        elif self.how == "max":
            self.quantity = max(self.quantity, placed.quantity)
        elif self.how == "latest" and is_latest:
            self.quantity = placed.quantity
        if is_latest:
            self.latest = moment


def known_buckets(keys: Iterable[BucketKey], made: Buckets) -> dict[BucketKey, int]:
    """Return the ids of all buckets, `made` ones included; raises BucketsMissing."""
    found: dict[BucketKey, int] = {}
    missing: set[BucketKey] = set()
    for key in keys:
        bucket_id = _ids.get(key) or made.get(key)
        if bucket_id is None:
            missing.add(key)
        else:
            found[key] = bucket_id
    if missing:
        raise BucketsMissing(missing)
    return found


def bucket_ids(places: Sequence[BucketKey], made: Buckets) -> list[int]:
    """Return the id of the bucket of each place; raises BucketsMissing."""
    found = list(map(_ids.get, places))
    ids = [one for one in found if one is not None]
    if len(ids) == len(found):
        return ids
    known = known_buckets(set(places), made)
    return [known[one] for one in places]


def make_buckets(*, tenant_id: UUID, keys: set[BucketKey]) -> Buckets:
    """Find or make buckets and return their ids, which are remembered once this commits."""
    ordered = list(keys)
    columns = (
        [key[0] for key in ordered],
        [key[1] for key in ordered],
        [key[2] for key in ordered],
        [json.dumps(dict(key[3]), ensure_ascii=False) for key in ordered],
    )
    with scope(tenant_id), connection.cursor() as cursor:
        hold_sums(tenant_id, {key[0] for key in keys})
        cursor.execute(_MAKE, [tenant_id, *columns])
        rows = cursor.fetchall()
        made = {(o, day, m, pairs_of(text)): found for o, day, m, text, found in rows}
        transaction.on_commit(partial(_remember, made))
    return made


def _remember(made: Buckets) -> None:
    if len(_ids) + len(made) > _MOST_REMEMBERED:
        _ids.clear()
    _ids.update(made)


def forget_buckets() -> None:
    """Forget all ids."""
    _ids.clear()


def lock_buckets(ids: Buckets) -> None:
    """Hold the sums of buckets until the transaction ends; raises BucketsLost."""
    hold_sums(current().tenant_id, {key[0] for key in ids})
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [",".join(map(str, ids.values()))])
        (count,) = cursor.fetchone()
    if count != len(ids):
        raise BucketsLost


def fold(placed: Iterable[tuple[int, Placed]]) -> None:
    """Add new events to their buckets, which it locks; raises BucketsLost."""
    folds, values = _summed(placed)
    lock_buckets({one.key: bucket_id for bucket_id, one in folds.items()})
    tied = _ties(folds)
    _count_new_values(folds, values)
    _write(folds)
    recount(tied)


def _summed(
    placed: Iterable[tuple[int, Placed]],
) -> tuple[dict[int, Fold], dict[tuple[int, str], int]]:
    """Return what is new by bucket, and how often each value came."""
    folds: dict[int, Fold] = {}
    values: dict[tuple[int, str], int] = {}
    with localcontext(EXACT):
        for bucket_id, one in placed:
            found = folds.get(bucket_id)
            if found is None:
                found = folds[bucket_id] = Fold(one.bucket, one.meter.aggregation)
            found.add(one)
            if one.value is not None:
                values[bucket_id, one.value] = values.get((bucket_id, one.value), 0) + 1
    return folds, values


def _ties(folds: Mapping[int, Fold]) -> list[int]:
    """Return the buckets where an event has the time of the latest before: keys decide there."""
    moments = {
        bucket_id: one.latest[0]
        for bucket_id, one in folds.items()
        if one.how == "latest" and one.latest
    }
    if not moments:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_TIES, [list(moments), list(moments.values())])
        return [bucket_id for (bucket_id,) in cursor.fetchall()]


def _count_new_values(folds: dict[int, Fold], values: dict[tuple[int, str], int]) -> None:
    if not values:
        return
    columns = (
        [bucket_id for bucket_id, _ in values],
        [value for _, value in values],
        list(values.values()),
    )
    with connection.cursor() as cursor:
        cursor.execute(_NEW_VALUES, columns)
        for bucket_id, count in cursor.fetchall():
            folds[bucket_id].quantity = Decimal(count)


def _write(folds: Mapping[int, Fold]) -> None:
    rows = folds.values()
    if not rows:
        return
    # Texts are made and read faster than arrays of numbers.
    columns = (
        ",".join([str(bucket_id) for bucket_id in folds]),
        ",".join([one.how for one in rows]),
        ",".join([str(one.quantity) for one in rows]),
        ",".join([str(one.events) for one in rows]),
        ",".join([one.latest[0].isoformat() for one in rows if one.latest]),
    )
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, columns)


def take_out(gone: Iterable[tuple[int, str, Stored]]) -> None:
    """Take corrected events out of the buckets of sums and counts, which are locked already."""
    rows = list(gone)
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        columns[2] = [one.quantity for one in columns[2]]
        with connection.cursor() as cursor:
            cursor.execute(_TAKE_OUT, columns)


def recount(ids: Iterable[int]) -> None:
    """Work buckets out anew from their events; they are locked already."""
    wanted = list(ids)
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(_RECOUNT, [wanted])
