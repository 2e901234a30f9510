"""Payments: money that came, is on its way, or failed to come."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from core.encryption import EncryptedJSONField
from core.models import TenantRow
from core.money import Money
from payments.models.checkout import Checkout
from payments.models.link import PaymentLink


class Payment(TenantRow):
    """What Stripe said, when asked, about the money of one checkout.

    `standing` tells whether the money was expected: late, surplus and mismatched payments wait on
    a worklist until a person keeps or refunds them. `payer` holds name and e-mail, encrypted.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        SUCCEEDED = "succeeded", "Success"
        FAILED = "failed", "Failure"

    class Standing(models.TextChoices):
        EXPECTED = "expected", "Expected"
        LATE = "late", "Late: it came after the end"
        SURPLUS = "surplus", "Surplus: it was paid already"
        MISMATCHED = "mismatched", "Mismatched: not what was asked for"

    class Decision(models.TextChoices):
        KEPT = "kept", "Kept"
        REFUNDED = "refunded", "Refunded"

    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, related_name="payments")
    link = models.ForeignKey(
        PaymentLink, on_delete=models.PROTECT, null=True, related_name="payments"
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    refunded_minor = models.BigIntegerField(default=0)
    state = models.CharField(max_length=12, choices=State)
    standing = models.CharField(max_length=12, choices=Standing, default=Standing.EXPECTED)
    mismatch = models.CharField(max_length=500, blank=True)
    method = models.CharField(max_length=40, blank=True)
    card_brand = models.CharField(max_length=40, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    payer = EncryptedJSONField(default=dict)
    decline_code = models.CharField(max_length=64, blank=True)
    decline_message = models.CharField(max_length=500, blank=True)
    stripe_payment_intent_id = models.CharField(max_length=255, null=True, unique=True)
    stripe_charge_id = models.CharField(max_length=255, blank=True)
    paid_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=12, choices=Decision, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["checkout"], name="payment_once_per_checkout"),
            models.CheckConstraint(
                name="payment_amount_is_not_negative", condition=Q(amount_minor__gte=0)
            ),
            models.CheckConstraint(
                name="payment_refunded_at_most_once",
                condition=Q(refunded_minor__gte=0) & Q(refunded_minor__lte=F("amount_minor")),
            ),
            models.CheckConstraint(
                name="payment_success_has_time",
                condition=~Q(state="succeeded") | Q(paid_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="payment_newest"),
            models.Index(fields=["tenant", "state", "-paid_at"], name="payment_by_state"),
            models.Index(fields=["tenant", "link"], name="payment_by_link"),
            # The moment by which analytics puts a payment on a day (payments.analytics).
            models.Index(F("tenant"), Coalesce("paid_at", "created_at"), name="payment_by_moment"),
            models.Index(
                fields=["tenant", "created_at"],
                name="payment_needs_decision",
                condition=~Q(standing="expected") & Q(decision="") & Q(state="succeeded"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount.display()} · {self.get_state_display()}"

    @property
    def amount(self) -> Money:
        """What was paid."""
        return Money(self.amount_minor, self.currency)

    @property
    def refunded(self) -> Money:
        """What Stripe has confirmed as refunded."""
        return Money(self.refunded_minor, self.currency)

    @property
    def needs_decision(self) -> bool:
        """Whether a person still has to keep or refund this money."""
        return (
            self.state == self.State.SUCCEEDED
            and self.standing != self.Standing.EXPECTED
            and not self.decision
        )
