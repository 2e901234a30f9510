"""Usage by day, meter and dimensions, from the buckets; events only for what cannot be added."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q, QuerySet

from billing.models import Meter, Organization, UsageBucket, UsageEvent
from billing.queries.explaining import LineLike
from billing.queries.usage_pages import EventFilter, Place, events_page
from core.tenancy import scope

# As in billing.queries.charges: how many buckets become one quantity is the meter's own rule.
# Different values cannot be added up, so that their events are looked at.
_ROWS = """
WITH used AS (
    SELECT b.id, b.meter_id, CASE WHEN %(by_day)s THEN b.day END AS day, b.quantity, b.events,
        b.last_at, m.aggregation, coalesce((
            SELECT jsonb_object_agg(k, b.dimensions -> k) FROM unnest(%(names)s::text[]) AS k
            WHERE b.dimensions ? k), '{}'::jsonb) AS dimensions
    FROM billing_usagebucket b JOIN billing_meter m ON m.id = b.meter_id
    WHERE b.organization_id = %(organization)s AND b.day >= %(since)s AND b.day < %(until)s
        AND b.events > 0 AND (%(meter)s::uuid IS NULL OR b.meter_id = %(meter)s::uuid)),
counted AS (
    SELECT u.meter_id, u.day, u.dimensions, count(DISTINCT e.value)::numeric AS quantity
    FROM used u JOIN billing_usageevent e ON e.bucket_id = u.id AND e.kind <> 'void'
    WHERE u.aggregation = 'unique' AND NOT EXISTS (
        SELECT FROM billing_usageevent c
        WHERE c.tenant_id = e.tenant_id AND c.corrects = e.idempotency_key)
    GROUP BY u.meter_id, u.day, u.dimensions)
SELECT u.meter_id, u.day, u.dimensions,
    CASE min(u.aggregation)
        WHEN 'max' THEN max(u.quantity)
        WHEN 'latest' THEN (array_agg(u.quantity ORDER BY u.last_at DESC, u.quantity DESC))[1]
        WHEN 'unique' THEN coalesce(min(c.quantity), 0)
        ELSE sum(u.quantity) END,
    sum(u.events)::bigint, max(u.last_at)
FROM used u LEFT JOIN counted c ON c.meter_id = u.meter_id
    AND c.day IS NOT DISTINCT FROM u.day AND c.dimensions = u.dimensions
GROUP BY u.meter_id, u.day, u.dimensions
ORDER BY u.day, u.meter_id, u.dimensions
LIMIT %(most)s
"""
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class UsageRow:
    """The usage of one meter, on one day where it is told by day, for some dimensions."""

    meter_id: UUID
    day: date | None
    dimensions: dict[str, str]
    quantity: Decimal
    events: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageAsked:
    """Which usage: days `[since, until)`, of one meter or all, told apart by what.

    `dimensions` None means by all that a meter has.
    """

    since: date
    until: date
    meter: Meter | None = None
    by_day: bool = True
    dimensions: Sequence[str] = ()


class TooMuchUsage(Exception):
    """There are more rows than fit into one answer."""


def usage_rows(organization: Organization, asked: UsageAsked) -> list[UsageRow]:
    """Return usage by what was asked for, in order. Raises TooMuchUsage beyond MOST_ROWS."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS,
            {
                "organization": organization.pk,
                "since": asked.since,
                "until": asked.until,
                "meter": asked.meter.pk if asked.meter else None,
                "by_day": asked.by_day,
                "names": list(asked.dimensions),
                "most": MOST_ROWS + 1,
            },
        )
        rows = [UsageRow(*_read(row)) for row in cursor.fetchall()]
    if len(rows) > MOST_ROWS:
        raise TooMuchUsage(
            f"That is more than {MOST_ROWS:,} rows: ask for fewer days, for one meter, or group by"
            " less."
        )
    return rows


def _read(row: Any) -> tuple[Any, ...]:
    meter, day, dimensions, *rest = row
    found = json.loads(dimensions) if isinstance(dimensions, str) else dimensions
    return meter, day, {str(k): str(v) for k, v in found.items()}, *rest


def meters_used(organization: Organization, since: date, until: date) -> QuerySet[Meter]:
    """Return the meters of an organization's usage of some days."""
    used = UsageBucket.objects.filter(
        organization=organization, day__gte=since, day__lt=until, events__gt=0
    )
    return Meter.objects.filter(pk__in=used.values("meter_id").distinct())


def last_usage_at(organization: Organization, since: date, until: date) -> datetime | None:
    """Return the time of the latest event of some days."""
    rows = UsageBucket.objects.filter(organization=organization, day__gte=since, day__lt=until)
    found: datetime | None = rows.aggregate(last=Max("last_at"))["last"]
    return found


# The condition by which billing.queries.charges finds the usage of a price.
_BUCKETS_OF_LINE = """
SELECT b.id FROM billing_price p
JOIN billing_usagebucket b ON b.organization_id = %(organization)s AND b.meter_id = p.meter_id
    AND b.day >= %(starts_on)s AND b.day < %(ends_on)s
    AND (p.filter_dimension = '' OR b.dimensions ->> p.filter_dimension = p.filter_value)
WHERE p.id = %(price)s AND (p.filter_dimension <> '' OR NOT EXISTS (
    SELECT FROM billing_price f WHERE f.version_id = p.version_id AND f.meter_id = p.meter_id
    AND f.filter_dimension <> '' AND b.dimensions ->> f.filter_dimension = f.filter_value
    AND b.day >= f.starts_on AND (f.ends_on IS NULL OR b.day < f.ends_on)))
"""


