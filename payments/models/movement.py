"""The daily ledger: each movement of the balance at Stripe, and what it belongs to here."""

from __future__ import annotations

from django.db import models

from core.models import TenantRow
from core.money import Money


class Movement(TenantRow):
    """One of Stripe's balance transactions, signed minor units; `net = amount - fee`.

    Kept as Stripe gave it; a balance transaction never changes but for its availability.
    """

    stripe_movement_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=60)
    source_id = models.CharField(max_length=255, blank=True)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0, db_default=0)
    currency = models.CharField(max_length=3)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "stripe_movement_id"], name="movement_id_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "made_at"], name="movement_by_time"),
            models.Index(fields=["tenant", "source_id"], name="movement_by_source"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount.display()}"

    @property
    def amount(self) -> Money:
        """What moved, before fees."""
        return Money(self.amount_minor, self.currency)
