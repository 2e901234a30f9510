"""Disputes of payments, what was done about them, and the warnings that come before."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.encryption import EncryptedJSONField
from core.models import TenantRow
from core.money import Money
from payments.models.payment import Payment


class Dispute(TenantRow):
    """A payer's objection at their bank, as Stripe said when it was asked last.

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

    ANSWERABLE = (Status.NEEDS_RESPONSE, Status.WARNING_NEEDS_RESPONSE)

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    stripe_dispute_id = models.CharField(max_length=255)
    stripe_charge_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=22, choices=Status)
    reason = models.CharField(max_length=60, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    fee_minor = models.BigIntegerField(default=0, db_default=0)
    submissions = models.IntegerField(default=0, db_default=0)
    answer_by = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "stripe_dispute_id"], name="dispute_id_once"),
            models.CheckConstraint(
                name="dispute_amount_is_positive", condition=Q(amount_minor__gt=0)
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "payment"], name="dispute_by_payment"),
            models.Index(fields=["tenant", "status", "answer_by"], name="dispute_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.amount.display()} · {self.get_status_display()}"

    @property
    def amount(self) -> Money:
        """What the payer objects to."""
        return Money(self.amount_minor, self.currency)

    @property
    def is_inquiry(self) -> bool:
        """Whether the bank only asks, and has taken nothing."""
        return self.status.startswith("warning_")

    @property
    def needs_answer(self) -> bool:
        """Whether the bank still waits for evidence."""
        return self.status in self.ANSWERABLE and not self.submissions


class DisputeAnswer(TenantRow):
    """What a person had done about a dispute, done at Stripe once: evidence, or acceptance.

    `evidence` is what goes to the bank: Stripe's fields and texts, frozen when it was asked for.
    """

    class Kind(models.TextChoices):
        SUBMIT = "submit", "Submit the evidence"
        ACCEPT = "accept", "Accept the dispute"

    class State(models.TextChoices):
        ASKED = "asked", "Being sent"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused by Stripe"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="answers")
    kind = models.CharField(max_length=6, choices=Kind)
    state = models.CharField(max_length=7, choices=State, default=State.ASKED)
    evidence = EncryptedJSONField(default=dict)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    epoch = models.PositiveSmallIntegerField(default=1)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "dispute"],
                condition=~Q(state="refused"),
                name="dispute_answered_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                name="dispute_answer_to_send",
                condition=Q(state="asked"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.get_state_display()}"

    @property
    def idempotency_key(self) -> str:
        """The key of the call that does it."""
        return f"taproom:dispute:{self.pk}:{self.epoch}"


class EarlyWarning(TenantRow):
    """An issuer's early fraud warning about a payment: a refund now spares the dispute."""

    class Decision(models.TextChoices):
        KEPT = "kept", "Kept"
        REFUNDED = "refunded", "Sent back"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="early_warnings")
    stripe_warning_id = models.CharField(max_length=255)
    stripe_charge_id = models.CharField(max_length=255)
    fraud_type = models.CharField(max_length=60, blank=True)
    is_actionable = models.BooleanField()
    warned_at = models.DateTimeField()
    decision = models.CharField(max_length=8, choices=Decision, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-warned_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "stripe_warning_id"], name="early_warning_id_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "payment"], name="early_warning_by_payment"),
            models.Index(
                fields=["tenant", "warned_at"],
                name="early_warning_to_decide",
                condition=Q(is_actionable=True, decision=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Early fraud warning: {self.fraud_type.replace('_', ' ')}"
