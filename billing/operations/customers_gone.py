"""A customer was deleted at Stripe: the organization gets a new one before its next invoice."""

from __future__ import annotations

from uuid import UUID

from billing.models import Organization
from billing.operations.push.customers import forget_customer
from billing.operations.push.rows import Clock
from core.tenancy import scope


def customer_deleted(*, tenant_id: UUID, customer_id: str, clock: Clock) -> bool:
    """Note that a customer is gone; returns whether it was one of ours. Opens a scope."""
    with scope(tenant_id):
        found = Organization.objects.filter(stripe_customer_id=customer_id).first()
        if found is None:
            return False
        return forget_customer(found.pk, customer_id, turn_now=clock)
