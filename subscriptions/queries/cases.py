"""Cases as lists, found by any id, and what a house was sent and is owed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Min, Prefetch, Q, QuerySet, Sum

from core.money import Money
from subscriptions.models import (
    Case,
    House,
    HouseEntry,
    Lease,
    RentDispute,
    RentPayment,
    RentTransfer,
    Resident,
)
from subscriptions.queries.rent_case import days_left

Kind = HouseEntry.Kind
LONGEST_ID = 255
MOST = 50


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One line of the worklist."""

    case: Case
    dispute: RentDispute | None
    transfer: RentTransfer | None
    days_left: int | None

    @property
    def amount(self) -> Money:
        """What the rent is."""
        rent = self.case.rent
        return Money(rent.amount_minor or rent.paid_minor, rent.currency)


def cases() -> QuerySet[Case]:
    """Return all cases with what a list shows of them, the nearest deadline first."""
    open_disputes = Q(rent__disputes__status__in=RentDispute.ANSWERABLE)
    deadline = Min("rent__disputes__answer_by", filter=open_disputes)
    disputes = Prefetch("rent__disputes", to_attr="all_disputes")
    transfers = Prefetch("rent__transfers", to_attr="all_transfers")
    rows = Case.objects.select_related("owner", "rent__lease__house", "rent__resident")
    return (
        rows.prefetch_related(disputes, transfers)
        .annotate(deadline=deadline)
        .order_by("deadline", "-opened_at", "id")
    )


CAUSES = {
    "answer": Q(rent__disputes__status__in=RentDispute.ANSWERABLE, rent__disputes__submissions=0),
    "disputed": Q(rent__disputes__status__in=["needs_response", "under_review"]),
    "inquiry": Q(rent__disputes__status__startswith="warning_")
    & ~Q(rent__disputes__status="warning_closed"),
    "lost": Q(rent__disputes__status="lost"),
    "warning": Q(rent__warnings__isnull=False, rent__warnings__cleared_at=None),
    "held": Q(rent__transfers__state__in=["held", "refused"]),
    "refused": Q(rent__transfers__state="refused"),
    "reversal": Q(rent__transfers__reversals__state__in=["proposed", "refused"]),
}


def cases_of(*, state: str, owner_id: UUID | None, cause: str) -> QuerySet[Case]:
    """Return cases narrowed by state, owner and cause; empty means all."""
    rows = cases()
    if state:
        rows = rows.filter(state=state)
    if owner_id is not None:
        rows = rows.filter(owner_id=owner_id)
    if cause in CAUSES:
        hit = Case.objects.filter(CAUSES[cause]).values("pk")
        rows = rows.filter(pk__in=hit)
    return rows


def lines_of(found: Iterable[Case], now: datetime) -> list[CaseLine]:
    """Return what a list shows of cases that were read by `cases`."""
    return [_line(case, now) for case in found]


def _line(case: Case, now: datetime) -> CaseLine:
    disputes = case.rent.all_disputes  # type: ignore[attr-defined]  # prefetched
    transfers = case.rent.all_transfers  # type: ignore[attr-defined]  # prefetched
    dispute = next((one for one in disputes if one.is_open), None)
    standing = (one for one in transfers if one.state in RentTransfer.STANDING)
    left = days_left(dispute.answer_by, now) if dispute else None
    return CaseLine(
        case,
        dispute or (disputes[0] if disputes else None),
        next(standing, None) or (transfers[0] if transfers else None),
        left,
    )


def unjoined_disputes() -> QuerySet[RentDispute]:
    """Return disputes whose payment is not known yet."""
    return RentDispute.objects.filter(rent=None)


def due_disputes() -> QuerySet[RentDispute]:
    """Return disputes of rents that wait for an answer."""
    return RentDispute.objects.filter(
        status__in=RentDispute.ANSWERABLE, submissions=0, rent__isnull=False
    )


