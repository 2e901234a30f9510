"""Prepaid credit: the balance, and what drafts hold of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Sum

from billing.models import Invoice, InvoiceLine, WalletEntry


@dataclass(frozen=True, slots=True)
class Balance:
    """Minor units: the sum of all entries, what draft invoices hold of it, and what is free."""

    balance_minor: int
    held_minor: int

    @property
    def available_minor(self) -> int:
        """What may be taken back, or used by the next invoice."""
        return self.balance_minor - self.held_minor


def balance_of(organization_id: UUID) -> Balance:
    """Return the prepaid credit of an organization; two queries."""
    entries = WalletEntry.objects.filter(organization_id=organization_id)
    lines = InvoiceLine.objects.filter(
        organization_id=organization_id,
        source=InvoiceLine.Source.PREPAID,
        invoice__state=Invoice.State.DRAFT,
    )
    return Balance(
        balance_minor=entries.aggregate(total=Sum("amount_minor"))["total"] or 0,
        held_minor=-(lines.aggregate(total=Sum("amount_minor"))["total"] or 0),
    )
