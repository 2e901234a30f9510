"""The billing app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Names what callers of the API may do with usage and invoices."""

    name = "billing"

    def ready(self) -> None:
        """Register scopes."""
        from core import scopes

        scopes.register("usage:write", "send usage events")
        scopes.register("billing:read", "read organizations, usage and invoices")
        scopes.register("billing:write", "change organizations, plans and items")
        scopes.register("billing:run", "run billing and push invoices")