def rents_by_id(text: str) -> list[RentPayment]:
    """Return the rents that an id leads to, newest month first: "explain why" from either end.

    The id may be Stripe's of a charge, invoice, payment intent, dispute, warning, transfer,
    reversal, subscription, customer or account; a lease's number, name or source id; a rent's
    source id; or one of ours.
    """
    text = text.strip().replace("\0", "")[:LONGEST_ID]
    if not text:
        return []
    wanted = Q(stripe_charge_id=text) | Q(stripe_invoice_id=text)
    wanted |= Q(stripe_payment_intent_id=text) | Q(source_id=text) | Q(lease__source_id=text)
    wanted |= Q(lease__name=text) | Q(disputes__stripe_dispute_id=text)
    wanted |= Q(warnings__stripe_warning_id=text) | Q(transfers__stripe_transfer_id=text)
    wanted |= Q(transfers__reversals__stripe_reversal_id=text)
    wanted |= Q(lease__stripe_subscription_id=text) | Q(resident__stripe_customer_id=text)
    wanted |= Q(lease__house__stripe_account_id=text) | Q(transfers__destination=text)
    if text.isascii() and text.isdigit() and int(text) < 2**63:
        wanted |= Q(lease__number=int(text))
    try:
        own = UUID(text)
    except ValueError:
        pass
    else:
        wanted |= Q(pk=own) | Q(lease_id=own) | Q(lease__house_id=own) | Q(transfers__pk=own)
        wanted |= Q(disputes__pk=own) | Q(cases__pk=own)
    hit = RentPayment.objects.filter(wanted).values("pk")
    rents = RentPayment.objects.filter(pk__in=hit).select_related("lease__house", "resident")
    return list(rents.order_by("-month", "pk")[:MOST])


def rents_of_resident(resident: Resident) -> QuerySet[RentPayment]:
    """Return the rents of a person, their own and those of their leases, newest month first."""
    theirs = Q(resident=resident) | Q(lease__resident=resident)
    rows = RentPayment.objects.filter(theirs).select_related("lease")
    return rows.order_by(F("month").desc(nulls_last=True), "-created_at", "-id")


def leases_by_id(text: str) -> list[Lease]:
    """Return leases without any rent that an id leads to."""
    text = text.strip().replace("\0", "")[:LONGEST_ID]
    wanted = Q(source_id=text) | Q(name=text) | Q(stripe_subscription_id=text)
    return list(Lease.objects.filter(wanted, rent_payments=None)[:MOST]) if text else []


@dataclass(frozen=True, slots=True)
class HouseBalance:
    """Sums of a house's ledger in one currency.

    `received` is what came less what went back; `held` what came and is not with the house;
    `owed` what residents still owe. `expected - written_off = received + owed`, and
    `received = sent - reversed + held`.
    """

    currency: str
    expected: Money
    written_off: Money
    received: Money
    sent: Money
    reversed: Money
    held: Money
    owed: Money


def house_balances(house: House | None) -> list[HouseBalance]:
    """Return the sums of a house's ledger, one for each currency, in scope."""
    rows = (
        HouseEntry.objects.filter(house=house)
        .order_by()
        .values_list("currency", "kind")
        .annotate(total=Sum("amount_minor"))
    )
    sums: dict[str, dict[str, int]] = {}
    for currency, kind, total in rows:
        sums.setdefault(currency, {})[kind] = total
    return [_balance(currency, by_kind) for currency, by_kind in sorted(sums.items())]


def _balance(currency: str, sums: dict[str, int]) -> HouseBalance:
    def of(*kinds: str) -> int:
        return sum(sums.get(kind, 0) for kind in kinds)

    received = of(Kind.RECEIVED, Kind.RETURNED, Kind.REINSTATED)
    sent, back = -of(Kind.SENT), of(Kind.REVERSED)
    expected, written_off = of(Kind.EXPECTED), -of(Kind.WRITTEN_OFF)
    amounts = (
        expected, written_off, received, sent, back,
        received - sent + back, expected - written_off - received,
    )  # fmt: skip
    return HouseBalance(currency, *(Money(amount, currency) for amount in amounts))


@dataclass(frozen=True, slots=True)
class HouseLine:
    """One line of the list of houses: sums by currency, how many transfers are held."""

    house: House
    balances: list[HouseBalance]
    held_transfers: int


def house_lines(houses: Iterable[House]) -> list[HouseLine]:
    """Return houses with their sums; two queries, however many houses."""
    found = list(houses)
    ids = [house.pk for house in found]
    held = dict(
        RentTransfer.objects.filter(house__in=ids, state=RentTransfer.State.HELD)
        .order_by()
        .values_list("house_id")
        .annotate(count=Count("pk"))
    )
    sums: dict[UUID, dict[str, dict[str, int]]] = {}
    rows = HouseEntry.objects.filter(house__in=ids).order_by()
    for house_id, currency, kind, total in rows.values_list(
        "house_id", "currency", "kind"
    ).annotate(total=Sum("amount_minor")):
        sums.setdefault(house_id, {}).setdefault(currency, {})[kind] = total
    return [
        HouseLine(
            house,
            [_balance(code, kinds) for code, kinds in sorted(sums.get(house.pk, {}).items())],
            held.get(house.pk, 0),
        )
        for house in found
    ]
