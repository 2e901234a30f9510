"""Where events belong: the organizations and meters that a batch names, and the day."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from billing.operations.usage.sent import Refused, Sent, Unacceptable
from core.periods import MomentOutOfRange, local_date

FUTURE = timedelta(minutes=5)
_UNKNOWN = "There is nothing of this name; give the code or the id of one of yours."
# No name holds a control character.
_BETWEEN = "\x1f"
QUARTER_HOUR = 900
_MOST_REMEMBERED, _MOST_METERS = 50_000, 1_000
_DAY = timedelta(days=1)
# Which day a quarter of an hour falls on, by zone. All zones have changed days at such bounds since
# 1972.
_days: dict[str, dict[int, date]] = {}
_SURE_SINCE = 1980

Named = TypeVar("Named", "OrganizationFacts", "MeterFacts")
Pairs = tuple[tuple[str, str], ...]
# Organization, day, meter, dimensions in the order of their names. Texts hash faster than UUIDs.
BucketKey = tuple[str, date, str, Pairs]


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """What has to be known of an organization."""

    id: UUID
    code: str
    zone: ZoneInfo
    closed_through: date | None
    starts_on: date
    is_closed: bool
    text_id: str
    has_alerts: bool
    # The first day whose usage is surely neither too early nor late, and the zone's known days.
    open_since: date
    days: dict[int, date] = field(compare=False)


@dataclass(frozen=True, slots=True)
class MeterFacts:
    """What has to be known of a meter."""

    id: UUID
    code: str
    aggregation: str
    dimensions: frozenset[str]
    unique_by: str
    allows_negative: bool
    is_archived: bool
    text_id: str
    # Dimensions of ordinary events as they came, and the pairs they come to.
    told: dict[bytes, Pairs] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class Placed:
    """An event whose organization, meter and content are sure.

    `refusal` says why it may not come in now, though the same event may have come in before.
    """

    index: int
    sent: Sent
    organization: OrganizationFacts
    meter: MeterFacts
    dimensions: Pairs
    value: str | None
    quantity: Decimal
    time: datetime
    refusal: Refused | None
    _bucket: BucketKey | None = None

    @property
    def bucket(self) -> BucketKey:
        """The bucket it counts in. Only for an event without refusal."""
        if self._bucket is None:
            day = day_of(self.time, self.organization.zone)
            self._bucket = (self.organization.text_id, day, self.meter.text_id, self.dimensions)
        return self._bucket


class Book:
    """The organizations and meters that a batch names, by id and by code."""

    def __init__(self, organizations: set[str], meters: set[str]) -> None:
        self.organizations = _by_name(_organizations(*_names(organizations)))
        self.meters = _by_name(_meters(*_names(meters)))

    @classmethod
    def of(cls, events: Iterable[Sent | Refused]) -> Book:
        """Return the book of what some events name."""
        sent = [one for one in events if isinstance(one, Sent)]
        return cls(
            {one.organization for one in sent if one.organization},
            {one.meter for one in sent if one.meter},
        )

    def organization(self, name: str) -> OrganizationFacts:
        """Return one; raises Unacceptable, in the same words for none and for a foreign one."""
        found = self.organizations.get(name) or self.organizations.get(name.lower())
        if found is None or (name != found.code and name.lower() != found.text_id):
            raise Unacceptable(_UNKNOWN, "organization")
        return found

    def meter(self, name: str) -> MeterFacts:
        """Return one; raises Unacceptable, in the same words for none and for a foreign one."""
        found = self.meters.get(name) or self.meters.get(name.lower())
        if found is None or (name != found.code and name.lower() != found.text_id):
            raise Unacceptable(_UNKNOWN, "meter")
        return found

    def add(self, organization_ids: Iterable[UUID], meter_ids: Iterable[UUID]) -> None:
        """Read those that corrected events belong to, too."""
        self.organizations |= _by_name(_organizations("", list(organization_ids)))
        self.meters |= _by_name(_meters("", list(meter_ids)))


def place(index: int, sent: Sent, book: Book, *, now: datetime, reach: timedelta) -> Placed:
    """Return where an event of usage belongs; raises Unacceptable for what never fits."""
    if sent.organization is None or sent.meter is None or sent.time is None:
        raise Unacceptable("Usage names its organization, its meter and its time.")
    organization, meter = book.organization(sent.organization), book.meter(sent.meter)
    dimensions, value = told_apart(sent.dimensions or {}, meter)
    quantity = _quantity(sent.quantity, meter)
    refusal = None
    try:
        _refuse_by_state(organization, meter)
        check_time(sent.time, organization, now=now, reach=reach)
    except Unacceptable as mistake:
        refusal = mistake.of(sent.key)
    return Placed(index, sent, organization, meter, dimensions, value, quantity, sent.time, refusal)


def told_apart(given: dict[str, str], meter: MeterFacts) -> tuple[Pairs, str | None]:
    """Return the dimensions that tell buckets apart, and what a unique meter looks at."""
    value = None
    if meter.unique_by:
        value = given.get(meter.unique_by)
        if not value:
            words = f"The meter {meter.code} counts different values of {meter.unique_by}: give it."
            raise Unacceptable(words, "dimensions")
        given = {name: text for name, text in given.items() if name != meter.unique_by}
    for name in given:
        if name not in meter.dimensions:
            known = ", ".join(sorted(meter.dimensions)) or "none"
            words = f"The meter {meter.code} knows no such dimension; it knows {known}."
            where = name.replace("~", "~0").replace("/", "~1")
            raise Unacceptable(words, f"dimensions/{where}")
    return (tuple(sorted(given.items())) if given else ()), value


def pairs_of(dimensions: Any) -> Pairs:
    """Return stored dimensions, a dict or its JSON, in the order of their names."""
    fields = json.loads(dimensions) if isinstance(dimensions, str) else dimensions
    return tuple(sorted(fields.items()))


def _quantity(given: Decimal | None, meter: MeterFacts) -> Decimal:
    if given is None:
        if meter.aggregation not in ("count", "unique"):
            raise Unacceptable("This field is missing.", "quantity")
        return Decimal(1)
    return checked_quantity(given, meter)


def checked_quantity(given: Decimal, meter: MeterFacts) -> Decimal:
    """Return a quantity that the meter takes; raises Unacceptable."""
    if given < 0 and not meter.allows_negative:
        raise Unacceptable(f"The meter {meter.code} takes no negative quantity.", "quantity")
    return given


def _refuse_by_state(organization: OrganizationFacts, meter: MeterFacts) -> None:
    if organization.is_closed:
        raise Unacceptable(f"{organization.code} is closed and uses nothing.", "organization")
    if meter.is_archived:
        raise Unacceptable(f"The meter {meter.code} is archived.", "meter")


def check_time(
    time: datetime, organization: OrganizationFacts, *, now: datetime, reach: timedelta
) -> None:
    """Raise Unacceptable for a time too far back, ahead, or before the first billed day."""
    if time > now + FUTURE:
        raise Unacceptable("This is in the future. Check the clock of the sender.", "time")
    if time < now - reach:
        raise Unacceptable(f"This is too old: usage is taken for {reach.days} days.", "time")
    if day_of(time, organization.zone) < organization.starts_on:
        words = f"{organization.code} is billed from {organization.starts_on} on."
        raise Unacceptable(words, "time")


def day_of(time: datetime, zone: ZoneInfo) -> date:
    """Return the day of a moment in a zone; quarters of an hour are remembered."""
    if time.year < _SURE_SINCE:
        return _day_long_ago(time, zone)
    days = _days.setdefault(zone.key, {})
    quarter = int(time.timestamp()) // QUARTER_HOUR
    day = days.get(quarter)
    if day is None:
        if len(days) >= _MOST_REMEMBERED:
            days.clear()
        day = days[quarter] = local_date(time, zone)
    return day


def _day_long_ago(time: datetime, zone: ZoneInfo) -> date:
    try:
        return local_date(time, zone)
    except MomentOutOfRange:
        raise Unacceptable("This is too old.", "time") from None


def _names(names: set[str]) -> tuple[str, list[UUID]]:
    """Return names as codes in one text, which is made faster than an array, and as ids."""
    ids = []
    for name in names:
        if len(name) == 36:
            try:
                ids.append(UUID(name))
            except ValueError:
                continue
    return _BETWEEN.join(names), ids


def _by_name(found: list[Named]) -> dict[str, Named]:
    return {one.code: one for one in found} | {one.text_id: one for one in found}


# An organization of which nobody wants to be alerted needs no look at its alerts.
_ORGANIZATIONS = """
SELECT id::text, code, time_zone, closed_through, billing_starts_on, state = 'closed',
    id IN (SELECT organization_id FROM billing_alert WHERE ended_at IS NULL)
