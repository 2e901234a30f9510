"""Recipients: to whom a link was sent by e-mail, and when they are reminded."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse

from core.encryption import EncryptedTextField
from core.models import TenantRow
from payments.models.link import PaymentLink


class LinkRecipient(TenantRow):
    """One address to which a link was sent.

    Reminders go out `days_after` the first letter and `days_before` the link's end, in the
    tenant's days. `email_hash` finds the address without reading it; a keyed hash, since the
    plain one of an address is as good as the address.
    """

    link = models.ForeignKey(PaymentLink, on_delete=models.PROTECT, related_name="recipients")
    email = EncryptedTextField()
    email_hash = models.CharField(max_length=64)
    token = EncryptedTextField(editable=False)
    language = models.CharField(max_length=10, default="en")
    sent_on = models.DateField()
    days_after = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    days_before = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    opted_out_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["link", "email_hash"], name="link_recipient_once"),
        ]

    def __str__(self) -> str:
        return str(self.email)

    @staticmethod
    def hash_email(email: str) -> str:
        """Return the keyed hash of an address; case does not matter."""
        key = f"taproom.recipient:{settings.SECRET_KEY}".encode()
        return hmac.new(key, email.strip().lower().encode(), hashlib.sha256).hexdigest()

    @property
    def stop_url(self) -> str:
        """The public address at which the recipient ends reminders."""
        return f"{settings.PUBLIC_URL}{reverse('reminders_stop', args=[self.token])}"
