"""What a lease's subscription is to be like, so that it bills what is due and nothing else.

Three kinds (docs/adr/0015-leases-as-subscriptions.md):

- a lease that is over, cancelled or void: for the record. It never bills: its first period ends
  two weeks after it was made, it ends by itself within the hour, and is cancelled at once;
- one that runs: backdated to its start without proration, so that the past is on record and not
  billed; the first invoice comes on its next day of the month, the last before its end;
- one that is yet to start: anchored on its first day, or on trial until then.

All moments are noon in UTC, which is the same date in all zones but those far in the east.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from subscriptions.models import Lease

DAYS_UNTIL_DUE = 7
# Stripe lets a trial last two years at most.
_LONGEST_WAIT = timedelta(days=725)
_RECORD_ENDS_AFTER = timedelta(hours=1)
_RECORD_PERIOD = timedelta(days=14)


class Kind(StrEnum):
    """How a lease stands at a moment."""

    RECORD = "record"
    RUNNING = "running"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be asked of Stripe; `bills_from` is the day of the first invoice, if any."""

    kind: Kind
    params: dict[str, Any]
    bills_from: date | None = None


class CannotBeLinked(Exception):
    """The lease cannot have a subscription yet; the message says what is missing."""


def check_linkable(lease: Lease) -> None:
    """Raise CannotBeLinked for a lease that lacks what a subscription needs."""
    if lease.resident is None:
        raise CannotBeLinked("its userId leads to no resident")
    if lease.room is None and lease.room_source_id:
        raise CannotBeLinked("its roomId leads to no room")
    if lease.room is None and lease.house is None:
        raise CannotBeLinked("it has neither a room nor a house")
    if lease.starts_on is None:
        raise CannotBeLinked("it has no day on which it starts")
    if rent_of(lease) <= 0:
        raise CannotBeLinked("its rent is not above zero")


def rent_of(lease: Lease) -> int:
    """Return a month's rent in minor units: the lease's own, else the room's; 0 for neither."""
    if lease.rent_minor is not None:
        return lease.rent_minor
    return (lease.room.price_minor or 0) if lease.room else 0


def kind_of(lease: Lease, now: datetime) -> Kind:
    """Return how a lease stands at `now`, by its status and by the days of its zone."""
    last, start = lease.last_day, lease.starts_on
    if lease.status not in Lease.LIVING or start is None:
        return Kind.RECORD
    if last is not None and (last <= start or _noon(last, lease.zone) <= now):
        return Kind.RECORD
    return Kind.FUTURE if start >= now.astimezone(lease.zone).date() else Kind.RUNNING


def plan_of(lease: Lease, now: datetime) -> Plan:
    """Return what to ask of Stripe for a lease at `now`. Raises CannotBeLinked."""
    check_linkable(lease)
    kind = kind_of(lease, now)
    if kind is Kind.RECORD:
        return Plan(kind, {**_plain(), **_for_the_record(lease, now)})
    end = _ends(lease)
    if kind is Kind.FUTURE:
        return Plan(kind, {**_plain(), **_from_first_day(lease, now), **end}, lease.starts_on)
    params, bills_from = _from_next_day(lease, now)
    return Plan(kind, {**_plain(), **params, **end}, bills_from)


def end_of(lease: Lease) -> datetime | None:
    """Return the moment at which a lease's subscription ends by itself."""
    return None if lease.last_day is None else _noon(lease.last_day, lease.zone)


def _plain() -> dict[str, Any]:
    return {
        "collection_method": "send_invoice",
        "days_until_due": DAYS_UNTIL_DUE,
        "proration_behavior": "none",
    }


def _ends(lease: Lease) -> dict[str, Any]:
    end = end_of(lease)
    return {} if end is None else {"cancel_at": _seconds(end)}


def _for_the_record(lease: Lease, now: datetime) -> dict[str, Any]:
    params: dict[str, Any] = {
        "billing_cycle_anchor": _seconds(now + _RECORD_PERIOD),
        "cancel_at": _seconds(now + _RECORD_ENDS_AFTER),
    }
    return params | _backdated(lease, now)


def _backdated(lease: Lease, now: datetime) -> dict[str, Any]:
    start = lease.starts_on
    moment = _noon(start, lease.zone) if start else now
    return {"backdate_start_date": _seconds(moment)} if moment < now else {}


def _from_next_day(lease: Lease, now: datetime) -> tuple[dict[str, Any], date]:
    """Bill from the next day of the month on which the lease began; the 31st stays the last."""
    assert lease.starts_on is not None  # noqa: S101 - check_linkable has seen to it
    day, hour = lease.starts_on.day, _hour(lease.zone)
    config = {"day_of_month": day, "hour": hour, "minute": 0, "second": 0}
    params = {"billing_cycle_anchor_config": config, **_backdated(lease, now)}
    return params, _next_anchor(day, hour, now)


def _next_anchor(day: int, hour: int, now: datetime) -> date:
    year, month = now.year, now.month
    while True:
        found = date(year, month, min(day, monthrange(year, month)[1]))
        if datetime.combine(found, time(hour), UTC) > now:
            return found
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _from_first_day(lease: Lease, now: datetime) -> dict[str, Any]:
    assert lease.starts_on is not None  # noqa: S101 - check_linkable has seen to it
    start = _noon(lease.starts_on, lease.zone)
    if start <= now:
        return {}  # starts today: its first month is billed at once
    if start - now > _LONGEST_WAIT:
        raise CannotBeLinked("it starts in two years or later: Stripe takes it nearer to that")
    if start <= _month_after(now):
        return {"billing_cycle_anchor": _seconds(start)}
    return {"trial_end": _seconds(start)}


def _month_after(now: datetime) -> datetime:
    """Return the latest anchor that Stripe takes for a monthly price without a trial."""
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    return now.replace(year=year, month=month, day=min(now.day, monthrange(year, month)[1]))


def _noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(_hour(zone)), UTC)


def _hour(zone: ZoneInfo) -> int:
    """Return an hour of UTC at which it is the same date in a zone, in summer and in winter."""
    offset = datetime(2026, 1, 1, tzinfo=zone).utcoffset() or timedelta(0)
    return 12 if offset < timedelta(hours=11) else 6


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