FROM billing_organization WHERE code = ANY(string_to_array(%s, chr(31))) OR id = ANY(%s)
"""
_METERS = """
SELECT id::text, code, aggregation, array_to_string(dimensions, chr(31)), unique_by,
    allows_negative, is_archived
FROM billing_meter WHERE code = ANY(string_to_array(%s, chr(31))) OR id = ANY(%s)
"""


def _organizations(codes: str, ids: list[UUID]) -> list[OrganizationFacts]:
    return list(map(_organization, _read(_ORGANIZATIONS, [codes, ids])))


def _meters(codes: str, ids: list[UUID]) -> list[MeterFacts]:
    return list(map(_meter, _read(_METERS, [codes, ids])))


# The same row gives the same facts, whose making takes longer than remembering them.
@lru_cache(_MOST_REMEMBERED)
def _organization(row: tuple[Any, ...]) -> OrganizationFacts:
    text_id, code, zone, closed, starts, is_closed, has_alerts = row
    since = date.max if is_closed else max(starts, closed + _DAY if closed else starts)
    days = _days.setdefault(zone, {})
    return OrganizationFacts(
        UUID(text_id), code, ZoneInfo(zone), closed, starts, is_closed, text_id, has_alerts,
        since, days,
    )  # fmt: skip


@lru_cache(_MOST_METERS)
def _meter(row: tuple[Any, ...]) -> MeterFacts:
    text_id, code, how, names, unique_by, negative, archived = row
    dimensions = frozenset(names.split(_BETWEEN)) if names else frozenset()
    return MeterFacts(UUID(text_id), code, how, dimensions, unique_by, negative, archived, text_id)


def _read(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
