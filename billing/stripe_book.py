"""What billing expects of the balance at Stripe: what paid invoices, came back or is disputed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from billing.models import InvoicePosting, Organization
from billing.operations.standings import refresh_payment
from core.tenancy import scope
from payments.books import Book, Expected, postings_between, postings_of, register
from payments.gateway.movements import SourceFacts


def _invoice(row: InvoicePosting) -> str:
    return f"invoice {row.invoice_id}"


def expected_of(sources: Collection[str]) -> Mapping[str, Expected]:
    """Return what is expected of these sources, as far as they are of invoices."""
    return postings_of(InvoicePosting, sources, _invoice)


def expected_between(since: datetime, until: datetime) -> Mapping[str, Expected]:
    """Return what must have moved the balance in a period."""
    return postings_between(InvoicePosting, since, until, _invoice)


def customers_of(customers: Collection[str]) -> set[str]:
    """Return which of Stripe's customers are organizations."""
    rows = Organization.objects.filter(stripe_customer_id__in=customers)
    return {found for found in rows.values_list("stripe_customer_id", flat=True) if found}


def learn(*, tenant_id: UUID, source: SourceFacts, now: datetime) -> bool:
    """Ask about the invoice that a source's payment paid; the standing is written with it."""
    refresh_payment(tenant_id=tenant_id, payment_intent_id=source.payment_intent_id, now=now)
    with scope(tenant_id):
        return InvoicePosting.objects.filter(stripe_id=source.source_id).exists()


register(
    Book(
        "invoices",
        of=expected_of,
        between=expected_between,
        customers=customers_of,
        learn=learn,
    )
)
