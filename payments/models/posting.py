"""What one thing at Stripe does to the balance, kept so that the daily ledger can compare it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import TenantRow
from core.money import Money

# Stripe's words for a dispute whose money the bank has taken.
TAKEN = ("needs_response", "under_review", "lost")
REFUNDED = ("pending", "requires_action", "succeeded")
CHARGED = ("pending", "succeeded")


class Posting(TenantRow):
    """A charge, a refund or a dispute at Stripe, as it said when it was asked last.

    For each app that takes money without a checkout, with a column of what it was paid for.
    `amount_minor` is what it is about, without sign; `status` is Stripe's own word.
    """

    class Kind(models.TextChoices):
        CHARGE = "charge", "Charge"
        REFUND = "refund", "Refund"
        DISPUTE = "dispute", "Dispute"

    kind = models.CharField(max_length=7, choices=Kind.choices)
    stripe_id = models.CharField(max_length=255)
    stripe_charge_id = models.CharField(max_length=255)
    status = models.CharField(max_length=30)
    reason = models.CharField(max_length=60, blank=True, default="", db_default="")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    answer_by = models.DateTimeField(null=True)
    happened_at = models.DateTimeField()
    read_at = models.DateTimeField()

    class Meta:
        abstract = True
        ordering = ["-happened_at", "-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount.display()}"

    @staticmethod
    def rules(name: str) -> list[models.BaseConstraint]:
        """Return the constraints of such a table; `name` begins their names."""
        return [
            models.UniqueConstraint(fields=["tenant", "stripe_id"], name=f"{name}_posting_once"),
            models.CheckConstraint(
                name=f"{name}_posting_is_of_something", condition=Q(amount_minor__gte=0)
            ),
        ]

    @property
    def amount(self) -> Money:
        """What it is about, without sign."""
        return Money(self.amount_minor, self.currency)

    @property
    def moved_minor(self) -> int:
        """What the balance moved for it in all, with its sign, before fees."""
        if self.kind == self.Kind.CHARGE:
            return self.amount_minor if self.status in CHARGED else 0
        gone = REFUNDED if self.kind == self.Kind.REFUND else TAKEN
        return -self.amount_minor if self.status in gone else 0
