"""Checkouts: one try to pay something through Stripe's hosted page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q, Value

from core.encryption import EncryptedJSONField
from core.models import TenantRow
from core.money import Money
from payments.models.account import StripeAccount
from payments.models.link import PaymentLink
from payments.models.offer import Kept
from payments.models.version import LinkVersion


class Checkout(TenantRow):
    """One try to pay: written before Stripe is asked, with amount and currency frozen on it.

    `kind` and `subject_id` say what is being paid (a link, a fee, a rent). `metadata` is what the
    owner wants to read at Stripe too. `link_version` is what the link said when it was made;
    `details` (encrypted) what the customer chose, answered and agreed to. `epoch` counts the
    idempotency keys used: the same key is sent until Stripe's answer is certain.
    """

    class State(models.TextChoices):
        CREATED = "created", "Created"  # Stripe has not answered yet
        OPEN = "open", "Open"  # the customer is on Stripe's page
        PROCESSING = "processing", "Processing"  # a bank debit is on its way
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"

    UNSETTLED = (State.CREATED, State.OPEN, State.PROCESSING)

    kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    metadata = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    link = models.ForeignKey(
        PaymentLink, on_delete=models.PROTECT, null=True, related_name="checkouts"
    )
    link_version = models.ForeignKey(
        LinkVersion, on_delete=models.PROTECT, null=True, related_name="checkouts"
    )
    details = EncryptedJSONField(null=True)
    account = models.ForeignKey(StripeAccount, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, choices=State, default=State.CREATED)
    # What Stripe's page is asked to speak: one of ours, `auto`, or nothing.
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    holds_slot = models.BooleanField(default=False)
    # Stripe's word (`any`) where the bank shall confirm who pays; frozen like the amount.
    three_d_secure = models.CharField(max_length=10, blank=True, default="", db_default="")
    visitor_hash = models.CharField(max_length=64, blank=True)
    epoch = models.PositiveSmallIntegerField(default=1)
    key_used_at = models.DateTimeField(null=True)
    session_expires_at = models.DateTimeField()
    success_url = models.TextField()
    cancel_url = models.TextField()
    stripe_session_id = models.CharField(max_length=255, null=True, unique=True)
    stripe_payment_intent_id = models.CharField(max_length=255, null=True, unique=True)
    session_url = models.TextField(blank=True)
    decline_code = models.CharField(max_length=64, blank=True)
    decline_message = models.CharField(max_length=500, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    checked_at = models.DateTimeField(null=True)

    # Lines as they are sold: name, unit_amount_minor, quantity.
    items = Kept[list[dict[str, Any]]]("details", [])
    # What was asked and answered: key, label, value.
    answers = Kept[list[dict[str, str]]]("details", [])
    # When which terms were agreed to: at, text, url, version.
    consent = Kept[dict[str, Any] | None]("details", None)
    # Who is expected to pay: name, email, and Stripe's customer made of them.
    expected_payer = Kept[dict[str, str]]("details", {})

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="checkout_amount_is_positive", condition=Q(amount_minor__gt=0)
            ),
            models.CheckConstraint(
                name="open_checkout_has_session",
                condition=~Q(state__in=["open", "processing", "succeeded"])
                | Q(stripe_session_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "kind", "subject_id"], name="checkout_by_subject"),
            models.Index(
                fields=["tenant", "created_at"],
                name="checkout_of_link_by_time",
                condition=Q(link__isnull=False),
            ),
            models.Index(
                fields=["tenant", "state", "checked_at"],
                name="checkout_unsettled",
                condition=Q(state__in=["created", "open", "processing"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} · {self.state}"

    @property
    def amount(self) -> Money:
        """What the customer is asked for."""
        return Money(self.amount_minor, self.currency)

    @property
    def consented_at(self) -> datetime | None:
        """When the customer agreed to the link's terms."""
        return datetime.fromisoformat(self.consent["at"]) if self.consent else None

    @property
    def idempotency_key(self) -> str:
        """The key of the call that opens the session at Stripe."""
        return f"taproom:checkout:{self.pk}:{self.epoch}"

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is expected to happen."""
        return self.state not in self.UNSETTLED

    @property
    def is_open(self) -> bool:
        """Whether Stripe's page may still take cards, as far as is known here."""
        return self.state in {self.State.CREATED, self.State.OPEN}

    def can_be_used_at(self, now: datetime) -> bool:
        """Return whether a customer may be sent (again) to this checkout's page."""
        if self.state == self.State.CREATED:
            return True
        return self.state == self.State.OPEN and now < self.session_expires_at
