"""How the company in scope bills."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection

from billing.models import BillingSettings
from core.tenancy import current


def usage_reach() -> timedelta:
    """Return how far back usage is taken of the company in scope; one query."""
    with connection.cursor() as cursor:  # by hand, since each batch of usage begins here
        cursor.execute("SELECT oldest_usage_days FROM billing_billingsettings")
        (days,) = cursor.fetchone() or (None,)
    return timedelta(days=days or settings.USAGE_OLDEST_DAYS)


def settings_now() -> BillingSettings:
    """Return the settings, or the defaults as a row that is not stored; one query. In scope."""
    found = BillingSettings.objects.first()
    return found or BillingSettings(tenant_id=current().tenant_id)
