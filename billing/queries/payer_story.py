"""What billing knows of a person: invoices, what became of them, credit notes, prepaid credit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from billing.models import CreditNote, Invoice, InvoiceStanding, Organization, WalletEntry
from core.backoffice.timelines import Happening, Person
from core.encryption import email_key
from core.money import Money

State = InvoiceStanding.State
ORGANIZATION = "organization"
MOST = 200


def payer_of(organization: Organization) -> Person:
    """Return whoever pays for an organization: by its e-mail, and as itself."""
    email = (organization.payer or {}).get("email")
    return Person.known_by(email, (ORGANIZATION, organization.pk))


def story_of_payer(person: Person) -> Iterable[Happening]:
    """Tell of the organizations that a person pays for; four queries."""
    keys = sorted(email_key(email) for email in person.emails)
    theirs = Q(email_key__in=keys) | Q(pk__in=person.ids(ORGANIZATION))
    found = Organization.objects.filter(theirs).defer("payer", "portal_token")
    organizations = {one.pk: one for one in found[:MOST]}
    invoices = Invoice.objects.filter(organization__in=organizations, number__isnull=False)
    rows = invoices.select_related("standing", "voided_by").defer("payer")
    for invoice in rows[:MOST]:
        yield from _invoice(invoice, organizations[invoice.organization_id])
    notes = CreditNote.objects.filter(invoice__organization__in=organizations)
    for note in notes.select_related("invoice", "issued_by").defer("invoice__payer")[:MOST]:
        yield from _credit_note(note)
    yield from _wallet(organizations)


def _invoice(invoice: Invoice, organization: Organization) -> Iterator[Happening]:
    link = _link(invoice.pk)
    name = f"Invoice {invoice.number}"
    if invoice.finalized_at is not None:
        what = f"{name} of {invoice.total.display()} to {organization}"
        yield Happening(invoice.finalized_at, what, link=link)
    if invoice.voided_at is not None:
        who = str(invoice.voided_by or "")
        yield Happening(invoice.voided_at, f"{name} voided", who, link, detail=invoice.void_reason)
    standing = getattr(invoice, "standing", None)
    if standing is None:
        return
    if standing.overdue_at is not None:
        yield Happening(standing.overdue_at, f"{name} past due", link=link, tone="bad")
    if standing.failed_at is not None:
        said = f"{name}: payment failed"
        yield Happening(standing.failed_at, said, link=link, detail=standing.failure, tone="bad")
    if standing.paid_at is not None:
        paid = Money(standing.paid_minor, invoice.currency).display()
        yield Happening(standing.paid_at, f"{name}: {paid} paid", link=link, tone="good")


def _credit_note(note: CreditNote) -> Iterator[Happening]:
    amount = Money(note.amount_minor, note.currency).display()
    what = f"Credit note {note.number} of {amount} for invoice {note.invoice.number}"
    link = _link(note.invoice_id)
    yield Happening(note.created_at, what, str(note.issued_by or ""), link, detail=note.reason)
    if note.voided_at is not None:
        yield Happening(note.voided_at, f"Credit note {note.number} voided", link=link)


def _wallet(organizations: dict[UUID, Organization]) -> Iterator[Happening]:
    entries = WalletEntry.objects.filter(organization__in=organizations)
    for entry in entries.select_related("made_by")[:MOST]:
        organization = organizations[entry.organization_id]
        amount = Money(abs(entry.amount_minor), organization.currency).display()
        what = f"Prepaid credit of {organization}: {amount} {entry.get_kind_display().lower()}"
        link = reverse("billing_organization", args=[organization.pk])
        yield Happening(entry.created_at, what, str(entry.made_by or ""), link, detail=entry.note)


def _link(invoice_id: UUID) -> str:
    return reverse("billing_invoice", args=[invoice_id])
