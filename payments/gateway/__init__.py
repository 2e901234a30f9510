"""The only place that speaks with Stripe. Every call goes through a `Connection`."""

from payments.gateway.connection import (
    BULK,
    CUSTOMER,
    WORKER,
    Connection,
    Patience,
    bulk_pause,
)
from payments.gateway.credit_notes import CreditNoteFacts, CreditNotes
from payments.gateway.customers import CustomerFacts, Customers
from payments.gateway.endpoints import API_VERSION, EndpointFacts, Endpoints, stripe_time
from payments.gateway.errors import (
    CallInsideTransaction,
    LimitUsedUp,
    StripeRefused,
    StripeUnavailable,
)
from payments.gateway.facts import DisputeFacts, RefundFacts, SessionFacts, SoldLine
from payments.gateway.gateway import Gateway
from payments.gateway.invoices import InvoiceFacts, Invoices, LineFacts
from payments.gateway.limiter import bulk_rate
from payments.gateway.products import PriceFacts, ProductFacts, Products
from payments.gateway.signature import BadSignature, verify_signature
from payments.gateway.subscriptions import SubscriptionFacts, Subscriptions

__all__ = [
    "API_VERSION",
    "BULK",
    "CUSTOMER",
    "WORKER",
    "BadSignature",
    "CallInsideTransaction",
    "Connection",
    "CreditNoteFacts",
    "CreditNotes",
    "CustomerFacts",
    "Customers",
    "DisputeFacts",
    "EndpointFacts",
    "Endpoints",
    "Gateway",
    "InvoiceFacts",
    "Invoices",
    "LimitUsedUp",
    "LineFacts",
    "Patience",
    "PriceFacts",
    "ProductFacts",
    "Products",
    "RefundFacts",
    "SessionFacts",
    "SoldLine",
    "StripeRefused",
    "StripeUnavailable",
    "SubscriptionFacts",
    "Subscriptions",
    "bulk_pause",
    "bulk_rate",
    "stripe_time",
    "verify_signature",
]
