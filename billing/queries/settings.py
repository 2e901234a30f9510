"""How the company in scope bills."""

from __future__ import annotations

from billing.models import BillingSettings
from core.tenancy import current


def settings_now() -> BillingSettings:
    """Return the settings, or the defaults as a row that is not stored; one query. In scope."""
    found = BillingSettings.objects.first()
    return found or BillingSettings(tenant_id=current().tenant_id)
