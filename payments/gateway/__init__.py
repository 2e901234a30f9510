"""The only place that speaks with Stripe. Every call goes through `Gateway`."""

from payments.gateway.errors import (
    CallInsideTransaction,
    StripeRefused,
    StripeUnavailable,
)
from payments.gateway.facts import DisputeFacts, RefundFacts, SessionFacts
from payments.gateway.gateway import CUSTOMER, WORKER, Gateway
from payments.gateway.signature import BadSignature, verify_signature

__all__ = [
    "CUSTOMER",
    "WORKER",
    "BadSignature",
    "CallInsideTransaction",
    "DisputeFacts",
    "Gateway",
    "RefundFacts",
    "SessionFacts",
    "StripeRefused",
    "StripeUnavailable",
    "verify_signature",
]
