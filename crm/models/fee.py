"""Payment requests: each try of an applicant to pay the application fee."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import TenantRow
from core.money import Money
from crm.models.application import Application
from crm.models.lead import Lead


class PaymentRequest(TenantRow):
    """The fee of an application, asked for once: written before Stripe is, as `pending`.

    Amount and currency are frozen here. An application has one pending request at a time, which
    every click and every tab uses; `lead` is the application's, kept by a trigger.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for payment"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Ended unpaid"

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="payment_requests"
    )
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, related_name="payment_requests", editable=False
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(
        max_length=8, choices=State, default=State.PENDING, db_default=State.PENDING
    )
    checkout_id = models.UUIDField(
        null=True, unique=True, db_comment="The row of payments_checkout that this is paid by."
    )
    stripe_session_id = models.CharField(max_length=255, null=True)
    stripe_payment_intent_id = models.CharField(max_length=255, null=True)
    method = models.CharField(max_length=40, blank=True, default="", db_default="")
    paid_at = models.DateTimeField(null=True)
    reason = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        db_comment="Why it was not paid, in words.",
    )
    attended_at = models.DateTimeField(
        null=True, db_comment="When somebody took a failure off the worklist."
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        db_table_comment = "Each try of an applicant to pay the application fee."
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "application"],
                condition=Q(state="pending"),
                name="fee_asked_once_at_a_time",
            ),
            models.CheckConstraint(
                name="payment_request_amount_is_positive", condition=Q(amount_minor__gt=0)
            ),
            models.CheckConstraint(
                name="payment_request_state_is_known",
                condition=Q(state__in=["pending", "paid", "failed", "expired"]),
            ),
            models.CheckConstraint(
                name="paid_request_says_when",
                condition=~Q(state="paid") | Q(paid_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "application"], name="request_by_application"),
            models.Index(
                fields=["tenant", "paid_at"], name="request_paid_lately", condition=Q(state="paid")
            ),
            models.Index(
                fields=["tenant", "updated_at"],
                name="request_unattended",
                condition=Q(state__in=["failed", "expired"], attended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount.display()} · {self.get_state_display()}"

    @property
    def amount(self) -> Money:
        """What is asked for."""
        return Money(self.amount_minor, self.currency)
