"""The billing app."""

from django.apps import AppConfig

EVENTS = {
    "organization.alert_reached": "an organization reached an alert's threshold",
    "organization.limit_reached": "an organization reached its spend limit",
    "invoice.finalized": "an invoice got its number",
    "invoice.paid": "an invoice was paid",
    "invoice.payment_failed": "money for an invoice could not be taken",
    "invoice.overdue": "an invoice is past its due day",
    "invoice.uncollectible": "an invoice was written off",
    "invoice.voided": "an invoice was voided",
    "credit_note.created": "an invoice was corrected by a credit note",
}


class BillingConfig(AppConfig):
    """Names what callers of the API may do with usage and invoices."""

    name = "billing"

    def ready(self) -> None:
        """Register scopes, types of events, gauges, checks, and what Stripe's events lead to."""
        from billing import (  # noqa: F401 - registering is why
            diagnoses,
            erasing,
            gauges,
            push_worklists,
            run_worklists,
            stripe_book,
            webhooks,
        )
        from core import event_types, scopes

        scopes.register("usage:write", "send usage events")
        scopes.register("billing:read", "read organizations, usage and invoices")
        scopes.register("billing:write", "change organizations, plans and items")
        scopes.register("billing:run", "run billing and push invoices")
        for name, words in EVENTS.items():
            event_types.register(name, words)
