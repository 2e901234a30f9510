"""The inbox: every event that Stripe signed, kept before anything is done with it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.encryption import EncryptedJSONField
from core.models import TenantRow
from payments.models.account import StripeAccount


class StripeEvent(TenantRow):
    """One verified event. `payload` is encrypted, since it carries payers' details.

    Once per tenant, not once in all: a tenant who signs an event with another one's id must not
    be able to keep that one out.
    """

    account = models.ForeignKey(StripeAccount, on_delete=models.PROTECT, related_name="+")
    stripe_event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=120)
    object_id = models.CharField(max_length=255, blank=True)
    payload = EncryptedJSONField()
    stripe_created_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    mirrored_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "Stripe event"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "stripe_event_id"], name="stripe_event_once_per_tenant"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                name="event_unprocessed",
                condition=Q(processed_at__isnull=True),
            ),
            models.Index(fields=["tenant", "-created_at"], name="event_newest"),
            models.Index(fields=["tenant", "object_id"], name="event_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_event_id}"
