"""The rows of payments: what can be paid, each try to pay it, and the money that came."""

from payments.models.account import StripeAccount
from payments.models.checkout import Checkout
from payments.models.event import StripeEvent
from payments.models.link import PaymentLink
from payments.models.payment import Payment
from payments.models.refund import Refund
from payments.models.views import LinkViews

__all__ = [
    "Checkout",
    "LinkViews",
    "Payment",
    "PaymentLink",
    "Refund",
    "StripeAccount",
    "StripeEvent",
]
