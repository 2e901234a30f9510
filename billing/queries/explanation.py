"""An invoice explained: whose, what each line is made of, and what happened to it since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from billing.models import (
    BillingPeriod,
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceStanding,
    Notice,
    Price,
    Push,
    RecurringFee,
    WalletEntry,
)
from billing.queries.evidence import Evidence, evidence_of
from billing.queries.proof import fee_days, period_of_line
from billing.rating import Rated
from core.money import Money
from payments.models import StripeEvent

Source = InvoiceLine.Source
MOST_APPS = 30


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its sentences."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to an invoice, here or at Stripe."""

    at: datetime
    words: str


def explain(invoice: Invoice) -> list[Section]:
    """Return an invoice in words, part by part. Reads its usage events."""
    lines = invoice.lines.order_by("position")
    return [
        Section(f"Invoice {invoice.number or 'draft'}", tuple(_head(invoice))),
        *(Section(_title(line, invoice), tuple(_of_line(line, invoice))) for line in lines),
        Section("What happened, in order of time", tuple(_timeline(invoice))),
    ]


def _head(invoice: Invoice) -> Iterator[str]:
    period = BillingPeriod.objects.select_related("organization").get(pk=invoice.period_id)
    organization = period.organization
    yield f"Ours: {invoice.pk}. At Stripe: {_stripe_id(invoice) or 'nothing yet'}."
    yield f"Organization {organization.code} ({organization.name}), {organization.pk}."
    yield (
        f"Period {period.starts_on} up to, but without, {period.ends_on}, on the clock of "
        f"{organization.time_zone}: {period.starts_at:%Y-%m-%d %H:%M} to "
        f"{period.ends_at:%Y-%m-%d %H:%M} UTC."
    )
    yield f"State {invoice.state}. To pay: {_money(invoice.total_minor, invoice)}."
    yield f"Charges before tax: {_money(invoice.net_minor, invoice)}."
    if invoice.tax_minor:
        how = "within the prices" if invoice.tax_is_inclusive else "on top"
        rate = f"{invoice.tax_percentage.normalize():f} %"
        yield f"{invoice.tax_name} {rate}, {how}: {_money(invoice.tax_minor, invoice)}."
    if invoice.content_sha256:
        yield f"Content hash: {invoice.content_sha256}."


def _stripe_id(invoice: Invoice) -> str | None:
    push = Push.objects.filter(invoice=invoice).first()
    return push.stripe_id if push else None


def _money(minor: int, invoice: Invoice) -> str:
    return str(Money(minor, invoice.currency))


def _title(line: InvoiceLine, invoice: Invoice) -> str:
    return f"Line {line.position}: {line.description}, {_money(line.amount_minor, invoice)}"


def _of_line(line: InvoiceLine, invoice: Invoice) -> Iterator[str]:
    yield f"Kind {line.kind}; {line.starts_on} up to, but without, {line.ends_on}; {line.pk}."
    if line.source in (Source.USAGE, Source.MINIMUM):
        yield from _of_usage(line, invoice)
    elif line.source == Source.FEE:
        yield from _of_fee(line)
    elif line.source == Source.CARRIED_IN:
        other = Invoice.objects.filter(pk=line.source_id).values_list("number", flat=True).first()
        yield f"Left over on invoice {other}: too small to be charged then, or a credit."
    elif line.source in (Source.CARRIED_OUT, Source.WAIVED):
        yield "Nothing is to be paid of this invoice for that reason."
    elif line.source == Source.PREPAID:
        yield "Taken from credit that was paid ahead."
    elif line.source == Source.TAX:
        yield f"{invoice.tax_percentage.normalize():f} % of {_money(invoice.net_minor, invoice)}."
    yield f"Exact {_plain(line.exact)}, rounded half-up once: {line.amount_minor} minor units."


def _of_usage(line: InvoiceLine, invoice: Invoice) -> Iterator[str]:
    period = period_of_line(line)
    price = Price.objects.select_related("meter", "version__plan").prefetch_related("tiers").get(
        pk=line.source_id
    )  # fmt: skip
    yield (
        f"Meter {price.meter.code} ({price.meter.aggregation}), {price.version}, {price.model} "
        f"price {price.pk} in force from {price.starts_on}."
    )
    if period is None:
        return
    evidence = evidence_of(price, period)
    yield f"Held on {evidence.days} of {period.whole_days} days; {evidence.events} events count."
    if line.kind in ("late", "credit"):
        yield (
            f"It is the difference to what earlier invoices held of the period from "
            f"{line.charged_from}, at the price then valid."
        )
    if line.source == Source.MINIMUM:
        least = _money(price.minimum_minor, invoice)
        yield f"At least {least} is owed for a whole period; this is what usage fell short of."
    yield from _of_evidence(evidence)


