"""Rooms: what is let."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.money import Money
from subscriptions.models.house import House
from subscriptions.models.imported import LONGEST_SOURCE_ID, ImportedRow, currency_rule


class Room(ImportedRow):
    """A room of a house. Amounts are minor units of `currency`, which is the house's, a month.

    `price_minor` is what the room costs: `base_rent_minor`, else `rent_minor`. At Stripe it is a
    product, and that price.
    """

    house = models.ForeignKey(House, on_delete=models.PROTECT, null=True, related_name="rooms")
    house_source_id = models.CharField(
        max_length=LONGEST_SOURCE_ID, blank=True, default="", db_default=""
    )
    number = models.IntegerField(null=True, blank=True)
    location = models.CharField(max_length=255, blank=True, default="", db_default="")
    description = models.TextField(blank=True, default="", db_default="")
    currency = models.CharField(max_length=3)
    base_rent_minor = models.BigIntegerField(null=True, blank=True)
    rent_minor = models.BigIntegerField(null=True, blank=True)
    price_minor = models.BigIntegerField(null=True, blank=True)
    deposit_minor = models.BigIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)
    is_deleted = models.BooleanField(default=False, db_default=False)
    stripe_product_id = models.CharField(max_length=64, null=True, blank=True)
    stripe_price_id = models.CharField(max_length=64, null=True, blank=True)

    class Meta:
        ordering = ["house", "number", "source_id"]
        constraints = [
            *ImportedRow.rules("room"),
            currency_rule("room_currency_is_upper_case"),
            models.UniqueConstraint(
                fields=["tenant", "stripe_product_id"], name="room_product_once"
            ),
            models.UniqueConstraint(fields=["tenant", "stripe_price_id"], name="room_price_once"),
            models.CheckConstraint(
                name="room_price_belongs_to_product",
                condition=Q(stripe_price_id=None) | Q(stripe_product_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"room {self.number}" if self.number is not None else f"room {self.source_id}"

    @property
    def price(self) -> Money | None:
        """What the room costs a month; None when no amount is known."""
        return None if self.price_minor is None else Money(self.price_minor, self.currency)
