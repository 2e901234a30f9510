"""Why a line is what it is: price and version, tiers walked, days, minimum, rounding, lateness."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from django.db.models import Sum

from billing.models import Invoice, InvoiceLine, Organization, Price, RecurringFee
from billing.queries.calendar import BeforeBilling, Days, period_of
from billing.queries.statement import CHARGES
from billing.rating import ZERO, Rated, rate

# A source and the period that is charged for.
Key = tuple[str, UUID, date]


class LineLike(Protocol):
    """A line of a statement or of an invoice."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def source_id(self) -> UUID: ...  # noqa: D102
    @property
    def charged_from(self) -> date: ...  # noqa: D102
    @property
    def product(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102
    @property
    def starts_on(self) -> date: ...  # noqa: D102
    @property
    def ends_on(self) -> date: ...  # noqa: D102
    @property
    def quantity(self) -> Decimal | None: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def exact(self) -> Decimal: ...  # noqa: D102
    @property
    def amount_minor(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Earlier:
    """What invoices hold already for the same source and period."""

    quantity: Decimal = ZERO
    exact: Decimal = ZERO
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class Explained:
    """A line with what made it; `rated` is of all usage of its period, also what came before."""

    line: LineLike
    currency: str
    period: Days | None
    price: Price | None = None
    rated: Rated | None = None
    fee: RecurringFee | None = None
    earlier: Earlier = Earlier()
    net_minor: int = 0

    @property
    def days(self) -> int:
        """How many days the line is for."""
        return (self.line.ends_on - self.line.starts_on).days

    @property
    def is_late(self) -> bool:
        """Whether it settles a period that was invoiced before."""
        return self.line.source == "usage" and self.line.kind in {"late", "credit"}


def explain(
    lines: Sequence[LineLike],
    organization: Organization,
    *,
    currency: str,
    invoice: Invoice | None = None,
) -> list[Explained]:
    """Explain lines of a statement, or of `invoice`. At most four statements for any number."""
    prices = prices_of(lines)
    fees = _fees_of(lines)
    earlier = _earlier(lines, organization, invoice)
    net = sum(line.amount_minor for line in lines if line.kind in CHARGES)
    return [
        _with_rating(
            Explained(
                line=line,
                currency=currency,
                period=_period(line, organization),
                price=prices.get(line.source_id),
                fee=fees.get(line.source_id),
                earlier=earlier.get(_key(line), Earlier()),
                net_minor=net,
            ),
            lines,
        )
        for line in lines
    ]


def prices_of(lines: Iterable[LineLike]) -> dict[UUID, Price]:
    """Return the prices of lines by id, with meter, plan version and tiers."""
    ids = {line.source_id for line in lines if line.source in {"usage", "minimum"}}
    if not ids:
        return {}
    rows = Price.objects.filter(pk__in=ids).select_related("meter", "version__plan").order_by()
    return {price.pk: price for price in rows.prefetch_related("tiers")}


def _fees_of(lines: Iterable[LineLike]) -> dict[UUID, RecurringFee]:
    ids = {line.source_id for line in lines if line.source == "fee"}
    rows = RecurringFee.objects.filter(pk__in=ids).select_related("version__plan")
    return {fee.pk: fee for fee in rows} if ids else {}


def _key(line: LineLike) -> Key:
    return line.source, line.source_id, line.charged_from


def _earlier(
    lines: Sequence[LineLike], organization: Organization, invoice: Invoice | None
) -> dict[Key, Earlier]:
    """Sum what was invoiced before, for lines that settle a period again."""
    again = [line for line in lines if line.kind in {"late", "credit"} and line.source != "item"]
    if not again:
        return {}
    rows = InvoiceLine.objects.filter(
        organization_id=organization.pk,
        charged_from__in={line.charged_from for line in again},
        source_id__in={line.source_id for line in again},
    ).exclude(invoice__state=Invoice.State.VOID)
    if invoice is not None:
        rows = rows.filter(invoice__created_at__lt=invoice.created_at)
    sums = rows.values_list("source", "source_id", "charged_from").annotate(
        Sum("quantity"), Sum("exact"), Sum("amount_minor")
    )
    return {
        (source, pk, day): Earlier(quantity or ZERO, exact, int(amount))
        for source, pk, day, quantity, exact, amount in sums.order_by()
    }


def _period(line: LineLike, organization: Organization) -> Days | None:
    try:
        return period_of(line.charged_from, organization)
    except BeforeBilling:
        return None


def _with_rating(found: Explained, lines: Sequence[LineLike]) -> Explained:
    """Walk the tiers for a line of usage, and for a minimum those of its usage."""
    if found.price is None:
        return found
    total = found.earlier.quantity + (found.line.quantity or ZERO)
    if found.line.source == "minimum":
        key = ("usage", found.line.source_id, found.line.charged_from)
        used = next((line for line in lines if _key(line) == key), None)
        total = (used.quantity if used else None) or ZERO
    rated = rate(total, found.price, list(found.price.tiers.all()))
    return replace(found, rated=rated)
