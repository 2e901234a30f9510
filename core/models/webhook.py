"""Outgoing webhooks: where programs of a company listen, what was announced, and who heard it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.encryption import EncryptedTextField
from core.models.base import EditableRow, TenantRow

LONGEST_URL = 2000
LONGEST_EXCERPT = 500


class WebhookEndpoint(EditableRow):
    """An address that is told of events. Without `event_types` it is told of all of them.

    `secret` is `whsec_` and base64, as Standard Webhooks has it. While a secret is being replaced
    the former one signs as well, until `former_secret_until`. `failing_since` is the first failure
    after the last success; switched off, `off_reason` says why in words.
    """

    url = models.CharField(max_length=LONGEST_URL)
    description = models.CharField(max_length=200, blank=True, default="")
    event_types = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    secret = EncryptedTextField(editable=False)
    former_secret = EncryptedTextField(editable=False, null=True)
    former_secret_until = models.DateTimeField(null=True, editable=False)
    is_active = models.BooleanField(default=True)
    failing_since = models.DateTimeField(null=True, editable=False)
    off_reason = models.CharField(max_length=300, blank=True, default="", editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "url"], name="webhook_url_once"),
            models.CheckConstraint(
                name="former_webhook_secret_has_its_end",
                condition=Q(former_secret=None, former_secret_until=None)
                | Q(former_secret__isnull=False, former_secret_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.url


class WebhookMessage(TenantRow):
    """One event that was announced. `body` is, to the byte, what every endpoint is sent."""

    event_type = models.CharField(max_length=60)
    # What it is about: an id by which its owner finds it again.
    subject = models.CharField(max_length=100, blank=True)
    body = models.TextField()
    happened_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="webhook_message_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.subject}".strip()

    @property
    def reference(self) -> str:
        """The id that is sent in `webhook-id`; the same for each try and each endpoint."""
        return f"msg_{self.pk.hex}"


class WebhookDelivery(TenantRow):
    """The way of one message to one endpoint: tried until it is heard or given up."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        GIVEN_UP = "given_up", "Given up"

    message = models.ForeignKey(WebhookMessage, on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    # What was answered, or why there was no answer.
    last_answer = models.CharField(max_length=LONGEST_EXCERPT, blank=True, default="")
    tried_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "endpoint"], name="webhook_delivery_once_per_endpoint"
            ),
            models.CheckConstraint(
                name="waiting_webhook_is_due_again",
                condition=Q(state="waiting", next_at__isnull=False)
                | (~Q(state="waiting") & Q(next_at=None)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                name="webhook_due",
                condition=Q(state="waiting"),
            ),
            models.Index(fields=["tenant", "-created_at", "-id"], name="webhook_delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.endpoint_id}"
