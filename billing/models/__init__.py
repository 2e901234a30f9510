"""The rows of billing: who is billed, what was used, what it costs, and what became of it."""

from billing.models.alert import Alert, AlertFiring
from billing.models.audit import AuditReport
from billing.models.invoice import (
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
    NumberSeries,
)
from billing.models.item import OneOffItem, WalletEntry
from billing.models.meter import Meter
from billing.models.organization import Organization, TaxRate
from billing.models.period import BillingPeriod, BillingRun
from billing.models.plan import (
    Assignment,
    Plan,
    PlanVersion,
    Price,
    PriceTier,
    RecurringFee,
)
from billing.models.posting import InvoicePosting
from billing.models.push import InvoiceStanding, Notice, Push, PushDesk, StripeCall
from billing.models.settings import BillingSettings
from billing.models.usage import UsageBucket, UsageEvent

__all__ = [
    "Alert",
    "AlertFiring",
    "Assignment",
    "AuditReport",
    "BillingPeriod",
    "BillingRun",
    "BillingSettings",
    "CreditNote",
    "CreditNoteLine",
    "Invoice",
    "InvoiceLine",
    "InvoicePosting",
    "InvoiceStanding",
    "Meter",
    "Notice",
    "NumberSeries",
    "OneOffItem",
    "Organization",
    "Plan",
    "PlanVersion",
    "Price",
    "PriceTier",
    "Push",
    "PushDesk",
    "RecurringFee",
    "StripeCall",
    "TaxRate",
    "UsageBucket",
    "UsageEvent",
    "WalletEntry",
]
