"""The only place that speaks with Stripe. Every call goes through a `Connection`."""

from payments.gateway.connection import CUSTOMER, WORKER, Connection, Patience
from payments.gateway.customers import CustomerFacts, Customers
from payments.gateway.errors import (
    CallInsideTransaction,
    StripeRefused,
    StripeUnavailable,
)
from payments.gateway.facts import DisputeFacts, RefundFacts, SessionFacts
from payments.gateway.gateway import Gateway
from payments.gateway.products import PriceFacts, ProductFacts, Products
from payments.gateway.signature import BadSignature, verify_signature
from payments.gateway.subscriptions import SubscriptionFacts, Subscriptions

__all__ = [
    "CUSTOMER",
    "WORKER",
    "BadSignature",
    "CallInsideTransaction",
    "Connection",
    "CustomerFacts",
    "Customers",
    "DisputeFacts",
    "Gateway",
    "Patience",
    "PriceFacts",
    "ProductFacts",
    "Products",
    "RefundFacts",
    "SessionFacts",
    "StripeRefused",
    "StripeUnavailable",
    "SubscriptionFacts",
    "Subscriptions",
    "verify_signature",
]
