"""The daily ledger: the balance at Stripe day by day, against what the apps know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from core.models import Tenant
from core.money import Money
from core.periods import start_of_day
from core.tenancy import scope
from payments.books import Expected, books
from payments.gateway import StripeRefused
from payments.gateway.charges import Charges
from payments.gateway.movements import MovementFacts, Movements
from payments.models import Movement, StripeAccount

PAYMENTS, REFUNDS, FAILURES = "Payments", "Refunds", "Refund failures"
DISPUTES, FEES, TRANSFERS = "Disputes", "Fees", "Transfers"
PAYOUTS, OTHER = "Payouts", "Other"
CATEGORIES: Final = (
    PAYMENTS, REFUNDS, FAILURES, DISPUTES, FEES, TRANSFERS, PAYOUTS, OTHER
)  # fmt: skip

# Source: Stripe, Balance transaction types.
_BY_KIND: Final = {
    "charge": PAYMENTS,
    "payment": PAYMENTS,
    "refund": REFUNDS,
    "payment_refund": REFUNDS,
    "partial_capture_reversal": REFUNDS,
    "refund_failure": FAILURES,
    "payment_failure_refund": FAILURES,
    "payment_reversal": FAILURES,
    "stripe_fee": FEES,
    "tax_fee": FEES,
    "stripe_fx_fee": FEES,
    "application_fee": FEES,
    "application_fee_refund": FEES,
    "transfer": TRANSFERS,
    "transfer_cancel": TRANSFERS,
    "transfer_failure": TRANSFERS,
    "transfer_refund": TRANSFERS,
    "payout": PAYOUTS,
    "payout_cancel": PAYOUTS,
    "payout_failure": PAYOUTS,
}
_KNOWN_HERE: Final = (PAYMENTS, REFUNDS, FAILURES, DISPUTES, TRANSFERS)
# What belongs to a day may be booked beside it: a bank debit, another clock.
MARGIN: Final = timedelta(days=1)
MOST_ASKED: Final = 500
BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One category of one day in one currency, in minor units; `ours` is None where only Stripe
    can know, as with fees and payouts.
    """

    day: date
    currency: str
    category: str
    stripe_minor: int
    ours_minor: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the balance and the apps disagree: Stripe's id, what is wrong, what to do."""

    source_id: str
    words: str


@dataclass(slots=True)
class DailyLedger:
    """The lines of some days, the change of the balance in each, and each difference."""

    movements: int = 0
    lines: list[Line] = field(default_factory=list)
    net: dict[tuple[date, str], int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)


def reconcile_balance(
    *,
    tenant_id: UUID,
    first_day: date,
    last_day: date,
    now: datetime,
    tell: Callable[[int], None] = lambda count: None,
) -> DailyLedger:
    """Hold the days (the tenant's, both included) of Stripe's balance against all books.

    Keeps Stripe's balance transactions as they are; nothing else is written, and repeating finds
    the same. `tell` gets the count of movements read. Raises StripeUnavailable,
    StripeAccount.DoesNotExist.
    """
    with scope(tenant_id):
        account = StripeAccount.objects.get()
        zone = Tenant.objects.get(pk=tenant_id).zone
    since = start_of_day(first_day, zone)
    until = min(start_of_day(last_day + timedelta(days=1), zone), now)
    _fetch(account, since - MARGIN, min(until + MARGIN, now + timedelta(minutes=1)), tell)
    with scope(tenant_id):
        rows = list(Movement.objects.filter(made_at__gte=since, made_at__lt=until))
        expected = _expected_of({row.source_id for row in rows if row.source_id})
    strangers = _strangers(rows, expected)
    claimed = _claimed(account, strangers)
    with scope(tenant_id):
        return _compare(rows, expected, claimed, _missing(since, until), zone)


def _fetch(
    account: StripeAccount, since: datetime, until: datetime, tell: Callable[[int], None]
) -> None:
    batch: list[MovementFacts] = []
    for facts in Movements(account).list(since=since, until=until):
        batch.append(facts)
        if len(batch) == BATCH:
            _store(account, batch)
            tell(len(batch))
            batch = []
    _store(account, batch)
    tell(len(batch))


def _store(account: StripeAccount, batch: list[MovementFacts]) -> None:
    with scope(account.tenant_id):
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
            ignore_conflicts=True,
        )


def _expected_of(sources: set[str]) -> dict[str, Expected]:
    found: dict[str, Expected] = {}
    for book in books():
        found |= book.of(sources)
    return found


def category_of(row: Movement) -> str:
    """Return the category of a movement; disputes are adjustments whose source is one."""
    if row.kind == "adjustment" and row.source_id.startswith(("dp_", "du_")):
        return DISPUTES
    return _BY_KIND.get(row.kind, OTHER)


def _strangers(rows: Iterable[Movement], expected: dict[str, Expected]) -> list[str]:
    return sorted(
        {
            row.source_id
            for row in rows
            if category_of(row) == PAYMENTS and row.source_id not in expected
        }
    )


def _claimed(account: StripeAccount, strangers: list[str]) -> set[str]:
    """Return the charges that nobody keeps a row of, but whose customer is one of ours."""
    customers: dict[str, str] = {}
    for charge_id in strangers[:MOST_ASKED]:
        try:
            customers[charge_id] = Charges(account).read(charge_id).customer_id
        except StripeRefused:
            continue
    wanted = {customer for customer in customers.values() if customer}
    with scope(account.tenant_id):
        known = {one for book in books() for one in book.customers(wanted)}
    return {charge for charge, customer in customers.items() if customer in known}


