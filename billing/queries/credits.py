"""How much of an invoice can still be taken back, and what that does to the money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from billing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, InvoiceStanding
from billing.rating import rounded
from core.money import Money

Settled = CreditNote.Settled

# Kinds of lines that can be taken back one by one; others settle, or follow from these.
CREDITABLE = frozenset({"recurring", "usage", "minimum", "one_off", "late"})


@dataclass(frozen=True, slots=True)
class Room:
    """What credit notes may still take back of an invoice, by how they settle; minor units.

    `open_minor` is not paid yet, `refundable_minor` was paid and can go back, `keepable_minor` was
    paid or taken from prepaid credit and can become prepaid credit.
    """

    currency: str
    open_minor: int
    refundable_minor: int
    keepable_minor: int

    def of(self, settled_by: str) -> int:
        """Return the room of one way to settle."""
        return {
            Settled.OPEN_AMOUNT: self.open_minor,
            Settled.REFUND: self.refundable_minor,
            Settled.PREPAID: self.keepable_minor,
        }[Settled(settled_by)]

    def money(self, settled_by: str) -> Money:
        """Return the same as an amount."""
        return Money(self.of(settled_by), self.currency)


def room_of(invoice: Invoice) -> Room:
    """Return the room of an invoice; hold its row's lock where it must not shrink meanwhile."""
    standing = InvoiceStanding.objects.filter(invoice=invoice).first()
    paid = standing.paid_minor if standing else 0
    noted = dict.fromkeys(Settled.values, 0) | {
        row["settled_by"]: row["total"]
        for row in invoice.credit_notes.filter(state=CreditNote.State.ISSUED)
        .order_by()
        .values("settled_by")
        .annotate(total=Sum("amount_minor"))
    }
    # What Stripe asks for with the next invoice was never taken, and cannot go back.
    can_go_back = 0 if standing and standing.is_moved_on else paid
    used = -_sum(invoice.lines.filter(source=InvoiceLine.Source.PREPAID))
    received = paid + used - noted[Settled.REFUND] - noted[Settled.PREPAID]
    # Paid out of band may be more than the total; what came is what can go back.
    return Room(
        currency=invoice.currency,
        open_minor=max(invoice.total_minor - paid - noted[Settled.OPEN_AMOUNT], 0),
        refundable_minor=max(min(can_go_back - noted[Settled.REFUND], received), 0),
        keepable_minor=max(received, 0),
    )


def _sum(rows: object) -> int:
    return int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)  # type: ignore[attr-defined]


def credited_by_line(invoice: Invoice) -> dict[UUID, int]:
    """Return what credit notes took back of each line so far, in minor units."""
    rows = CreditNoteLine.objects.filter(
        credit_note__invoice=invoice, credit_note__state=CreditNote.State.ISSUED, line__isnull=False
    )
    return {
        row["line_id"]: row["total"]
        for row in rows.order_by().values("line_id").annotate(total=Sum("amount_minor"))
    }


def tax_share(invoice: Invoice, gross_minor: int) -> int:
    """Return the tax within `gross_minor` of an invoice, in minor units, rounded half-up.

    Of an invoice with nothing but tax-free amounts, none.
    """
    if not invoice.tax_minor:
        return 0
    percentage = invoice.tax_percentage
    exact = Decimal(gross_minor) * percentage / (100 + percentage)
    return rounded(exact, invoice.currency)


def tax_upon(invoice: Invoice, net_minor: int) -> int:
    """Return the tax that an invoice put upon `net_minor` of its lines; 0 where it is inclusive."""
    if invoice.tax_is_inclusive or not invoice.tax_minor:
        return 0
    return rounded(Decimal(net_minor) * invoice.tax_percentage / 100, invoice.currency)


def effect(invoice: Invoice, amount_minor: int, settled_by: str) -> tuple[str, ...]:
    """Return in sentences what a credit note of this amount does to the money."""
    room = room_of(invoice)
    amount = Money(amount_minor, invoice.currency)
    tax = tax_share(invoice, amount_minor)
    told = [_cash(room, amount, settled_by)]
    if tax:
        share = Money(tax, invoice.currency)
        told.append(f"{share} of it is {invoice.tax_name or 'tax'}, which is corrected with it.")
    told.append("The invoice itself stays as it is; the credit note gets a number of its own.")
    return tuple(told)


def _cash(room: Room, amount: Money, settled_by: str) -> str:
    if settled_by == Settled.OPEN_AMOUNT:
        after = Money(room.open_minor - amount.minor, amount.currency)
        return f"To pay: {room.money(settled_by)} now, {after} after. No money moves."
    if settled_by == Settled.REFUND:
        return f"{amount} goes back to where the payment came from. It cannot be called back."
    return f"{amount} becomes prepaid credit for the next invoices. No money leaves."


def lines_of(notes: Iterable[CreditNote]) -> dict[UUID, list[CreditNoteLine]]:
    """Return the lines of credit notes by their note, in one query."""
    found: dict[UUID, list[CreditNoteLine]] = {}
    for line in CreditNoteLine.objects.filter(credit_note__in=list(notes)).order_by("created_at"):
        found.setdefault(line.credit_note_id, []).append(line)
    return found
