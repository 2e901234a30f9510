"""A tenant's account at Stripe."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from core.encryption import EncryptedJSONField, EncryptedTextField
from core.models import TenantRow


class StripeAccount(TenantRow):
    """The account that a tenant's money goes to, with its keys (encrypted).

    `webhook_secrets` are signing secrets, newest first; while one is being rolled, two are valid.
    """

    stripe_account_id = models.CharField(max_length=64)
    secret_key = EncryptedTextField()
    webhook_secrets = EncryptedJSONField(default=list)
    livemode = models.BooleanField(default=False)

    class Meta:
        verbose_name = "Stripe account"
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="stripe_account_once_per_tenant"),
        ]

    def __str__(self) -> str:
        return self.stripe_account_id

    @property
    def webhook_url(self) -> str:
        """The address to enter at Stripe for webhooks of this account."""
        return f"{settings.PUBLIC_URL}{reverse('stripe_webhook', args=[self.pk])}"
