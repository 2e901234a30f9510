"""Disputes of rents and warnings of fraud, as Stripe said when it was asked last."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import TenantRow
from core.money import Money
from subscriptions.models.rent import RentPayment


class RentDispute(TenantRow):
    """A payer's objection at their bank. Without a rent while its payment is not known here.

    `status` is Stripe's own word. An inquiry (`warning_...`) has taken no money yet.
    """

    class Status(models.TextChoices):
        WARNING_NEEDS_RESPONSE = "warning_needs_response", "Inquiry: needs an answer"
        WARNING_UNDER_REVIEW = "warning_under_review", "Inquiry: under review"
        WARNING_CLOSED = "warning_closed", "Inquiry: closed"
        NEEDS_RESPONSE = "needs_response", "Needs an answer"
        UNDER_REVIEW = "under_review", "Under review"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        PREVENTED = "prevented", "Prevented"

    ENDED = (Status.WON, Status.LOST, Status.WARNING_CLOSED, Status.PREVENTED)
    ANSWERABLE = (Status.NEEDS_RESPONSE, Status.WARNING_NEEDS_RESPONSE)

    rent = models.ForeignKey(
        RentPayment, on_delete=models.PROTECT, null=True, related_name="disputes"
    )
    stripe_dispute_id = models.CharField(max_length=255)
    stripe_charge_id = models.CharField(max_length=255)
    status = models.CharField(max_length=22, choices=Status.choices)
    reason = models.CharField(max_length=60)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    fee_minor = models.BigIntegerField(default=0, db_default=0)
    is_refundable = models.BooleanField(default=False, db_default=False)
    answer_by = models.DateTimeField(null=True)
    has_evidence = models.BooleanField(default=False, db_default=False)
    submissions = models.IntegerField(default=0, db_default=0)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField()
    # Told before the deadline, once for each number of days.
    reminded_for = models.JSONField(default=list, db_default=[])

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "stripe_dispute_id"], name="rent_dispute_id_once"
            ),
            models.CheckConstraint(
                name="rent_dispute_amount_is_positive", condition=Q(amount_minor__gt=0)
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "stripe_charge_id"], name="rent_dispute_by_charge"),
            models.Index(fields=["tenant", "status", "answer_by"], name="rent_dispute_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.amount.display()} · {self.get_status_display()}"

    @property
    def amount(self) -> Money:
        """What the payer objects to."""
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether it is not decided yet."""
        return self.status not in self.ENDED

    @property
    def is_inquiry(self) -> bool:
        """Whether the bank only asks, and has taken nothing."""
        return self.status.startswith("warning_")


class FraudWarning(TenantRow):
    """An issuer's warning that a rent may have been paid with a stolen card."""

    rent = models.ForeignKey(
        RentPayment, on_delete=models.PROTECT, null=True, related_name="warnings"
    )
    stripe_warning_id = models.CharField(max_length=255)
    stripe_charge_id = models.CharField(max_length=255)
    fraud_type = models.CharField(max_length=60)
    is_actionable = models.BooleanField()
    warned_at = models.DateTimeField()
    # Somebody looked at it and lets the money go on.
    cleared_at = models.DateTimeField(null=True)
    cleared_note = models.CharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        ordering = ["-warned_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "stripe_warning_id"], name="fraud_warning_id_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "stripe_charge_id"], name="fraud_warning_by_charge"),
        ]

    def __str__(self) -> str:
        return f"{self.fraud_type} · {self.warned_at:%Y-%m-%d}"
