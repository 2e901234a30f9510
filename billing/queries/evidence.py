"""What raw events say about one price and period, reckoned in Python one event at a time.

The second witness beside PostgreSQL (billing.queries.charges): it reads events and not their sums,
finds each event's day by its time, and rates with billing.rating.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection

from billing.models import Assignment, BillingPeriod, Meter, Organization, Price
from billing.rating import ZERO, Rated, rate
from core.periods import local_date

_CHUNK = 2000

_EVENTS = """
SELECT e.idempotency_key, e.time, e.received_at, e.quantity, e.value, b.dimensions, e.bucket_id
FROM billing_usageevent e JOIN billing_usagebucket b ON b.id = e.bucket_id
WHERE b.organization_id = %s AND b.meter_id = %s AND b.day >= %s AND b.day < %s
    AND e.kind <> 'void' AND NOT EXISTS (
        SELECT FROM billing_usageevent c
        WHERE c.tenant_id = e.tenant_id AND c.corrects = e.idempotency_key)
"""


@dataclass(frozen=True, slots=True)
class Used:
    """One event that counts."""

    key: str
    time: datetime
    received_at: datetime
    quantity: Decimal
    value: str | None
    dimensions: dict[str, str]
    bucket_id: int


@dataclass(slots=True)
class Evidence:
    """The quantity that events make for a price in a period, by app too; and what it costs.

    `days` is for how many days the price held. `late` are events that came after the period was
    closed, the first few of them.
    """

    quantity: Decimal | None
    days: int
    rated: Rated | None
    events: int = 0
    by_dimensions: dict[str, Decimal] = field(default_factory=dict)
    late: tuple[Used, ...] = ()
    late_count: int = 0


MOST_LATE = 20


def evidence_of(price: Price, period: BillingPeriod) -> Evidence:
    """Return what the events of a period come to at a price. Reads all of them, in chunks."""
    days = held_days(price, period)
    organization = period.organization
    count = _Count(price.meter)
    exceptions = _exceptions(price)
    for used in _events(organization, price, period):
        day = local_date(used.time, organization.zone)
        if day in days and _meets(price, used, day, exceptions):
            count.add(used, period.closed_at)
    quantity = count.quantity
    rated = None if quantity is None else rate(quantity, price, list(price.tiers.all()))
    return Evidence(
        quantity=quantity,
        days=len(days),
        rated=rated,
        events=count.events,
        by_dimensions=count.by_dimensions(),
        late=tuple(count.late),
        late_count=count.late_count,
    )


def held_days(price: Price, period: BillingPeriod) -> set[date]:
    """Return the days of a period on which the organization held the price."""
    found: set[date] = set()
    rows = Assignment.objects.filter(
        organization_id=period.organization_id, version_id=price.version_id
    )
    for starts_on, ends_on in rows.values_list("starts_on", "ends_on"):
        first = max(starts_on, price.starts_on, period.starts_on)
        last = min(ends_on or period.ends_on, price.ends_on or period.ends_on, period.ends_on)
        found.update(first + timedelta(days=n) for n in range((last - first).days))
    return found


def _exceptions(price: Price) -> list[Price]:
    if price.filter_dimension:
        return []
    others = Price.objects.filter(version_id=price.version_id, meter_id=price.meter_id)
    return list(others.exclude(filter_dimension=""))


def _meets(price: Price, used: Used, day: date, exceptions: list[Price]) -> bool:
    if price.filter_dimension:
        return used.dimensions.get(price.filter_dimension) == price.filter_value
    return not any(
        used.dimensions.get(other.filter_dimension) == other.filter_value
        and other.starts_on <= day
        and (other.ends_on is None or day < other.ends_on)
        for other in exceptions
    )


def _events(organization: Organization, price: Price, period: BillingPeriod) -> Iterator[Used]:
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [organization.pk, price.meter_id, period.starts_on, period.ends_on])
        while rows := cursor.fetchmany(_CHUNK):
            for row in rows:
                key, time, received_at, quantity, value, dimensions, bucket_id = row
                yield Used(
                    key, time, received_at, quantity, value, json.loads(dimensions), bucket_id
                )


class _Count:
    """Events of one meter made one quantity, as the meter says."""

    def __init__(self, meter: Meter) -> None:
        self.how = meter.aggregation
        self.events = 0
        self.late: list[Used] = []
        self.late_count = 0
        self._sums: dict[str, Decimal] = defaultdict(Decimal)
        self._latest: dict[int, tuple[datetime, str, Decimal]] = {}
        self._values: set[str] = set()
        self._largest: Decimal | None = None

    def add(self, used: Used, closed_at: datetime | None) -> None:
        """Count one event."""
        self.events += 1
        if closed_at is not None and used.received_at > closed_at:
            self.late_count += 1
            if len(self.late) < MOST_LATE:
                self.late.append(used)
        self._sums[_named(used.dimensions)] += used.quantity if self.how != "count" else 1
        moment = (used.time, used.key, used.quantity)
        self._latest[used.bucket_id] = max(self._latest.get(used.bucket_id, moment), moment)
        self._values |= {used.value} if used.value is not None else set()
        self._largest = max(self._largest or used.quantity, used.quantity)

    @property
    def quantity(self) -> Decimal | None:
        """The quantity, or None without any event."""
        if not self.events:
            return None
        if self.how == "max":
            return self._largest
        if self.how == "latest":
            return max((time, quantity) for time, _, quantity in self._latest.values())[1]
        if self.how == "unique":
            return Decimal(len(self._values))
        return sum(self._sums.values(), ZERO)

    def by_dimensions(self) -> dict[str, Decimal]:
        """Return the quantity by dimensions, where they add up."""
        return dict(sorted(self._sums.items())) if self.how in ("sum", "count") else {}


def _named(dimensions: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(dimensions.items())) or "all"
