"""Read Stripe's balance for the daily ledger, and ask about what no book knows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.tenancy import scope
from payments.books import Expected, books
from payments.gateway import StripeRefused
from payments.gateway.movements import MovementFacts, Movements, SourceFacts
from payments.models import Movement, StripeAccount

# What belongs to a day may be booked beside it: a bank debit, another clock.
MARGIN: Final = timedelta(days=1)
MOST_ASKED: Final = 500
BATCH: Final = 500
_KEPT = ("kind", "source_id", "amount_minor", "fee_minor", "currency", "made_at")


@dataclass(slots=True)
class Reading:
    """What was read: the ids of all movements, those that changed, and sources to ask about."""

    seen: set[str] = field(default_factory=set)
    unknown: dict[str, SourceFacts] = field(default_factory=dict)


def read_movements(
    account: StripeAccount,
    since: datetime,
    until: datetime,
    tell: Callable[[int], None],
) -> Reading:
    """Keep the balance transactions of a period as Stripe gives them now. Outside any scope."""
    reading = Reading()
    batch: list[MovementFacts] = []
    for facts in Movements(account).list(since=since, until=until, with_sources=True):
        batch.append(facts)
        if len(batch) == BATCH:
            _take(account, batch, reading)
            tell(len(batch))
            batch = []
    _take(account, batch, reading)
    tell(len(batch))
    return reading


def _take(account: StripeAccount, batch: list[MovementFacts], reading: Reading) -> None:
    reading.seen |= {facts.movement_id for facts in batch}
    sources = {one.source.source_id: one.source for one in batch if one.source is not None}
    with scope(account.tenant_id):
        store_movements(account, batch)
        known = expected_of(set(sources))
    for source_id, source in sources.items():
        if source_id not in known or known[source_id].amount_minor is None:
            reading.unknown[source_id] = source


def store_movements(account: StripeAccount, batch: Collection[MovementFacts]) -> None:
    """Keep balance transactions; one that Stripe tells otherwise than before is written anew."""
    Movement.objects.bulk_create(
        [
            Movement(
                tenant_id=account.tenant_id,
                stripe_movement_id=facts.movement_id,
                kind=facts.kind[:60],
                source_id=facts.source_id,
                amount_minor=facts.amount_minor,
                fee_minor=facts.fee_minor,
                currency=facts.currency,
                made_at=facts.made_at,
            )
            for facts in batch
            if facts.made_at is not None
        ],
        update_conflicts=True,
        unique_fields=["tenant", "stripe_movement_id"],
        update_fields=_KEPT,
    )


def expected_of(sources: Collection[str]) -> dict[str, Expected]:
    """Return what all books expect of these sources. In scope."""
    found: dict[str, Expected] = {}
    for book in books():
        for source, one in book.of(sources).items():
            # Two books may know one: that with an amount says more.
            if source not in found or found[source].amount_minor is None:
                found[source] = one
    return found


@dataclass(frozen=True, slots=True)
class Learned:
    """How many sources the books know now that they were asked about, and the others' ids."""

    count: int
    unasked: frozenset[str]


def learn(account: StripeAccount, unknown: dict[str, SourceFacts], now: datetime) -> Learned:
    """Have the books ask Stripe about sources that none of them knows. Outside any scope.

    At most MOST_ASKED are asked about, those of customers that are ours first: the others are
    returned, not forgotten. Raises StripeUnavailable.
    """
    sources = _ours_first(account, [one for one in unknown.values() if one.charge_id])
    found = sum(_is_learned(account, source, now) for source in sources[:MOST_ASKED])
    return Learned(found, frozenset(one.source_id for one in sources[MOST_ASKED:]))


def _ours_first(account: StripeAccount, sources: list[SourceFacts]) -> list[SourceFacts]:
    wanted = {one.customer_id for one in sources if one.customer_id}
    with scope(account.tenant_id):
        ours = {customer for book in books() for customer in book.customers(wanted)}
        charges = set(expected_of({one.charge_id for one in sources}))
    return sorted(
        sources,
        key=lambda one: (
            not (one.customer_id in ours or one.charge_id in charges),
            one.source_id,
        ),
    )


def _is_learned(account: StripeAccount, source: SourceFacts, now: datetime) -> bool:
    with scope(account.tenant_id):
        known = expected_of([source.source_id]).get(source.source_id)
    if known is not None and known.amount_minor is not None:
        # An earlier one of the same payment has told it.
        return True
    for book in books():
        try:
            if book.learn(tenant_id=account.tenant_id, source=source, now=now):
                return True
        except StripeRefused:
            continue
    return False


def read_whole(account: StripeAccount, sources: list[str]) -> frozenset[str]:
    """Keep the movements of refunds and disputes that lie outside the period. Outside any scope.

    Returns the sources that were not asked about, past MOST_ASKED.
    """
    wanted = [one for one in sources if one.startswith(("re_", "pyr_", "dp_", "du_"))]
    gateway = Movements(account)
    for source in wanted[:MOST_ASKED]:
        try:
            found = gateway.of_source(source)
        except StripeRefused:
            continue
        with scope(account.tenant_id):
            store_movements(account, list(found))
    return frozenset(wanted[MOST_ASKED:])