def _of_evidence(evidence: Evidence) -> Iterator[str]:
    for number, (name, quantity) in enumerate(evidence.by_dimensions.items()):
        if number == MOST_APPS:
            yield f"... and {len(evidence.by_dimensions) - MOST_APPS} more."
            break
        yield f"{name}: {_plain(quantity)}."
    if evidence.rated:
        yield from tiers_walked(evidence.rated)
    if evidence.late_count:
        yield f"{evidence.late_count} events came after the period was closed:"
        for used in evidence.late:
            yield (
                f"event {used.key}: {_plain(used.quantity)} at {_moment(used.time)}, came "
                f"{_moment(used.received_at)}."
            )


def tiers_walked(rated: Rated) -> Iterator[str]:
    """Yield how a quantity became an amount, tier by tier."""
    yield (
        f"Quantity {_plain(rated.quantity)}, {_plain(rated.included)} included, "
        f"{_plain(rated.units)} to be rated."
    )
    for step in rated.steps:
        until = f"up to {_plain(step.up_to)}" if step.up_to is not None else "without end"
        flat = f" + {_plain(step.flat)} flat" if step.flat else ""
        yield (
            f"Tier above {_plain(step.above)} {until}: {_plain(step.units)} x "
            f"{_plain(step.rate)}{flat} = {_plain(step.exact)} minor units."
        )
    yield f"Together {_plain(rated.exact)} minor units for the whole period by now."


def _of_fee(line: InvoiceLine) -> Iterator[str]:
    fee = RecurringFee.objects.select_related("version__plan").get(pk=line.source_id)
    period = period_of_line(line)
    yield f"Fee of {fee.version}, {fee.get_timing_display().lower()}."
    if period is not None:
        part = "by the day" if fee.is_prorated else "whole, however many days"
        days = fee_days(fee, period)
        held = f"held on {days} of {period.whole_days} days"
        yield f"{fee.amount_minor} for a period; {held}, {part}."


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _timeline(invoice: Invoice) -> Iterator[str]:
    for one in sorted(_happenings(invoice), key=lambda one: one.at):
        yield f"{_moment(one.at)}: {one.words}"


def _happenings(invoice: Invoice) -> Iterator[Happening]:
    yield Happening(invoice.compiled_at, "compiled as a draft")
    if invoice.finalized_at:
        yield Happening(invoice.finalized_at, f"finalized as {invoice.number}")
    if invoice.voided_at:
        yield Happening(invoice.voided_at, f"voided: {invoice.void_reason}")
    notes = list(CreditNote.objects.filter(invoice=invoice))
    for note in notes:
        amount = Money(note.amount_minor, note.currency)
        words = f"credit note {note.number} ({note.pk}) of {amount}, {note.settled_by}"
        yield Happening(note.created_at, f"{words}: {note.reason}")
        if note.voided_at:
            yield Happening(note.voided_at, f"credit note {note.number} voided")
    for entry in WalletEntry.objects.filter(invoice=invoice):
        words = f"prepaid credit {entry.kind} {Money(entry.amount_minor, invoice.currency)}"
        yield Happening(entry.created_at, f"{words} ({entry.pk})")
    for told in Notice.objects.filter(invoice=invoice):
        yield Happening(told.created_at, f"told to the organization: {told.title}")
    yield from _at_stripe(Push.objects.filter(invoice=invoice))
    yield from _at_stripe(Push.objects.filter(credit_note__in=notes))
    yield from _standing(invoice)


def _at_stripe(pushes: Iterable[Push]) -> Iterator[Happening]:
    for push in pushes:
        name = f"push {push.pk}"
        yield Happening(push.created_at, f"{name} queued")
        for call in push.log.all():
            detail = f" {call.detail}" if call.detail else ""
            key = f", key {call.idempotency_key}" if call.idempotency_key else ""
            yield Happening(call.created_at, f"{name}, {call.step}: {call.outcome}{detail}{key}")
        if push.done_at:
            yield Happening(push.done_at, f"{name} done; at Stripe {push.stripe_id}")
        if push.stripe_id:
            for event in StripeEvent.objects.filter(object_id=push.stripe_id):
                words = f"Stripe said {event.type} ({event.stripe_event_id})"
                yield Happening(event.stripe_created_at, f"{words}, {event.outcome or 'waiting'}")


def _standing(invoice: Invoice) -> Iterator[Happening]:
    standing = InvoiceStanding.objects.filter(invoice=invoice).first()
    if standing is None:
        return
    if standing.paid_at:
        how = " outside of Stripe" if standing.is_paid_out_of_band else ""
        yield Happening(standing.paid_at, f"paid {_money(standing.paid_minor, invoice)}{how}")
    if standing.failed_at:
        yield Happening(standing.failed_at, f"payment failed: {standing.failure}")
    if standing.overdue_at:
        yield Happening(standing.overdue_at, "past due")
    if standing.read_at:
        yield Happening(standing.read_at, f"read again from Stripe: {standing.state}")
