"""Take usage in: one verdict for each event, stored before the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import OperationalError
from psycopg.errors import DeadlockDetected, SerializationFailure

from billing.operations.usage.alerting import look_at_alerts_soon
from billing.operations.usage.buckets import (
    Buckets,
    BucketsMissing,
    fold,
    forget_buckets,
    known_buckets,
    make_buckets,
)
from billing.operations.usage.columns import Columns
from billing.operations.usage.correcting import CONFLICT, EventsChanged, record_in_order
from billing.operations.usage.places import Book, BucketKey, Placed, place
from billing.operations.usage.sent import Refused, Sent, Unacceptable, Verdict, rejected
from billing.operations.usage.storing import (
    BucketsLost,
    insert_events,
    is_same,
    recheck_periods,
    stored_events,
)
from billing.operations.usage.together import store_together
from billing.queries.settings import usage_reach
from billing.queries.usage_lock import hold_usage, share_usage
from core.tenancy import scope

ATTEMPTS = 8


class TooBusy(Exception):
    """The batch met others again and again; nothing of it was stored. Send it again."""


def record_usage(
    *,
    tenant_id: UUID,
    events: Sequence[Sent | Refused] | Columns,
    now: datetime,
    reach: timedelta | None = None,
) -> list[Verdict]:
    """Store what is new, keep buckets equal to it, and return a verdict for each event, in order.

    All of it is one transaction, which has committed when this returns. The key alone tells
    events apart: the same content again is a duplicate, another one a conflict that changes
    nothing. Repeating is safe. `reach` is how far back usage is taken, else as the company wants.
    Usage of closed periods has them looked at again. Raises TooBusy.
    """
    made: Buckets = {}
    missing: set[BucketKey] = set()
    for _ in range(ATTEMPTS):
        try:
            if missing:  # others that were known may be forgotten meanwhile: keep what was made
                made = {**made, **make_buckets(tenant_id=tenant_id, keys=missing)}
                missing = set()
            with scope(tenant_id):
                far = usage_reach() if reach is None else reach
                return _record(tenant_id, events, now, far, made)
        except BucketsMissing as found:
            missing = found.keys
        except BucketsLost:
            forget_buckets()
            made = {}
        except EventsChanged:
            continue
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected | SerializationFailure):
                raise
    raise TooBusy("This met other writers again and again. Nothing was stored; send it again.")


def _has_corrections(events: Sequence[Sent | Refused]) -> bool:
    return any(isinstance(one, Sent) and one.kind != "usage" for one in events)


def _record_in_order(
    tenant_id: UUID,
    events: Sequence[Sent | Refused],
    now: datetime,
    reach: timedelta,
    made: Buckets,
) -> list[Verdict]:
    hold_usage(tenant_id)
    verdicts, touched = record_in_order(tenant_id, events, now, reach, made)
    look_at_alerts_soon(touched)
    return verdicts


def _record_columns(
    tenant_id: UUID, batch: Columns, now: datetime, reach: timedelta, made: Buckets
) -> list[Verdict]:
    share_usage(tenant_id)
    book = Book({*batch.organizations}, {*batch.meters})
    # Made before others have to wait for the sums.
    verdicts = [Verdict(index, key, "accepted") for index, key in enumerate(batch.keys)]
    known = store_together(tenant_id, batch, book, now=now, reach=reach, made=made)
    if known is None:
        return _store(tenant_id, _told_apart(list(batch), book, now, reach), now, made)
    if known:
        places = [index for index, key in enumerate(batch.keys) if key in known]
        others = [place(at, batch.sent(at), book, now=now, reach=reach) for at in places]
        for index, verdict in _seen_before(others, {}).items():
            verdicts[index] = verdict
    return verdicts


def _record(
    tenant_id: UUID,
    events: Sequence[Sent | Refused] | Columns,
    now: datetime,
    reach: timedelta,
    made: Buckets,
) -> list[Verdict]:
    if isinstance(events, Columns):
        return _record_columns(tenant_id, events, now, reach, made)
    if _has_corrections(events):
        return _record_in_order(tenant_id, events, now, reach, made)
    share_usage(tenant_id)
    book = Book.of(events)
    return _store(tenant_id, _told_apart(events, book, now, reach), now, made)


def _store(
    tenant_id: UUID,
    told: tuple[dict[int, Verdict], dict[str, Placed], list[Placed]],
    now: datetime,
    made: Buckets,
) -> list[Verdict]:
    """Store the first event of each key where it is new; returns the verdict on all."""
    verdicts, first, others = told
    ids = known_buckets((one.bucket for one in first.values()), made)
    rows = [(ids[one.bucket], one) for _, one in sorted(first.items())]
    fresh = insert_events(tenant_id, rows, now) if rows else None
    new = rows if fresh is None else [row for row in rows if row[1].sent.key in fresh]
    others += [] if fresh is None else [one for _, one in rows if one.sent.key not in fresh]
    verdicts |= {one.index: Verdict(one.index, one.sent.key, "accepted") for _, one in new}
    verdicts |= _seen_before(others, {one.sent.key: one.index for _, one in new})
    if new:
        recheck_periods(_late(new), now)
        look_at_alerts_soon({one.organization.text_id for _, one in new})
        fold(new)  # last, as others wait for these buckets until the transaction ends
    return [verdicts[index] for index in sorted(verdicts)]


def _told_apart(
    events: Sequence[Sent | Refused], book: Book, now: datetime, reach: timedelta
) -> tuple[dict[int, Verdict], dict[str, Placed], list[Placed]]:
    """Return those refused, the first event of each key, and all that may be known already."""
    verdicts: dict[int, Verdict] = {}
    first: dict[str, Placed] = {}
    others: list[Placed] = []
    for index, sent in enumerate(events):
        if isinstance(sent, Refused):
            verdicts[index] = rejected(index, sent)
            continue
        try:
            placed = place(index, sent, book, now=now, reach=reach)
        except Unacceptable as mistake:
            verdicts[index] = rejected(index, mistake.of(sent.key))
            continue
        if placed.refusal is None and sent.key not in first:
            first[sent.key] = placed
        else:
            others.append(placed)
    return verdicts, first, others


def _seen_before(others: list[Placed], new: dict[str, int]) -> dict[int, Verdict]:
    """Return duplicates and conflicts; refused is only what was not stored before its turn."""
    if not others:
        return {}
    stored = stored_events(one.sent.key for one in others)
    found = {}
    for one in others:
        before, key = stored.get(one.sent.key), one.sent.key
        if one.refusal is not None and (before is None or new.get(key, -1) > one.index):
            found[one.index] = rejected(one.index, one.refusal)
        elif before is None:  # its writer failed after all
            raise EventsChanged
        elif is_same(one, before):
            found[one.index] = Verdict(one.index, key, "duplicate")
        else:
            where = f"/{one.index}/idempotency_key"
            found[one.index] = Verdict(one.index, key, "conflict", CONFLICT, where)
    return found


def _late(rows: Sequence[tuple[int, Placed]]) -> Iterator[tuple[UUID, date]]:
    for _, one in rows:
        closed = one.organization.closed_through
        if closed is not None and one.bucket[1] <= closed:
            yield one.organization.id, one.bucket[1]
