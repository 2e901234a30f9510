"""What each of Stripe's events leads to: pick the id, call one operation that asks Stripe."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from payments.models import StripeEvent
from payments.operations.card_tries import note_charge
from payments.operations.disputes import refresh_dispute
from payments.operations.early_warnings import refresh_warning
from payments.operations.events import NOT_OURS, on
from payments.operations.refunds import refresh_refunds
from payments.operations.settle import refresh_checkout


@on(
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
def session_moved(event: StripeEvent, session: dict[str, Any], now: datetime) -> str:
    """Bring the session's checkout to what Stripe says now."""
    checkout = refresh_checkout(tenant_id=event.tenant_id, session_id=event.object_id, now=now)
    return checkout.state if checkout else NOT_OURS


@on(
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "payment_intent.canceled",
)
def intent_moved(event: StripeEvent, intent: dict[str, Any], now: datetime) -> str:
    """Bring the checkout of a payment intent to what Stripe says now."""
    if "taproom_checkout" not in (intent.get("metadata") or {}):
        return NOT_OURS
    checkout = refresh_checkout(
        tenant_id=event.tenant_id,
        payment_intent_id=event.object_id,
        failed_try_at=event.created_at if event.type == "payment_intent.payment_failed" else None,
        now=now,
    )
    return checkout.state if checkout else NOT_OURS


@on(
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
)
def refund_moved(event: StripeEvent, source: dict[str, Any], now: datetime) -> str:
    """Bring the refunds of a payment to what Stripe says now."""
    payment = refresh_refunds(
        now=now,
        tenant_id=event.tenant_id,
        payment_intent_id=str(source.get("payment_intent") or ""),
    )
    return f"refunded {payment.refunded_minor}" if payment else NOT_OURS


@on(
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
def dispute_moved(event: StripeEvent, dispute: dict[str, Any], now: datetime) -> str:
    """Tell what was paid that its payment is disputed, or how that ended."""
    payment = refresh_dispute(tenant_id=event.tenant_id, dispute_id=event.object_id, now=now)
    return "disputed" if payment else NOT_OURS


@on("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated")
def warning_came(event: StripeEvent, warning: dict[str, Any], now: datetime) -> str:
    """Put a payment that an issuer warns of before a person, ahead of the dispute."""
    found = refresh_warning(tenant_id=event.tenant_id, warning_id=event.object_id, now=now)
    return "warned of" if found else NOT_OURS


@on("charge.succeeded", "charge.failed")
def charge_tried(event: StripeEvent, charge: dict[str, Any], now: datetime) -> str:
    """Keep the card that was tried and Radar's outcome; count declines."""
    card_try = note_charge(tenant_id=event.tenant_id, charge=charge, now=now)
    if card_try is None:
        return NOT_OURS
    return "card paid" if card_try.is_paid else "card declined"


@on(
    "customer.created",
    "customer.updated",
)
def only_mirrored(event: StripeEvent, source: dict[str, Any], now: datetime) -> str:
    """Do nothing here: the mirror, filled from every event, is all that these are for."""
    return "mirrored"
