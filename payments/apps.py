"""The payments app."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Registers what the app does with Stripe's events."""

    name = "payments"

    def ready(self) -> None:
        """Connect the handlers of webhook events and name the scopes of the API."""
        from core import event_types, scopes
        from payments import (  # noqa: F401 - registering is the purpose
            announcements,
            diagnoses,
            erasing,
            gauges,
            own_book,
            webhooks,
        )

        announcements.register()
        event_types.register("fraud.alarm", "a rule against card fraud was broken")
        scopes.register("links:read", "see payment links")
        scopes.register("links:write", "make, edit and switch off payment links", counselor=True)
        scopes.register("payments:read", "see payments and refunds")
        scopes.register("payments:refund", "refund payments and decide about unexpected ones")
