"""Prove an invoice: reckon each figure on it anew in Python and compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum

from billing.models import (
    Assignment,
    BillingPeriod,
    Invoice,
    InvoiceLine,
    OneOffItem,
    Price,
    RecurringFee,
    WalletEntry,
)
from billing.queries.content import sha256_of
from billing.queries.evidence import Evidence, evidence_of, held_days
from billing.queries.statement import CHARGES
from billing.rating import ZERO, rounded

Source = InvoiceLine.Source


@dataclass(frozen=True, slots=True)
class Step:
    """One figure: what stands there and what was reckoned.

    `agrees` is None where usage changed after the invoice and the difference waits for the next.
    """

    what: str
    stands: str
    reckoned: str
    agrees: bool | None
    note: str = ""


def is_proven(steps: list[Step]) -> bool:
    """Return whether nothing differs."""
    return all(step.agrees is not False for step in steps)


def prove(invoice: Invoice) -> list[Step]:
    """Return each figure of a finalized invoice beside the reckoned one, the hash first.

    Lines are compared with events and prices as they are now, over all invoices that are not void.
    """
    lines = list(invoice.lines.order_by("position"))
    period = BillingPeriod.objects.select_related("organization").get(pk=invoice.period_id)
    steps = [
        _hash(invoice, period, lines),
        _compared("sum of the lines", invoice.total_minor, sum(x.amount_minor for x in lines)),
        _compared("number of lines", invoice.lines_count, len(lines)),
        _compared("charges before tax", invoice.net_minor, _net(lines)),
        _compared("tax", invoice.tax_minor, tax_of(invoice)),
    ]
    if invoice.state == Invoice.State.VOID:  # its charges are on the invoice that replaced it
        return steps
    return steps + [_prove_line(invoice, line) for line in lines if line.source != Source.TAX]


def tax_of(invoice: Invoice) -> int:
    """Return the tax upon an invoice's charges, or within them, rounded half-up once."""
    net, percentage = Decimal(invoice.net_minor), invoice.tax_percentage
    if invoice.tax_is_inclusive:
        return invoice.net_minor - rounded(net / (1 + percentage / 100), invoice.currency)
    return rounded(net * percentage / 100, invoice.currency)


def _hash(invoice: Invoice, period: BillingPeriod, lines: list[InvoiceLine]) -> Step:
    reckoned = sha256_of(invoice, period, lines)
    agrees = reckoned == invoice.content_sha256
    return Step("content hash", invoice.content_sha256[:16], reckoned[:16], agrees)


def _net(lines: list[InvoiceLine]) -> int:
    return sum(line.amount_minor for line in lines if line.kind in CHARGES)


def _compared(what: str, stands: int, reckoned: int, note: str = "") -> Step:
    return Step(what, str(stands), str(reckoned), stands == reckoned, note)


def _prove_line(invoice: Invoice, line: InvoiceLine) -> Step:
    what = f"line {line.position}: {line.description}"
    if line.source in (Source.USAGE, Source.MINIMUM, Source.FEE):
        return _prove_charge(invoice, line, what)
    if line.source == Source.ITEM:
        item = OneOffItem.objects.filter(pk=line.source_id).first()
        return _compared(what, _invoiced(line), item.amount_minor if item else 0, "the item")
    if line.source == Source.CARRIED_IN:
        return _compared(what, line.amount_minor, _carried_by(line.source_id), "carried out there")
    if line.source == Source.PREPAID:
        return _compared(what, line.amount_minor, _from_wallet(invoice), "the wallet")
    # What is carried on or waived leaves nothing to pay.
    return _compared(what, invoice.total_minor, 0, "leaves nothing to pay")


def _prove_charge(invoice: Invoice, line: InvoiceLine, what: str) -> Step:
    """Compare all lines of a source and period with what they must add up to."""
    period = period_of_line(line)
    if period is None:  # a fee in advance, of a period that has not begun
        return _prove_advance(invoice, line, what)
    exact, note = _owed(line, period)
    stands, reckoned = _invoiced(line), rounded(exact, invoice.currency)
    if line.source == Source.MINIMUM:
        reckoned = _minimum(line, period, invoice.currency)
    agrees: bool | None = stands == reckoned
    if not agrees and period.recheck_at is not None:
        agrees, note = None, "usage or prices changed; the next invoice has the difference"
    return Step(what, str(stands), str(reckoned), agrees, note)


