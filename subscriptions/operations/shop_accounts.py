"""Keep the key and secret with which a tenant proves itself to the shop."""

from __future__ import annotations

from core.tenancy import current
from subscriptions.models import ShopAccount

LONGEST = 200


class CredentialUnusable(Exception):
    """A key or secret that cannot stand in a header."""


def connect_shop(*, api_key: str, api_secret: str) -> ShopAccount:
    """Store the credentials of the tenant in scope, in place of earlier ones; safe to repeat.

    Raises CredentialUnusable.
    """
    for name, value in (("key", api_key), ("secret", api_secret)):
        check_credential(name, value)
    account, _ = ShopAccount.objects.update_or_create(
        tenant_id=current().tenant_id,
        defaults={"api_key": api_key, "api_secret": api_secret},
    )
    return account


def check_credential(name: str, value: str) -> None:
    """Raise CredentialUnusable unless a text can be sent as a header."""
    is_sendable = value.isascii() and value.isprintable() and value == value.strip()
    if not value or len(value) > LONGEST or not is_sendable:
        raise CredentialUnusable(
            f"The shop's {name} must be 1 to {LONGEST} plain characters, without blanks around."
        )
