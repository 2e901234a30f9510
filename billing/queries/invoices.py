"""Invoices of an organization with what has become of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceLine, InvoiceStanding, Organization, Push
from core.money import Money

_OPEN = (
    InvoiceStanding.State.UNSENT,
    InvoiceStanding.State.OPEN,
    InvoiceStanding.State.PAST_DUE,
)


def invoices_of(organization: Organization) -> QuerySet[Invoice]:
    """Return an organization's invoices, newest first, with standing and push."""
    rows = Invoice.objects.filter(organization=organization)
    return rows.select_related("standing", "push", "period").order_by("-created_at", "-id")


def open_invoices(organization: Organization) -> QuerySet[Invoice]:
    """Return the final invoices on which something is still to be paid, oldest first."""
    rows = invoices_of(organization).filter(
        state=Invoice.State.FINAL, standing__state__in=_OPEN, total_minor__gt=0
    )
    return rows.order_by("due_on", "id")


def find_invoice(organization: Organization, name: str) -> Invoice | None:
    """Return the invoice of this number or id, whatever the text is; None for none."""
    rows = invoices_of(organization)
    found = rows.filter(number=name).first() if "\0" not in name else None
    if found is not None:
        return found
    try:
        return rows.filter(pk=UUID(name)).first()
    except (ValueError, ValidationError):
        return None


def lines_of(invoice: Invoice) -> list[InvoiceLine]:
    """Return the lines of an invoice in order."""
    return list(invoice.lines.order_by("position"))


def invoice_before(organization: Organization, starts_on: date) -> Invoice | None:
    """Return the invoice of the period that ended when another one starts."""
    rows = Invoice.objects.filter(organization=organization, period__ends_on=starts_on)
    return rows.exclude(state=Invoice.State.VOID).select_related("period").first()


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice as it is shown: in which state, what is open, until when, and where to pay."""

    invoice: Invoice
    state: str
    title: str
    words: str
    open_minor: int

    @property
    def total(self) -> Money:
        """What it came to."""
        return self.invoice.total

    @property
    def open(self) -> Money:
        """What is still to be paid."""
        return Money(self.open_minor, self.invoice.currency)

    @property
    def pay_url(self) -> str:
        """Stripe's page to pay at, where there is something to pay and the page is known."""
        push = push_of(self.invoice)
        return push.hosted_url if push and self.open_minor > 0 else ""

    @property
    def last_day(self) -> date:
        """The last day of its period."""
        return self.invoice.period.ends_on - timedelta(days=1)


def push_of(invoice: Invoice) -> Push | None:
    """Return the way to Stripe of an invoice, if it has one."""
    return getattr(invoice, "push", None)


def standing_of(invoice: Invoice) -> InvoiceStanding | None:
    """Return what became of an invoice's money, if it was finalized."""
    return getattr(invoice, "standing", None)


def bill_of(invoice: Invoice) -> Bill:
    """Say in words what has become of an invoice and what to do."""
    if invoice.state == Invoice.State.DRAFT:
        return Bill(
            invoice,
            "draft",
            gettext("Being prepared"),
            gettext("It is being checked before it is sent."),
            0,
        )
    if invoice.state == Invoice.State.VOID:
        return Bill(
            invoice,
            "void",
            gettext("Void"),
            gettext("Withdrawn: %(reason)s") % {"reason": invoice.void_reason},
            0,
        )
    standing = standing_of(invoice)
    if standing is None or (invoice.total_minor == 0 and standing.state != "void"):
        state = InvoiceStanding.State.NOTHING_DUE
        return Bill(invoice, state, str(state.label), gettext("Nothing is to be paid for it."), 0)
    state = InvoiceStanding.State(standing.state)
    return Bill(
        invoice, state.value, str(_TITLES.get(state.value, state.label)), _words(invoice, standing),
        _open_minor(invoice, standing),
    )  # fmt: skip


_TITLES = {"unsent": _("Ready soon"), "open": _("To be paid"), "uncollectible": _("Written off")}


def _open_minor(invoice: Invoice, standing: InvoiceStanding) -> int:
    if standing.state not in _OPEN:
        return 0
    return max(invoice.total_minor - standing.paid_minor - standing.credited_minor, 0)


def _words(invoice: Invoice, standing: InvoiceStanding) -> str:
    if standing.state == "open":
        return _while_open(invoice, standing)
    if standing.state == "past_due":
        why = f" {standing.failure}." if standing.failure else ""
        return gettext("The due date has passed.%(why)s Please pay it now.") % {"why": why}
    if standing.is_moved_on:
        return gettext(
            "It is too small to be charged by itself. You are asked for it with your next one."
        )
    if standing.state == "paid" and standing.is_paid_out_of_band:
        return gettext("Paid outside of Stripe.")
    return str(_WORDS.get(standing.state, ""))


_WORDS = {
    "unsent": _(
        "The invoice is final, but its payment page is not ready yet: it is on its way to"
        " Stripe. You need not do anything."
    ),
    "paid": _("Paid. Thank you."),
    "uncollectible": _("It is no longer asked for."),
}


def _while_open(invoice: Invoice, standing: InvoiceStanding) -> str:
    if standing.failed_at:
        why = standing.failure or gettext("no reason was given")
        return gettext("The last try to charge failed: %(why)s.") % {"why": why}
    if invoice.collection == "charge_automatically":
        return gettext("Your saved payment method will be charged.")
    return gettext("Waiting for payment.")


def is_overdue(bill: Bill, today: date) -> bool:
    """Say whether an invoice should have been paid before today."""
    due = bill.invoice.due_on
    return bill.open_minor > 0 and due is not None and due < today


def paid_moment(invoice: Invoice) -> datetime | None:
    """Return when an invoice was paid."""
    standing = standing_of(invoice)
    return standing.paid_at if standing else None