def period_of_line(line: InvoiceLine) -> BillingPeriod | None:
    """Return the period that a line charges for, once there is one."""
    rows = BillingPeriod.objects.select_related("organization")
    return rows.filter(organization=line.organization_id, starts_on=line.charged_from).first()


def _invoiced(line: InvoiceLine) -> int:
    """Return what invoices that are not void hold of a line's source and period."""
    rows = InvoiceLine.objects.filter(
        organization_id=line.organization_id,
        source=line.source,
        source_id=line.source_id,
        charged_from=line.charged_from,
    )
    rows = rows.exclude(invoice__state=Invoice.State.VOID)
    return int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)


def _owed(line: InvoiceLine, period: BillingPeriod) -> tuple[Decimal, str]:
    if line.source == Source.FEE:
        fee = RecurringFee.objects.get(pk=line.source_id)
        days = fee_days(fee, period)
        return fee_exact(fee, days, period), f"{days} of {period.whole_days} days"
    price = Price.objects.select_related("meter").prefetch_related("tiers").get(pk=line.source_id)
    evidence = evidence_of(price, period)
    return exact_of(evidence), f"{evidence.events} events"


def exact_of(evidence: Evidence) -> Decimal:
    """Return what usage costs, not rounded; nothing where there is none."""
    return evidence.rated.exact if evidence.rated else ZERO


def _minimum(line: InvoiceLine, period: BillingPeriod, currency: str) -> int:
    price = Price.objects.select_related("meter").prefetch_related("tiers").get(pk=line.source_id)
    least = Decimal(price.minimum_minor) * len(held_days(price, period)) / period.whole_days
    used = rounded(exact_of(evidence_of(price, period)), currency)
    return max(rounded(least, currency) - used, 0)


def fee_days(fee: RecurringFee, period: BillingPeriod) -> int:
    """Return for how many days of a period the organization held the fee's version."""
    rows = Assignment.objects.filter(
        organization_id=period.organization_id, version_id=fee.version_id
    ).values_list("starts_on", "ends_on")
    spans = [
        min(ends_on or period.ends_on, period.ends_on) - max(starts_on, period.starts_on)
        for starts_on, ends_on in rows
    ]
    return sum((span for span in spans if span > timedelta(0)), timedelta(0)).days


def fee_exact(fee: RecurringFee, days: int, period: BillingPeriod) -> Decimal:
    """Return what a fee comes to for some days of a period, not rounded."""
    if not fee.is_prorated:
        return Decimal(fee.amount_minor if days else 0)
    return Decimal(fee.amount_minor) * days / period.whole_days


def _prove_advance(invoice: Invoice, line: InvoiceLine, what: str) -> Step:
    fee = RecurringFee.objects.get(pk=line.source_id)
    exact = line.exact if fee.is_prorated else Decimal(fee.amount_minor)
    within = 0 <= line.amount_minor <= fee.amount_minor
    agrees = within and rounded(exact, invoice.currency) == line.amount_minor
    return Step(what, str(line.amount_minor), str(exact), agrees, "in advance, its days to come")


def _carried_by(invoice_id: UUID) -> int:
    rows = InvoiceLine.objects.filter(invoice=invoice_id, source=Source.CARRIED_OUT)
    return -int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)


def _from_wallet(invoice: Invoice) -> int:
    rows = WalletEntry.objects.filter(invoice=invoice, kind=WalletEntry.Kind.USED)
    return int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)


def named_invoices(names: list[str]) -> Iterator[Invoice]:
    """Yield the invoices of a number, an id of ours, or one of Stripe's."""
    for name in names:
        found = Q(number=name) | Q(push__stripe_id=name)
        with suppress(ValueError):
            found |= Q(pk=UUID(name))
        yield from Invoice.objects.filter(found).distinct()
