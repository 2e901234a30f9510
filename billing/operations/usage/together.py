"""A batch of ordinary events placed and stored as a whole, where nothing speaks against any of it.

Anything else - an unknown name, a closed period, a key twice, a meter that cannot be added up -
gives None here, and the batch goes the way on which each event is judged by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from billing.operations.usage.alerting import send_look
from billing.operations.usage.buckets import Buckets, bucket_ids
from billing.operations.usage.columns import Columns, texts_of
from billing.operations.usage.places import (
    FUTURE,
    QUARTER_HOUR,
    Book,
    BucketKey,
    MeterFacts,
    Pairs,
    day_of,
    told_apart,
)
from billing.operations.usage.sent import Unacceptable
from billing.operations.usage.storing import store_columns
from billing.queries.usage_lock import stripes_of

# What stands in a bucket of these, and comes with new events, makes the new bucket.
_ADDED_UP = {"sum", "count", "max"}
_MOST_TOLD = 20_000


def store_together(
    tenant_id: UUID, batch: Columns, book: Book, *, now: datetime, reach: timedelta, made: Buckets
) -> set[str] | None:
    """Store what is new of a batch; returns the keys that were there before.

    None means that nothing was done. Raises BucketsMissing and BucketsLost.
    """
    if len(set(batch.keys)) != len(batch) or not _are_timely(batch.moments, now, reach):
        return None
    places = _places(batch, book)
    if places is None:
        return None
    ids = bucket_ids(places, made)
    send_look({one.text_id for one in book.organizations.values() if one.has_alerts})
    stripes = stripes_of(one.text_id for one in book.organizations.values())
    return store_columns(tenant_id, batch, ids, stripes, now)


def _are_timely(moments: Sequence[datetime], now: datetime, reach: timedelta) -> bool:
    return now - reach <= min(moments) and max(moments) <= now + FUTURE


def _places(batch: Columns, book: Book) -> list[BucketKey] | None:
    """Return the bucket of each event; None where an event is not surely accepted."""
    organizations = book.organizations
    meters = {name: one for name, one in book.meters.items() if _adds_up(one)}
    found: list[BucketKey] = []
    for organization_name, meter_name, moment, quantity, dimensions in zip(
        batch.organizations, batch.meters, batch.moments, batch.quantities, batch.dimensions,
        strict=True,
    ):  # fmt: skip
        organization, meter = organizations.get(organization_name), meters.get(meter_name)
        if organization is None or meter is None or not _fits(quantity, meter):
            return None
        quarter = int(moment.timestamp()) // QUARTER_HOUR
        day = organization.days.get(quarter) or day_of(moment, organization.zone)
        pairs = meter.told.get(dimensions)
        if pairs is None:
            pairs = _told(dimensions, meter)
        if pairs is None or day < organization.open_since:
            return None
        found.append((organization.text_id, day, meter.text_id, pairs))
    return found


def _adds_up(meter: MeterFacts) -> bool:
    return meter.aggregation in _ADDED_UP and not meter.is_archived


def _fits(quantity: str, meter: MeterFacts) -> bool:
    if not quantity:
        return meter.aggregation == "count"
    return quantity[0] != "-" or meter.allows_negative


def _told(dimensions: bytes, meter: MeterFacts) -> Pairs | None:
    """Return what tells buckets apart, which is remembered; None where it is odd."""
    try:
        pairs, _ = told_apart(texts_of(dimensions) or {}, meter)
    except Unacceptable:
        return None
    if len(meter.told) >= _MOST_TOLD:
        meter.told.clear()
    meter.told[dimensions] = pairs
    return pairs
