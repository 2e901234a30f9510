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
from payments.models import Movement, StripeAccount
from payments.operations.ledger_reading import (
    MARGIN,
    MOST_ASKED,
    expected_of,
    learn,
    read_movements,
    read_whole,
)

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
_PAST_LIMIT: Final = (
    f"at most {MOST_ASKED} sources that nobody here knows are asked about in one run."
    " Run it again, or for fewer days."
)
_CONVERTED: Final = "Stripe's balance is in another currency than they were paid in."
_UNTOLD: Final = "they are known by their id alone, and Stripe does not tell their amount."


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
    """The lines of some days, the change of the balance in each, and each difference.

    `learned` counts what was asked for at Stripe and kept, since nobody knew of it before;
    `left_out` says in words what was not compared, and why; with `is_unfinished` a second run
    would compare more of it.
    """

    movements: int = 0
    lines: list[Line] = field(default_factory=list)
    net: dict[tuple[date, str], int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    learned: int = 0
    left_out: list[str] = field(default_factory=list)
    is_unfinished: bool = False


@dataclass(frozen=True, slots=True)
class _Days:
    """The rows of the days, and what is known of them here."""

    rows: list[Movement]
    expected: dict[str, Expected]
    missing: dict[str, Expected]
    unasked: frozenset[str]
    zone: ZoneInfo


def reconcile_balance(
    *,
    tenant_id: UUID,
    first_day: date,
    last_day: date,
    now: datetime,
    tell: Callable[[int], None] = lambda count: None,
) -> DailyLedger:
    """Hold the days (the tenant's, both included) of Stripe's balance against all books.

    Keeps Stripe's balance transactions as they are. What no book knows is asked for, and kept by
    the app whose it is, as if its event had come; repeating finds the same. `tell` gets the count
    of movements read. Raises StripeUnavailable, StripeAccount.DoesNotExist.
    """
    with scope(tenant_id):
        account = StripeAccount.objects.get()
        zone = Tenant.objects.get(pk=tenant_id).zone
    since = start_of_day(first_day, zone)
    until = min(start_of_day(last_day + timedelta(days=1), zone), now)
    end = min(until + MARGIN, now + timedelta(minutes=1))
    reading = read_movements(account, since - MARGIN, end, tell)
    learned = learn(account, reading.unknown, now)
    with scope(tenant_id):
        rows, expected = _known(since, until)
        off = [source for source, _ in _amounts_off(rows, expected)]
    unread = read_whole(account, off)
    with scope(tenant_id):
        rows, expected = _known(since, until)
        days = _Days(rows, expected, _missing(since, until), learned.unasked, zone)
        ledger = _compare(days)
        ledger.differences += _vanished(rows, reading.seen)
        ledger.learned = learned.count
        ledger.left_out = _left_out(days, unread)
        ledger.is_unfinished = bool(learned.unasked or unread)
        return ledger


def _known(since: datetime, until: datetime) -> tuple[list[Movement], dict[str, Expected]]:
    rows = list(Movement.objects.filter(made_at__gte=since, made_at__lt=until))
    return rows, expected_of({row.source_id for row in rows if row.source_id})


def category_of(row: Movement) -> str:
    """Return the category of a movement; disputes are adjustments whose source is one."""
    if row.kind == "adjustment" and row.source_id.startswith(("dp_", "du_")):
        return DISPUTES
    return _BY_KIND.get(row.kind, OTHER)


def _compare(days: _Days) -> DailyLedger:
    ledger = DailyLedger(movements=len(days.rows))
    ledger.lines = _lines(days)
    for row in days.rows:
        day = row.made_at.astimezone(days.zone).date(), row.currency
        ledger.net[day] = ledger.net.get(day, 0) + row.amount_minor - row.fee_minor
    ledger.differences = [
        *_unknown(days),
        *_unequal(days.rows, days.expected),
        *(_not_there(source, one) for source, one in sorted(days.missing.items())),
    ]
    return ledger


def _vanished(rows: list[Movement], seen: set[str]) -> list[Difference]:
    words = (
        "It was in Stripe's balance when it was read before, and is not any more."
        " Look it up in Stripe's dashboard, and ask Stripe's support."
    )
    gone = [row for row in rows if row.stripe_movement_id not in seen]
    return [Difference(row.stripe_movement_id, words) for row in gone]


def _left_out(days: _Days, unread: frozenset[str]) -> list[str]:
    """Say what was not compared: past a limit, in another currency, of an unknown amount."""
    sums = _sums(days.expected)
    there = {source for source, _ in sums}
    converted = [
        source
        for source, one in days.expected.items()
        if one.amount_minor is not None and source in there and (source, one.currency) not in sums
    ]
    untold = [one for one in days.expected.values() if one.amount_minor is None]
    said = [
        (len(days.unasked | unread), _PAST_LIMIT),
        (len(converted), _CONVERTED),
        (len(untold), _UNTOLD),
    ]
    return [f"{count} not compared: {words}" for count, words in said if count]


def _missing(since: datetime, until: datetime) -> dict[str, Expected]:
    """Return what must have moved in the period, but of which Stripe has no movement at all."""
    wanted: dict[str, Expected] = {}
    for book in books():
        wanted |= book.between(since, until)
    there = set(
        Movement.objects.filter(source_id__in=list(wanted)).values_list("source_id", flat=True)
    )
    return {source: one for source, one in wanted.items() if source not in there}


def _lines(days: _Days) -> list[Line]:
    theirs: dict[tuple[date, str, str], int] = defaultdict(int)
    ours: dict[tuple[date, str, str], int] = defaultdict(int)
    zone, rows, expected = days.zone, days.rows, days.expected
    for row in rows:
        key = (row.made_at.astimezone(zone).date(), row.currency, category_of(row))
        theirs[key] += (
            -row.fee_minor if key[2] == FEES and not row.amount_minor else row.amount_minor
        )
        if key[2] != FEES and row.fee_minor:
            theirs[key[0], key[1], FEES] -= row.fee_minor
        if row.source_id in expected:
            ours[key] += row.amount_minor
    for source, off in _amounts_off(rows, expected):
        row = next(row for row in rows if row.source_id == source)
        ours[row.made_at.astimezone(zone).date(), row.currency, category_of(row)] += off
    for source, one in days.missing.items():
        if one.happened_at is not None and one.amount_minor is not None:
            day = one.happened_at.astimezone(zone).date()
            ours[day, one.currency, _category_of_source(source)] += one.amount_minor
    keys = sorted({*theirs, *ours}, key=lambda k: (k[0], k[1], CATEGORIES.index(k[2])))
    return [Line(*key, theirs[key], ours[key] if key[2] in _KNOWN_HERE else None) for key in keys]


def _category_of_source(source: str) -> str:
    by_prefix = {"re": REFUNDS, "pyr": REFUNDS, "dp": DISPUTES, "du": DISPUTES}
    by_prefix |= {"tr": TRANSFERS, "trr": TRANSFERS}
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
        if moved is None or one.amount_minor is None:
            continue
        if moved != one.amount_minor:
            off.append((source, one.amount_minor - moved))
    return off


def _unequal(rows: list[Movement], expected: dict[str, Expected]) -> list[Difference]:
    found = []
    for source, off in _amounts_off(rows, expected):
        one = expected[source]
        amount = one.amount_minor or 0
        moved = Money(amount - off, one.currency).display()
        ours = Money(amount, one.currency).display()
        words = (
            f"Stripe moved {moved} for the {one.what}, here it is {ours}."
            " Run reconcile_stripe_events, then look at it again."
        )
        found.append(Difference(source, words))
    return found


def _unknown(days: _Days) -> list[Difference]:
    found = []
    for row in days.rows:
        is_known = row.source_id in days.expected or row.source_id in days.unasked
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
    amount = Money(one.amount_minor or 0, one.currency).display()
    words = (
        f"Here the {one.what} is {amount}; Stripe's balance has no movement of it."
        " Look it up in Stripe's dashboard: it may belong to another account, or not be settled."
    )
    return Difference(source, words)
