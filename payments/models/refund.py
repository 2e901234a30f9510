"""Refunds: money that goes back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import TenantRow
from core.money import Money
from payments.models.payment import Payment


class Refund(TenantRow):
    """One refund, asked for by staff here or seen at Stripe; pushed by a worker.

    Refunds that are not failed never add up to more than the payment (checked under the
    payment's row lock when one is asked for).
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "Requested"  # not yet known to Stripe
        PENDING = "pending", "On its way"
        SUCCEEDED = "succeeded", "Refunded"
        FAILED = "failed", "Failed"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.REQUESTED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    stripe_refund_id = models.CharField(max_length=255, null=True, unique=True)
    epoch = models.PositiveSmallIntegerField(default=1)
    key_used_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    # The customer got this money in another way than by a refund: who says so, when and how.
    settled_at = models.DateTimeField(null=True, editable=False)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    settled_note = models.CharField(max_length=300, blank=True, db_default="", editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="refund_amount_is_positive", condition=Q(amount_minor__gt=0)
            ),
            models.CheckConstraint(
                name="refund_settled_with_note",
                condition=Q(settled_at__isnull=True, settled_note="")
                | Q(settled_at__isnull=False, settled_note__gt=""),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "payment"], name="refund_by_payment"),
            models.Index(
                fields=["tenant", "next_at"],
                name="refund_to_push",
                condition=Q(state="requested"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount.display()} back · {self.get_state_display()}"

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)

    @property
    def idempotency_key(self) -> str:
        """The key of the call that makes the refund at Stripe."""
        return f"taproom:refund:{self.pk}:{self.epoch}"
