"""The subscriptions app."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    """Names what callers of the API may do with clubs."""

    name = "subscriptions"

    def ready(self) -> None:
        """Register scopes, gauges and what Stripe's events lead to."""
        from core import scopes
        from subscriptions import (  # noqa: F401 - registering is the purpose
            diagnoses,
            erasing,
            gauges,
            rent_book,
            rent_kind,
            telling,
            webhooks,
        )

        scopes.register("clubs:subscribe", "subscribe customers to clubs", counselor=True)
        scopes.register("clubs:manage", "pause, cancel and activate subscriptions", counselor=True)
        scopes.register("clubs:charge", "list who is to be charged, and charge them")