def buckets_of_line(organization: Organization, line: LineLike) -> QuerySet[UsageBucket]:
    """Return the buckets that a line of usage, or its minimum, was rated from."""
    if line.source not in {"usage", "minimum"}:
        return UsageBucket.objects.none()
    with connection.cursor() as cursor:
        cursor.execute(
            _BUCKETS_OF_LINE,
            {
                "organization": organization.pk,
                "price": line.source_id,
                "starts_on": line.starts_on,
                "ends_on": line.ends_on,
            },
        )
        ids = [row[0] for row in cursor.fetchall()]
    return UsageBucket.objects.filter(pk__in=ids)


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event with the dimensions and the meter of its bucket."""

    event: UsageEvent
    bucket: UsageBucket
    corrected_by: str


# So many events are held at a time of those that are streamed.
AT_ONCE = 2000


def stream_of_line(
    tenant_id: UUID, organization: Organization, line: LineLike, *, at_once: int = AT_ONCE
) -> Iterator[list[EventRow]]:
    """Yield the events that a line was counted from, corrections among them, page by page.

    Day by day, in each the buckets one after the other, in each the oldest first: as the index
    has them, so that nothing is sorted. Outside any scope: each page opens one for itself, since
    what is streamed is read after the answer was given.
    """
    with scope(tenant_id):
        rows = buckets_of_line(organization, line).order_by("day", "pk").values_list("day", "pk")
        days = groupby(list(rows), key=itemgetter(0))
    for _, found in days:
        yield from _pages(tenant_id, [pk for _, pk in found], at_once)


def _pages(tenant_id: UUID, buckets: list[int], at_once: int) -> Iterator[list[EventRow]]:
    rows = UsageEvent.objects.filter(bucket_id__in=buckets)
    rows = rows.order_by("bucket_id", "time", "idempotency_key")
    more: Q | None = Q()
    while more is not None:
        with scope(tenant_id):
            found = list(rows.filter(more)[:at_once])
            page = event_rows(found)
        yield page
        more = _beyond(found[-1]) if len(found) == at_once else None


def _beyond(last: UsageEvent) -> Q:
    """Return the condition of what stands after an event in its order."""
    later = Q(time=last.time, idempotency_key__gt=last.idempotency_key) | Q(time__gt=last.time)
    return Q(bucket_id__gte=last.bucket_id) & (
        Q(bucket_id__gt=last.bucket_id) | Q(bucket_id=last.bucket_id) & later
    )


def event_rows(events: Sequence[UsageEvent]) -> list[EventRow]:
    """Return events with what their buckets say and whether another event corrects them."""
    found = UsageBucket.objects.filter(pk__in={event.bucket_id for event in events})
    buckets = {bucket.pk: bucket for bucket in found.select_related("meter")}
    keys = [event.idempotency_key for event in events]
    by = dict(
        UsageEvent.objects.filter(corrects__in=keys).values_list("corrects", "idempotency_key")
    )
    return [
        EventRow(event, buckets[event.bucket_id], by.get(event.idempotency_key, ""))
        for event in events
    ]


def event_rows_page(
    wanted: EventFilter,
    meter: Meter,
    *,
    beyond: Place | None = None,
    limit: int,
    is_backwards: bool = False,
) -> list[EventRow]:
    """Return a page of a meter's events, newest first; see events_page."""
    found = events_page(wanted, beyond=beyond, limit=limit, is_backwards=is_backwards)
    return [_event_row(row, meter) for row in found]


def stream_of_meter(
    tenant_id: UUID, wanted: EventFilter, meter: Meter, *, at_once: int = AT_ONCE
) -> Iterator[list[EventRow]]:
    """Yield a meter's events of some days, oldest first, page by page.

    Outside any scope, as in stream_of_line.
    """
    beyond: Place | None = None
    is_more = True
    while is_more:
        with scope(tenant_id):
            page = event_rows_page(wanted, meter, beyond=beyond, limit=at_once, is_backwards=True)
        page.reverse()
        yield page
        is_more = len(page) == at_once
        if page:
            last = page[-1]
            beyond = Place(last.event.time, last.event.idempotency_key, last.bucket.day)


def _event_row(row: dict[str, Any], meter: Meter) -> EventRow:
    names = ("idempotency_key", "kind", "time", "quantity", "value", "corrects", "reason",
             "received_at")  # fmt: skip
    event = UsageEvent(tenant_id=meter.tenant_id, **{name: row[name] for name in names})
    dimensions = row["dimensions"]
    if isinstance(dimensions, str):
        dimensions = json.loads(dimensions)
    bucket = UsageBucket(
        organization_id=row["organization_id"], meter=meter, day=row["day"], dimensions=dimensions
    )
    return EventRow(event, bucket, row["corrected_by"] or "")