def _compare(
    rows: list[Movement],
    expected: dict[str, Expected],
    claimed: set[str],
    missing: dict[str, Expected],
    zone: ZoneInfo,
) -> DailyLedger:
    ledger = DailyLedger(movements=len(rows))
    ledger.lines = _lines(rows, expected, claimed, missing, zone)
    for row in rows:
        day = row.made_at.astimezone(zone).date(), row.currency
        ledger.net[day] = ledger.net.get(day, 0) + row.amount_minor - row.fee_minor
    ledger.differences = [
        *_unknown(rows, expected, claimed),
        *_unequal(rows, expected),
        *(_not_there(source, one) for source, one in sorted(missing.items())),
    ]
    return ledger


def _missing(since: datetime, until: datetime) -> dict[str, Expected]:
    """Return what must have moved in the period, but of which Stripe has no movement at all."""
    wanted: dict[str, Expected] = {}
    for book in books():
        wanted |= book.between(since, until)
    there = set(
        Movement.objects.filter(source_id__in=list(wanted)).values_list("source_id", flat=True)
    )
    return {source: one for source, one in wanted.items() if source not in there}


def _lines(
    rows: list[Movement],
    expected: dict[str, Expected],
    claimed: set[str],
    missing: dict[str, Expected],
    zone: ZoneInfo,
) -> list[Line]:
    theirs: dict[tuple[date, str, str], int] = defaultdict(int)
    ours: dict[tuple[date, str, str], int] = defaultdict(int)
    for row in rows:
        key = (row.made_at.astimezone(zone).date(), row.currency, category_of(row))
        theirs[key] += (
            -row.fee_minor if key[2] == FEES and not row.amount_minor else row.amount_minor
        )
        if key[2] != FEES and row.fee_minor:
            theirs[key[0], key[1], FEES] -= row.fee_minor
        if row.source_id in expected or row.source_id in claimed:
            ours[key] += row.amount_minor
    for source, off in _amounts_off(rows, expected):
        row = next(row for row in rows if row.source_id == source)
        ours[row.made_at.astimezone(zone).date(), row.currency, category_of(row)] += off
    for source, one in missing.items():
        if one.happened_at is not None:
            day = one.happened_at.astimezone(zone).date()
            ours[day, one.currency, _category_of_source(source)] += one.amount_minor
    keys = sorted({*theirs, *ours}, key=lambda k: (k[0], k[1], CATEGORIES.index(k[2])))
    return [Line(*key, theirs[key], ours[key] if key[2] in _KNOWN_HERE else None) for key in keys]


def _category_of_source(source: str) -> str:
    by_prefix = {"re": REFUNDS, "pyr": REFUNDS, "dp": DISPUTES, "du": DISPUTES, "tr": TRANSFERS}
    return by_prefix.get(source.partition("_")[0], PAYMENTS)


def _sums(sources: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return what Stripe's balance moved for each source in all, by currency."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    rows = Movement.objects.filter(source_id__in=list(sources))
    for source, currency, amount in rows.values_list("source_id", "currency", "amount_minor"):
        sums[source, currency] += amount
    return sums


def _amounts_off(rows: list[Movement], expected: dict[str, Expected]) -> list[tuple[str, int]]:
    """Return by how much the apps expect more or less than Stripe moved, for each source.

    What Stripe converted into another currency is not compared: its amount is not ours.
    """
    sources = sorted({row.source_id for row in rows if row.source_id in expected})
    sums = _sums(sources)
    off = []
    for source in sources:
        one = expected[source]
        moved = sums.get((source, one.currency))
        if moved is not None and moved != one.amount_minor:
            off.append((source, one.amount_minor - moved))
    return off


def _unequal(rows: list[Movement], expected: dict[str, Expected]) -> list[Difference]:
    found = []
    for source, off in _amounts_off(rows, expected):
        one = expected[source]
        moved = Money(one.amount_minor - off, one.currency).display()
        ours = Money(one.amount_minor, one.currency).display()
        words = (
            f"Stripe moved {moved} for the {one.what}, here it is {ours}."
            " Run reconcile_stripe_events, then look at it again."
        )
        found.append(Difference(source, words))
    return found


def _unknown(
    rows: list[Movement], expected: dict[str, Expected], claimed: set[str]
) -> list[Difference]:
    found = []
    for row in rows:
        is_known = row.source_id in expected or row.source_id in claimed
        if is_known or category_of(row) not in _KNOWN_HERE:
            continue
        words = (
            f"Stripe moved {row.amount.display()} ({row.kind}, {row.stripe_movement_id}), and"
            " nothing here knows it. Run reconcile_stripe_events; if it stays, somebody did it in"
            " Stripe's dashboard or with another program."
        )
        found.append(Difference(row.source_id or row.stripe_movement_id, words))
    return found


def _not_there(source: str, one: Expected) -> Difference:
    amount = Money(one.amount_minor, one.currency).display()
    words = (
        f"Here the {one.what} is {amount}; Stripe's balance has no movement of it."
        " Look it up in Stripe's dashboard: it may belong to another account, or not be settled."
    )
    return Difference(source, words)
