"""Billing's part of erasing a customer: what was invoiced stays, the payer goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from billing.models import Invoice, Organization
from core.encryption import email_key
from core.operations.blotting import Texts
from core.operations.erasure import Erased, Part, Subject, as_uuid, register

ERASED = "Erased"


def find(name: str) -> Iterable[str]:
    """Yield the ids of organizations with an e-mail, and the e-mail of one."""
    if "@" in name:
        rows = Organization.objects.filter(email_key=email_key(name))
        return [str(pk) for pk in rows.values_list("pk", flat=True)]
    try:
        found = Organization.objects.filter(pk=UUID(name))
    except ValueError:
        found = Organization.objects.filter(stripe_customer_id=name)
    return [one for row in found for one in (str(row.pk), row.payer.get("email", "")) if one]


def words(subject: Subject) -> Iterable[str]:
    """Yield the names of payers, and of organizations that are called like a person."""
    ids = [pk for one in subject.ids if (pk := as_uuid(one)) is not None]
    for row in Organization.objects.filter(pk__in=ids).exclude(name=ERASED):
        yield from (row.name, str(row.payer.get("name") or ""), str(row.payer.get("phone") or ""))


def erase(subject: Subject) -> Iterator[Erased]:
    """Take the payer out of organizations and of the copies on their invoices."""
    ids = []
    for one in subject.ids:
        try:
            ids.append(UUID(one))
        except ValueError:
            continue
    rows = [row for row in Organization.objects.filter(pk__in=ids) if row.payer]
    customers = [row.stripe_customer_id for row in rows if row.stripe_customer_id]
    for row in rows:
        row.payer, row.name = {}, ERASED
        row.save(update_fields=["payer", "name"])
    note = f"Delete at Stripe too: {', '.join(customers)}" if customers else ""
    yield Erased("organizations", len(rows), note)
    copies = [one for one in Invoice.objects.filter(organization__in=ids) if one.payer]
    for invoice in copies:
        invoice.payer = {}
        invoice.save(update_fields=["payer"])
    yield Erased("payers on invoices", len(copies))


register(
    Part(
        name="billing",
        find=find,
        erase=erase,
        tables=("billing.Organization", "billing.Invoice"),
        words=words,
        texts=(
            Texts("billing.Notice", ("title", "text"), "organization"),
            Texts("billing.Push", ("last_error", "differences"), "organization"),
            Texts("billing.StripeCall", ("detail",), "push__organization"),
            Texts("billing.WalletEntry", ("note",), "organization"),
        ),
    )
)
