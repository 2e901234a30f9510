"""Credit notes: take back part of a finalized invoice, or all of it, never more than is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from django.db.models import F

from billing.models import (
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
    Notice,
    NumberSeries,
    Organization,
    Push,
    WalletEntry,
)
from billing.operations.numbering import take_numbers
from billing.operations.push.queue import queue_credit_note
from billing.operations.wallet import WalletTooLow, withdraw
from billing.queries.credit_content import note_sha256
from billing.queries.credits import CREDITABLE, credited_by_line, room_of, tax_upon
from core.currencies import get_currency
from core.jobs import enqueue
from core.models import User
from core.money import Money
from core.operations.outgoing import announce
from core.periods import today

log = structlog.get_logger(__name__)

Settled = CreditNote.Settled


class NotCreditable(Exception):
    """The invoice is a draft or void: a draft is compiled anew, of a void one nothing is owed."""


class CreditTooLarge(ValueError):
    """More than what is left of the invoice or of a line; `left_minor` says what that is."""

    def __init__(self, left: Money, *, of: str, line_id: UUID | None = None) -> None:
        super().__init__(f"Only {left} of {of} is left to be credited this way.")
        self.left_minor = left.minor
        self.line_id = line_id


class NothingLeft(Exception):
    """Nothing of the invoice is left to be credited this way."""


class AmountInvalid(ValueError):
    """The amount is not above zero, or not in the steps of its currency."""


class UnknownLine(ValueError):
    """The line is not of this invoice, is named twice, or cannot be credited by itself."""

    def __init__(self, line_id: UUID, words: str) -> None:
        super().__init__(words)
        self.line_id = line_id


class KeyUsedOtherwise(Exception):
    """The idempotency key issued a credit note of another invoice, amount or settlement."""


class AlreadyVoid(Exception):
    """The credit note is void already."""


class RefundIsOut(Exception):
    """The refund was handed to Stripe, so that the credit note stays."""


class CreditIsUsed(Exception):
    """The prepaid credit of the note has been used, so that it cannot be taken back."""


@dataclass(frozen=True, slots=True)
class Take:
    """What to take back of one line, in minor units before exclusive tax; all without an amount."""

    line_id: UUID
    amount_minor: int | None = None


def issue_credit_note(
    *,
    invoice_id: UUID,
    settled_by: str,
    reason: str,
    key: str | None,
    by: User | None,
    now: datetime,
    amount_minor: int | None = None,
    lines: Sequence[Take] = (),
) -> CreditNote:
    """Take back an amount with its tax, or lines to which their tax is added, or all that is left.

    In scope. The invoice's row lock makes notes take turns, so that together they never exceed
    it. The same key again returns the note that it issued. Raises NotCreditable, CreditTooLarge,
    NothingLeft, AmountInvalid, UnknownLine, KeyUsedOtherwise, Invoice.DoesNotExist.
    """
    invoice = Invoice.objects.select_for_update(of=("self",)).get(pk=invoice_id)
    if key and (earlier := CreditNote.objects.filter(idempotency_key=key).first()):
        return _same(earlier, invoice, settled_by, amount_minor, reason)
    if invoice.state != Invoice.State.FINAL:
        raise NotCreditable(f"Invoice {invoice} is {invoice.get_state_display().lower()}.")
    left = room_of(invoice).money(settled_by)
    parts = _parts(invoice, amount_minor, lines, left)
    total = sum(part.amount_minor for part in parts)
    if total > left.minor:
        raise CreditTooLarge(left, of=f"invoice {invoice}")
    note = _write(invoice, parts, settled_by=settled_by, reason=reason, key=key, by=by, now=now)
    _settle(note, invoice, by)
    _tell(note, invoice, now)
    # Stripe knows nothing of prepaid credit: a note kept here would lower what is open there.
    if settled_by != Settled.PREPAID:
        queue_credit_note(note, now=now)
    log.info("credit_note_issued", credit_note_id=str(note.pk), invoice_id=str(invoice.pk))
    return note


def forgive_invoice(*, invoice_id: UUID, reason: str, by: User | None, now: datetime) -> CreditNote:
    """Take back all that is still to be paid. Raises NotCreditable, NothingLeft."""
    return issue_credit_note(
        invoice_id=invoice_id,
        settled_by=Settled.OPEN_AMOUNT,
        reason=reason,
        key=None,
        by=by,
        now=now,
    )


def void_credit_note(*, note_id: UUID, by: User | None, now: datetime) -> CreditNote:
    """Take a credit note back; its number and figures stay.

    Raises AlreadyVoid, RefundIsOut, CreditIsUsed, CreditNote.DoesNotExist.
    """
    found = CreditNote.objects.get(pk=note_id)
    Invoice.objects.select_for_update(of=("self",)).get(pk=found.invoice_id)
    note = CreditNote.objects.select_for_update(of=("self",)).get(pk=note_id)
    if note.state == CreditNote.State.VOID:
        raise AlreadyVoid(f"Credit note {note} has been void since {note.voided_at}.")
    if note.settled_by == Settled.REFUND and _has_begun(note):
        raise RefundIsOut(f"The refund of {note} went to Stripe; money that left cannot be voided.")
    if note.settled_by == Settled.PREPAID:
        _take_from_wallet(note, by)
    note.state = CreditNote.State.VOID
    note.voided_at = now
    note.save(update_fields=["state", "voided_at"])
    queue_void(note, now=now)
    log.info("credit_note_voided", credit_note_id=str(note.pk), by=str(by.pk) if by else None)
    return note


def queue_void(note: CreditNote, *, now: datetime) -> None:
    """Have Stripe void its side; a note that it has not seen is not sent at all."""
    pushes = Push.objects.filter(credit_note=note)
    unseen = pushes.filter(key_used_at=None, stripe_id=None)
    # Counting an attempt takes the lease from a worker that is at it.
    if not unseen.update(
        state=Push.State.DROPPED, next_at=None, leased_until=None, attempts=F("attempts") + 1
    ):
        pushes.update(
            step=Push.Step.VOID,
            state=Push.State.QUEUED,
            next_at=now,
            leased_until=None,
            done_at=None,
            attempts=F("attempts") + 1,
            generation=F("generation") + 1,
        )
        enqueue("billing.wake_pushes")


def _same(
    earlier: CreditNote, invoice: Invoice, settled_by: str, amount: int | None, reason: str
) -> CreditNote:
    asked = (invoice.pk, settled_by, reason, amount or earlier.amount_minor)
    if asked != (earlier.invoice_id, earlier.settled_by, earlier.reason, earlier.amount_minor):
        raise KeyUsedOtherwise(f"This key issued credit note {earlier}, which differs.")
    return earlier


@dataclass(frozen=True, slots=True)
class _Part:
    line: InvoiceLine | None
    description: str
    amount_minor: int


def _parts(invoice: Invoice, amount: int | None, lines: Sequence[Take], left: Money) -> list[_Part]:
    if lines:
        return _parts_of_lines(invoice, lines)
    if amount is None and not left.minor:
        raise NothingLeft(f"Nothing of invoice {invoice} is left to be credited this way.")
    whole = left.minor if amount is None else amount
    _check_amount(whole, invoice.currency)
    return [_Part(None, f"Part of invoice {invoice.number}", whole)]


def _parts_of_lines(invoice: Invoice, takes: Sequence[Take]) -> list[_Part]:
    known = {line.pk: line for line in invoice.lines.all()}
    before = credited_by_line(invoice)
    parts: list[_Part] = []
    for take in takes:
        line = known.get(take.line_id)
        if line is None or any(part.line == line for part in parts):
            raise UnknownLine(
                take.line_id, f"Invoice {invoice} has no such line, or it came twice."
            )
        parts.append(_part_of(line, take, before.get(line.pk, 0), invoice.currency))
    return parts + _tax_part(invoice, parts, before, known.values())


def _part_of(line: InvoiceLine, take: Take, before: int, currency: str) -> _Part:
    if line.kind not in CREDITABLE or line.amount_minor <= 0:
        raise UnknownLine(line.pk, f"“{line.description}” is no charge that could be credited.")
    left = line.amount_minor - before
    amount = left if take.amount_minor is None else take.amount_minor
    if not left or amount > left:
        raise CreditTooLarge(Money(left, currency), of=f"“{line.description}”", line_id=line.pk)
    _check_amount(amount, currency)
    return _Part(line, line.description, amount)


def _tax_part(
    invoice: Invoice,
    parts: Sequence[_Part],
    before: dict[UUID, int],
    lines: object,
) -> list[_Part]:
    """Return the tax upon what is taken back: of all lines so far, less what was taken before.

    So lines credited one by one take back the tax of all of them, to the cent.
    """
    taxes = [line for line in lines if line.kind == InvoiceLine.Kind.TAX]  # type: ignore[attr-defined]
    if not taxes or taxes[0].amount_minor <= 0:
        return []
    tax = taxes[0]
    net = sum(part.amount_minor for part in parts)
    net += sum(amount for line_id, amount in before.items() if line_id != tax.pk)
    share = min(tax_upon(invoice, net), tax.amount_minor) - before.get(tax.pk, 0)
    return [_Part(tax, tax.description, share)] if share > 0 else []


def _check_amount(amount: int, currency: str) -> None:
    step = get_currency(currency).step
    if amount <= 0 or amount % step:
        raise AmountInvalid(f"An amount in {currency} is above zero, in steps of {step}.")


def _write(
    invoice: Invoice,
    parts: Sequence[_Part],
    *,
    settled_by: str,
    reason: str,
    key: str | None,
    by: User | None,
    now: datetime,
) -> CreditNote:
    organization = Organization.objects.get(pk=invoice.organization_id)
    prefix, number = take_numbers(
        tenant_id=invoice.tenant_id, kind=NumberSeries.Kind.CREDIT_NOTE, count=1
    )
    note = CreditNote(
        id=uuid4(),
        tenant_id=invoice.tenant_id,
        invoice=invoice,
        number=f"{prefix}{number}",
        amount_minor=sum(part.amount_minor for part in parts),
        currency=invoice.currency,
        reason=reason,
        settled_by=settled_by,
        idempotency_key=key,
        issued_on=today(now, organization.zone),
        issued_by=by,
    )
    lines = [
        CreditNoteLine(
            tenant_id=invoice.tenant_id,
            credit_note=note,
            line=part.line,
            description=part.description,
            amount_minor=part.amount_minor,
        )
        for part in parts
    ]
    note.content_sha256 = note_sha256(note, lines)
    note.save(force_insert=True)
    CreditNoteLine.objects.bulk_create(lines)
    return note


def _settle(note: CreditNote, invoice: Invoice, by: User | None) -> None:
    if note.settled_by != Settled.PREPAID:
        return
    WalletEntry.objects.create(
        tenant_id=note.tenant_id,
        organization_id=invoice.organization_id,
        kind=WalletEntry.Kind.CREDIT_NOTE,
        amount_minor=note.amount_minor,
        invoice=invoice,
        note=f"Credit note {note}",
        idempotency_key=f"credit-note:{note.pk}",
        made_by=by,
    )


def _take_from_wallet(note: CreditNote, by: User | None) -> None:
    try:
        withdraw(
            organization_id=note.invoice.organization_id,
            amount_minor=note.amount_minor,
            note=f"Credit note {note} voided",
            idempotency_key=f"credit-note:{note.pk}:void",
            by=by,
        )
    except WalletTooLow as error:
        left = Money(error.available_minor, note.currency)
        raise CreditIsUsed(f"Only {left} of prepaid credit is free, so {note} stays.") from error


def _has_begun(note: CreditNote) -> bool:
    return Push.objects.filter(credit_note=note, key_used_at__isnull=False).exists()


def _tell(note: CreditNote, invoice: Invoice, now: datetime) -> None:
    payload = {
        "credit_note": str(note.pk),
        "number": note.number,
        "invoice": str(invoice.pk),
        "organization": str(invoice.organization_id),
        "amount_minor": note.amount_minor,
        "currency": note.currency,
        "settled_by": note.settled_by,
    }
    announce("credit_note.created", payload, subject=str(note.pk), now=now)
    amount = Money(note.amount_minor, note.currency)
    effects = {
        Settled.OPEN_AMOUNT: "It is taken off what you still have to pay.",
        Settled.REFUND: "It goes back to where your payment came from, within some days.",
        Settled.PREPAID: "It is kept for you and used by your next invoices.",
    }
    Notice.objects.create(
        tenant_id=note.tenant_id,
        organization_id=invoice.organization_id,
        invoice=invoice,
        kind="credit_note",
        once=f"credit-note:{note.pk}",
        title=f"{amount} credited on invoice {invoice.number}",
        text=f"Credit note {note}: {note.reason} {effects[Settled(note.settled_by)]}",
    )
