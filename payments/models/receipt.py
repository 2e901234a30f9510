"""Receipts: what a payer may keep, at an address that nobody can guess."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from core.encryption import EncryptedTextField
from core.models import TenantRow
from payments.models.payment import Payment


class Receipt(TenantRow):
    """The receipt of one payment that succeeded.

    It holds no figures: page and PDF show the payment and its refunds as they are when somebody
    looks. `language` is the payer's.
    """

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="receipt")
    token = EncryptedTextField(editable=False)
    language = models.CharField(max_length=10, default="en")

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What people call it by: `R-1F2E3D4C5B6A`."""
        return f"R-{self.pk.hex[:12].upper()}"

    @property
    def url(self) -> str:
        """Its public address."""
        return f"{settings.PUBLIC_URL}{reverse('receipt', args=[self.token])}"
