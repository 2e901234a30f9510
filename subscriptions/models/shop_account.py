"""With what a tenant proves itself to the shop."""

from __future__ import annotations

from django.db import models

from core.encryption import EncryptedTextField
from core.models import TenantRow


class ShopAccount(TenantRow):
    """The key and secret (encrypted) that go into the headers of each order at the shop."""

    api_key = EncryptedTextField()
    api_secret = EncryptedTextField()

    class Meta:
        verbose_name = "shop account"
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="shop_account_once_per_tenant"),
        ]

    def __str__(self) -> str:
        return "Shop"
