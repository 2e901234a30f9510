"""What programs of a company are told of payments and links: the types, and what each carries.

Ids, figures and states; nothing by which a payer could be known. Reading the row by its id in the
API gives the rest to whoever may see it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from core import event_types
from core.operations.outgoing import announce
from payments.gateway.facts import DisputeFacts
from payments.models import Payment, PaymentLink

TYPES: Final = {
    "payment.succeeded": "Money came. Look at `standing`: only `expected` money was asked for.",
    "payment.pending": "A customer paid from a bank account, and the bank has not confirmed it.",
    "payment.failed": "A try to pay was declined; the customer may try again.",
    "payment.refunded": "What was sent back changed; `refunded_minor` is the sum by now.",
    "payment.disputed": "A payer's bank disputes a payment, or the dispute went on.",
    "link.created": "A payment link was made.",
    "link.changed": "A payment link was edited.",
    "link.paused": "A payment link was switched off.",
    "link.resumed": "A payment link was switched on again.",
    "link.expired": "A payment link ended without all its payments; told within minutes.",
    "link.limit_reached": "The last payment that a link allows was made.",
}


def register() -> None:
    """Make the types known."""
    for name, words in TYPES.items():
        event_types.register(name, words)


def payment_facts(payment: Payment) -> dict[str, Any]:
    """Return what is told of a payment; times in UTC."""
    checkout = payment.checkout
    return {
        "payment": str(payment.pk),
        "link": str(payment.link_id) if payment.link_id else None,
        "kind": checkout.kind,
        "subject": str(checkout.subject_id),
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "refunded_minor": payment.refunded_minor,
        "state": str(payment.state),
        "standing": str(payment.standing),
        "method": payment.method,
        "decline_code": payment.decline_code,
        "paid_at": _moment(payment.paid_at),
        "stripe_payment_intent_id": payment.stripe_payment_intent_id,
    }


def link_facts(link: PaymentLink, now: datetime) -> dict[str, Any]:
    """Return what is told of a link; its public address is a secret and is left out."""
    return {
        "link": str(link.pk),
        "title": link.title,
        "reference": link.reference,
        "amount_minor": link.amount_minor,
        "currency": link.currency,
        "status": link.status_at(now).value,
        "max_payments": link.max_payments,
        "paid_count": link.paid_count,
        "starts_at": _moment(link.starts_at),
        "expires_at": _moment(link.expires_at),
        "version": link.version,
    }


def tell_of_payment(event_type: str, payment: Payment, now: datetime) -> None:
    """Announce something about a payment, in the transaction that records it."""
    announce(event_type, payment_facts(payment), subject=str(payment.pk), now=now)


def tell_of_dispute(payment: Payment, dispute: DisputeFacts, now: datetime) -> None:
    """Announce what Stripe says of a dispute."""
    facts = {
        **payment_facts(payment),
        "dispute": dispute.dispute_id,
        "dispute_status": dispute.status,
        "dispute_reason": dispute.reason,
        "dispute_amount_minor": dispute.amount_minor,
    }
    announce("payment.disputed", facts, subject=str(payment.pk), now=now)


def tell_of_link(event_type: str, link: PaymentLink, now: datetime) -> None:
    """Announce something about a link, in the transaction that records it."""
    announce(event_type, link_facts(link, now), subject=str(link.pk), now=now)


def tell_if_full(link: PaymentLink, now: datetime) -> None:
    """Announce that a link has all its payments, if the one just counted was the last."""
    link.refresh_from_db(fields=["paid_count"])
    if link.max_payments is not None and link.paid_count == link.max_payments:
        tell_of_link("link.limit_reached", link, now)


def _moment(when: datetime | None) -> str | None:
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z") if when else None
