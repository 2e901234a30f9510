"""Keep the key and secret with which a tenant proves itself to the shop."""

from __future__ import annotations

from core.tenancy import current
from subscriptions.models import ShopAccount


def connect_shop(*, api_key: str, api_secret: str) -> ShopAccount:
    """Store the credentials of the tenant in scope, in place of earlier ones; safe to repeat."""
    account, _ = ShopAccount.objects.update_or_create(
        tenant_id=current().tenant_id,
        defaults={"api_key": api_key, "api_secret": api_secret},
    )
    return account
