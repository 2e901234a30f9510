"""What billing expects of the balance at Stripe: charges of the customers of its organizations.

Amounts of invoices are held against Stripe's by `billing.operations.reconcile`; here a charge is
only told from one that nobody knows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from billing.models import Organization
from payments.books import Book, Expected, register


def expected_of(sources: Collection[str]) -> Mapping[str, Expected]:
    """Return nothing: no row keeps the id of an invoice's charge."""
    return {}


def expected_between(since: datetime, until: datetime) -> Mapping[str, Expected]:
    """Return nothing, for the same reason."""
    return {}


def customers_of(customers: Collection[str]) -> set[str]:
    """Return which of Stripe's customers are organizations."""
    rows = Organization.objects.filter(stripe_customer_id__in=customers)
    return {found for found in rows.values_list("stripe_customer_id", flat=True) if found}


register(Book("invoices", of=expected_of, between=expected_between, customers=customers_of))
