"""What Stripe's events about invoices lead to: pick the id, call one operation that asks Stripe."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from billing.operations.customers_gone import customer_deleted
from billing.operations.standings import refresh_payment, refresh_standing
from payments.models import StripeEvent
from payments.operations.events import on


@on(
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.finalized",
    "invoice.finalization_failed",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice.overdue",
    "invoice.updated",
)
def invoice_moved(event: StripeEvent, invoice: dict[str, Any], now: datetime) -> str:
    """Bring the invoice's standing to what Stripe says now."""
    return _asked(event, event.object_id, now)


@on("credit_note.created", "credit_note.updated", "credit_note.voided")
def credit_note_moved(event: StripeEvent, note: dict[str, Any], now: datetime) -> str:
    """Bring the standing of the credited invoice to what Stripe says now."""
    return _asked(event, str(note.get("invoice") or ""), now)


@on(
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
def money_moved(event: StripeEvent, source: dict[str, Any], now: datetime) -> str:
    """Bring the standing of the invoice whose payment went back, or may, to what Stripe says."""
    standing = refresh_payment(
        tenant_id=event.tenant_id,
        payment_intent_id=str(source.get("payment_intent") or ""),
        now=now,
    )
    return standing.state if standing else "not ours"


@on("customer.deleted")
def customer_gone(event: StripeEvent, customer: dict[str, Any], now: datetime) -> str:
    """Have the customer made anew before the next invoice."""
    was_ours = customer_deleted(
        tenant_id=event.tenant_id, customer_id=event.object_id, clock=timezone.now
    )
    return "made anew" if was_ours else "not ours"


def _asked(event: StripeEvent, stripe_invoice_id: str, now: datetime) -> str:
    standing = refresh_standing(
        tenant_id=event.tenant_id,
        stripe_invoice_id=stripe_invoice_id,
        now=now,
        clock=timezone.now,
    )
    return standing.state if standing else "not ours"
