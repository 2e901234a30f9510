"""The rows of payments: what can be paid, each try to pay it, and the money that came."""

from payments.models.account import StripeAccount
from payments.models.checkout import Checkout
from payments.models.dispute import Dispute, DisputeAnswer, EarlyWarning
from payments.models.event import StripeEvent
from payments.models.fraud import (
    By,
    CardTry,
    FraudAlarm,
    FraudCount,
    FraudDecision,
    FraudRule,
    ListedParty,
)
from payments.models.imported import ImportedLink, LinkImport
from payments.models.link import PaymentLink
from payments.models.movement import Movement
from payments.models.payment import Payment
from payments.models.posting import Posting
from payments.models.receipt import Receipt
from payments.models.recipient import LinkRecipient
from payments.models.refund import Refund
from payments.models.template import LinkTemplate
from payments.models.version import LinkVersion
from payments.models.views import LinkViews

__all__ = [
    "By",
    "CardTry",
    "Checkout",
    "Dispute",
    "DisputeAnswer",
    "EarlyWarning",
    "FraudAlarm",
    "FraudCount",
    "FraudDecision",
    "FraudRule",
    "ImportedLink",
    "LinkImport",
    "LinkRecipient",
    "LinkTemplate",
    "LinkVersion",
    "LinkViews",
    "ListedParty",
    "Movement",
    "Payment",
    "PaymentLink",
    "Posting",
    "Receipt",
    "Refund",
    "StripeAccount",
    "StripeEvent",
]
