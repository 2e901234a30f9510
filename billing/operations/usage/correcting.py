"""Corrections: events that take another one's place, or take it out of the count.

A batch that holds any is stored with the tenant's usage to itself, so that what is read here stays
true until it commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from billing.operations.usage.buckets import (
    Buckets,
    fold,
    known_buckets,
    lock_buckets,
    recount,
    take_out,
)
from billing.operations.usage.places import (
    Book,
    BucketKey,
    Placed,
    check_time,
    checked_quantity,
    day_of,
    place,
    told_apart,
)
from billing.operations.usage.sent import Refused, Sent, Unacceptable, Verdict, rejected
from billing.operations.usage.storing import (
    Stored,
    insert_events,
    is_same,
    recheck_periods,
    stored_events,
)

# The others cannot be told without the one that is gone; they are worked out anew.
_SUBTRACTED = {"sum", "count"}
CONFLICT = "The key was used before for an event that says something else. Nothing was changed."


class EventsChanged(Exception):
    """Somebody stored events past the lock that keeps corrections alone; the batch is repeated."""


@dataclass(slots=True)
class _Ledger:
    """A batch being told apart: what is known by key, and what is to be stored."""

    book: Book
    known: dict[str, Stored]
    now: datetime
    reach: timedelta
    accepted: list[Placed] = field(default_factory=list)
    corrected: list[Stored] = field(default_factory=list)


def record_in_order(
    tenant_id: UUID,
    events: Sequence[Sent | Refused],
    now: datetime,
    reach: timedelta,
    made: Buckets,
) -> tuple[list[Verdict], set[str]]:
    """Store a batch with corrections; returns verdicts and the organizations that were touched.

    Each event sees the ones before it. Raises BucketsMissing, BucketsLost and EventsChanged.
    """
    sent = [one for one in events if isinstance(one, Sent)]
    keys = {one.key for one in sent} | {one.corrects for one in sent if one.corrects}
    ledger = _Ledger(Book.of(events), stored_events(keys), now, reach)
    ledger.book.add(
        {one.organization_id for one in ledger.known.values()},
        {one.meter_id for one in ledger.known.values()},
    )
    verdicts = [_tell(index, one, ledger) for index, one in enumerate(events)]
    if ledger.accepted:
        _store(tenant_id, ledger, now, made)
    return verdicts, {one.organization.text_id for one in ledger.accepted}


def _tell(index: int, sent: Sent | Refused, ledger: _Ledger) -> Verdict:
    if isinstance(sent, Refused):
        return rejected(index, sent)
    try:
        placed = _place(index, sent, ledger)
    except Unacceptable as mistake:
        return rejected(index, mistake.of(sent.key))
    before = ledger.known.get(sent.key)
    if before is not None:
        if is_same(placed, before):
            return Verdict(index, sent.key, "duplicate")
        return Verdict(index, sent.key, "conflict", CONFLICT, f"/{index}/idempotency_key")
    try:
        _refuse_if_not_now(placed, ledger)
    except Unacceptable as mistake:
        return rejected(index, mistake.of(sent.key))
    _accept(placed, ledger)
    return Verdict(index, sent.key, "accepted")


def _place(index: int, sent: Sent, ledger: _Ledger) -> Placed:
    if sent.corrects is None:
        return place(index, sent, ledger.book, now=ledger.now, reach=ledger.reach)
    target = ledger.known.get(sent.corrects)
    if target is None:
        raise Unacceptable("There is no event of this key. Send it first.", "corrects")
    organization = ledger.book.organization(str(target.organization_id))
    meter = ledger.book.meter(str(target.meter_id))
    if sent.organization and ledger.book.organization(sent.organization) != organization:
        raise Unacceptable(_stays(organization.code), "organization")
    if sent.meter and ledger.book.meter(sent.meter) != meter:
        raise Unacceptable(_stays(meter.code), "meter")
    dimensions, value = target.dimensions, target.value
    if sent.dimensions is not None:
        dimensions, value = told_apart(sent.dimensions, meter)
    quantity = target.quantity if sent.quantity is None else sent.quantity
    return Placed(
        index=index,
        sent=sent,
        organization=organization,
        meter=meter,
        dimensions=dimensions,
        value=None if sent.kind == "void" else value,
        quantity=checked_quantity(quantity, meter),
        time=sent.time or target.time,
        refusal=None,
    )


def _stays(code: str) -> str:
    return f"The corrected event is of {code}, which stays. Void it and send a new one instead."


def _refuse_if_not_now(placed: Placed, ledger: _Ledger) -> None:
    """Raise Unacceptable for an event that is new and may not come in."""
    if placed.refusal is not None:
        raise Unacceptable(placed.refusal.reason, placed.refusal.field)
    if placed.sent.corrects is None:
        return
    target = ledger.known[placed.sent.corrects]
    if target.kind == "void":
        words = "This event is a void, which is final. Send the usage anew under a new key."
        raise Unacceptable(words, "corrects")
    if target.corrected_by is not None:
        words = f"It was corrected before, by {target.corrected_by}. Correct that one instead."
        raise Unacceptable(words, "corrects")
    if placed.sent.time is not None:
        check_time(placed.time, placed.organization, now=ledger.now, reach=ledger.reach)


def _accept(placed: Placed, ledger: _Ledger) -> None:
    sent = placed.sent
    ledger.accepted.append(placed)
    ledger.known[sent.key] = Stored(
        key=sent.key,
        kind=sent.kind,
        corrects=sent.corrects,
        time=placed.time,
        quantity=placed.quantity,
        value=placed.value,
        bucket_id=None,
        organization_id=placed.organization.id,
        meter_id=placed.meter.id,
        day=day_of(placed.time, placed.organization.zone),
        dimensions=placed.dimensions,
    )
    if sent.corrects is not None:
        target = ledger.known[sent.corrects]
        target.corrected_by = sent.key
        ledger.corrected.append(target)


def _store(tenant_id: UUID, ledger: _Ledger, now: datetime, made: Buckets) -> None:
    ids = known_buckets((one.bucket for one in ledger.accepted), made)
    rows = [(ids[one.bucket], one) for one in ledger.accepted]
    rows.sort(key=lambda row: row[1].sent.key)
    if insert_events(tenant_id, rows, now) is not None:
        raise EventsChanged
    recheck_periods(_late(ledger), now)
    gone = [
        (ids[_bucket(one)] if one.bucket_id is None else one.bucket_id, one)
        for one in ledger.corrected
    ]
    lock_buckets(ids | {_bucket(one): bucket for bucket, one in gone})
    fold(row for row in rows if row[1].sent.kind != "void")
    told = [(b, ledger.book.meter(str(one.meter_id)).aggregation, one) for b, one in gone]
    take_out(row for row in told if row[1] in _SUBTRACTED)
    recount({bucket for bucket, how, _ in told if how not in _SUBTRACTED})


def _bucket(one: Stored) -> BucketKey:
    return (str(one.organization_id), one.day, str(one.meter_id), one.dimensions)


def _late(ledger: _Ledger) -> set[tuple[UUID, date]]:
    days = {(one.organization, one.bucket[1]) for one in ledger.accepted}
    for one in ledger.corrected:
        days.add((ledger.book.organization(str(one.organization_id)), one.day))
    return {
        (organization.id, day)
        for organization, day in days
        if organization.closed_through is not None and day <= organization.closed_through
    }
