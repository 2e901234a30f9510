"""The ledgers of houses against Stripe: transfers, charges and balance transactions, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from core.money import Money
from core.tenancy import scope
from payments.gateway import StripeRefused
from payments.gateway.charges import Charges
from payments.gateway.movements import Movements
from payments.gateway.transfers import TransferFacts, Transfers
from payments.models import StripeAccount
from subscriptions.models import HouseEntry, RentPayment, RentTransfer

Kind = HouseEntry.Kind


@dataclass(frozen=True, slots=True)
class Difference:
    """Where ledger and Stripe disagree: the id, what is wrong, what to do."""

    id: str
    words: str


@dataclass(slots=True)
class RentReconciliation:
    """What was compared, and where it differs."""

    rents: int = 0
    transfers: int = 0
    movements: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Ours:
    rents: list[RentPayment]
    transfers: dict[str, RentTransfer]
    entries: list[HouseEntry]


def reconcile_rents(
    *, tenant_id: UUID, since: datetime, now: datetime, month: date | None = None
) -> RentReconciliation:
    """Compare rents since a moment, or of one month, with Stripe. Writes nothing.

    Raises StripeAccount.DoesNotExist, StripeUnavailable.
    """
    with scope(tenant_id):
        account = StripeAccount.objects.get()
        ours = _read(since, month)
    found = RentReconciliation(rents=len(ours.rents), transfers=len(ours.transfers))
    found.differences += _transfers(Transfers(account), ours, since, is_all=month is None)
    found.differences += _charges(Charges(account), ours)
    if month is None:
        seen: list[str] = []
        found.differences += _movements(Movements(account), ours, since, now, seen)
        found.movements = len(seen)
    return found


def _read(since: datetime, month: date | None) -> _Ours:
    which = {"month": month} if month else {}
    rents = list(RentPayment.objects.filter(**which).exclude(stripe_charge_id=""))
    about = {f"rent__{name}": value for name, value in which.items()}
    transfers = RentTransfer.objects.filter(stripe_transfer_id__isnull=False, **about)
    entries = HouseEntry.objects.filter(**about)
    if month is None:
        recent = set(entries.filter(happened_at__gte=since).values_list("rent_id", flat=True))
        rents = [rent for rent in rents if rent.pk in recent]
        transfers = transfers.filter(sent_at__gte=since)
    return _Ours(
        rents,
        {str(one.stripe_transfer_id): one for one in transfers},
        list(entries),
    )


def _transfers(
    stripe: Transfers, ours: _Ours, since: datetime, *, is_all: bool
) -> Iterator[Difference]:
    if is_all:
        theirs = {one.transfer_id: one for one in stripe.list(since=since)}
    else:
        theirs = {pk: one for pk in ours.transfers if (one := _one(stripe, pk)) is not None}
    sums = {entry.source: entry.amount_minor for entry in ours.entries if entry.kind == Kind.SENT}
    for pk, row in ours.transfers.items():
        facts = theirs.get(pk) or _one(stripe, pk)
        if facts is None:
            yield Difference(pk, "Here it was sent; Stripe does not know it.")
            continue
        yield from _compare(row, facts)
        if sums.get(pk) != -row.amount_minor:
            yield Difference(pk, "It was sent, but the house's ledger does not say so.")
    for pk, facts in theirs.items():
        if pk not in ours.transfers and "taproom_rent" in facts.metadata:
            rent = facts.metadata["taproom_rent"]
            yield Difference(pk, f"Stripe sent it for rent {rent}; it is not recorded here.")


def _one(stripe: Transfers, transfer_id: str) -> TransferFacts | None:
    try:
        return stripe.read(transfer_id)
    except StripeRefused:
        return None


def _compare(row: RentTransfer, facts: TransferFacts) -> Iterator[Difference]:
    here, there = _told(row.amount_minor, row.currency), _told(facts.amount_minor, facts.currency)
    if here != there:
        yield Difference(facts.transfer_id, f"Here {here} was sent, at Stripe {there}.")
    if row.destination != facts.destination:
        words = f"Here it went to {row.destination}, at Stripe to {facts.destination}."
        yield Difference(facts.transfer_id, words)
    if row.reversed_minor != facts.reversed_minor:
        back = _told(facts.reversed_minor, facts.currency)
        words = f"Here {_told(row.reversed_minor, row.currency)} came back, at Stripe {back}."
        yield Difference(facts.transfer_id, words)


def _charges(stripe: Charges, ours: _Ours) -> Iterator[Difference]:
    for rent in ours.rents:
        pk = rent.stripe_charge_id
        try:
            facts = stripe.read(pk)
        except StripeRefused:
            yield Difference(pk, f"{rent}: Stripe does not know this charge.")
            continue
        received = _sum(ours, rent, Kind.RECEIVED, pk)
        came = facts.amount_minor if facts.status == "succeeded" else 0
        if received != came:
            words = f"{rent}: {_told(came, facts.currency)} came, the ledger says"
            yield Difference(pk, f"{words} {_told(received, rent.currency)}. Ask Stripe again.")
        back = -_sum(ours, rent, Kind.RETURNED, f"{pk} refunded")
        if back != facts.refunded_minor:
            words = f"{rent}: {_told(facts.refunded_minor, facts.currency)} was refunded, the"
            yield Difference(pk, f"{words} ledger says {_told(back, rent.currency)}.")


def _sum(ours: _Ours, rent: RentPayment, kind: HouseEntry.Kind, source: str) -> int:
    return sum(
        entry.amount_minor
        for entry in ours.entries
        if entry.rent_id == rent.pk and entry.kind == kind and entry.source.startswith(source)
    )


def _movements(
    stripe: Movements, ours: _Ours, since: datetime, now: datetime, seen: list[str]
) -> Iterator[Difference]:
    """Compare balance transactions with the ledger by their source: transfers and disputes."""
    told: dict[str, int] = {}
    for entry in ours.entries:
        told[entry.source] = told.get(entry.source, 0) + entry.amount_minor
    there: dict[str, int] = {}
    for facts in stripe.list(since=since, until=now):
        seen.append(facts.movement_id)
        if facts.kind in ("transfer", "transfer_refund", "adjustment"):
            there[facts.source_id] = there.get(facts.source_id, 0) + facts.amount_minor
    known = {one.source for one in ours.entries if one.happened_at >= since}
    for source in sorted(known & set(there)):
        if told[source] != there[source]:
            words = f"The ledger moves {told[source]}, Stripe's balance {there[source]}"
            yield Difference(source, f"{words} (minor units).")
    for source in sorted(known - set(there)):
        if source.startswith(("tr_", "du_", "dp_")):
            yield Difference(source, "The ledger knows it, Stripe's balance does not.")


def _told(minor: int, currency: str) -> str:
    return Money(minor, currency).display()
