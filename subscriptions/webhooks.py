"""What Stripe's events mean for rents: pick the id, and ask Stripe what is true now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from payments.models import StripeEvent
from payments.operations.events import NOT_OURS, on
from subscriptions.operations import rent_money


@on(
    "invoice.paid",
    "invoice.finalized",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.voided",
    "invoice.marked_uncollectible",
)
def bill_moved(event: StripeEvent, invoice: dict[str, Any], now: datetime) -> str:
    """Bring the rent that a lease's invoice is for to what Stripe says now."""
    parent = invoice.get("parent") or {}
    if not parent.get("subscription_details"):
        return NOT_OURS
    rent = rent_money.refresh_bill(tenant_id=event.tenant_id, invoice_id=event.object_id, now=now)
    return f"rent {rent.state}" if rent else NOT_OURS


@on("charge.refunded", "charge.succeeded", "charge.failed", "charge.pending")
def charge_moved(event: StripeEvent, charge: dict[str, Any], now: datetime) -> str:
    """Bring the rent that a charge paid to what Stripe says now.

    Most charges are of no rent, and Stripe is not asked about them: what is new comes by its
    invoice, only what is known here already changes by its charge.
    """
    if not rent_money.is_known(tenant_id=event.tenant_id, charge_id=event.object_id):
        return NOT_OURS
    rent = rent_money.refresh_charge(tenant_id=event.tenant_id, charge_id=event.object_id, now=now)
    return f"rent {rent.state}" if rent else NOT_OURS


@on(
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
def dispute_moved(event: StripeEvent, dispute: dict[str, Any], now: datetime) -> str:
    """Freeze or free a lease's transfers by what Stripe says of a dispute now."""
    rent = rent_money.refresh_dispute(
        tenant_id=event.tenant_id, dispute_id=event.object_id, now=now
    )
    return "rent disputed" if rent else NOT_OURS


@on("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated")
def warning_came(event: StripeEvent, warning: dict[str, Any], now: datetime) -> str:
    """Hold the money of a rent that an issuer warns of."""
    rent = rent_money.refresh_warning(
        tenant_id=event.tenant_id, warning_id=event.object_id, now=now
    )
    return "rent warned of" if rent else NOT_OURS
