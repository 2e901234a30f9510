"""The ledger of a house: each movement of its rents, written once and never changed."""

from __future__ import annotations

from django.db import models

from core.models import TenantRow
from core.money import Money
from subscriptions.models.house import House
from subscriptions.models.imported import currency_rule
from subscriptions.models.rent import RentPayment


class HouseEntry(TenantRow):
    """One movement. `source` names what it is of (an id of ours or of Stripe's), so that it is
    written once however often it is told.

    Amounts are signed minor units: `expected` rent that is due; `received` money that came for it,
    `returned` money that went back to the payer or their bank; `sent` to the house, `reversed` back
    from it; `written_off` what nobody expects any more. Held is what was received and not sent.
    """

    class Kind(models.TextChoices):
        EXPECTED = "expected", "Expected"
        RECEIVED = "received", "Received"
        RETURNED = "returned", "Sent back to the payer"
        REINSTATED = "reinstated", "Given back by the bank"
        SENT = "sent", "Sent to the house"
        REVERSED = "reversed", "Taken back from the house"
        WRITTEN_OFF = "written_off", "Written off"

    house = models.ForeignKey(House, on_delete=models.PROTECT, null=True, related_name="ledger")
    rent = models.ForeignKey(RentPayment, on_delete=models.PROTECT, related_name="ledger")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=255)
    happened_at = models.DateTimeField()
    words = models.CharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        verbose_name_plural = "house entries"
        ordering = ["happened_at", "created_at", "id"]
        constraints = [
            currency_rule("house_entry_currency_is_upper_case"),
            models.UniqueConstraint(
                fields=["tenant", "rent", "kind", "source"], name="house_entry_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "house", "happened_at"], name="house_entry_by_house"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.amount_minor} {self.currency}"

    @property
    def amount(self) -> Money:
        """The movement, signed."""
        return Money(self.amount_minor, self.currency)
