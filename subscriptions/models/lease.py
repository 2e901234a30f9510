"""Leases: who lives in which room, from when to when, for how much a month."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from django.db import models

from core.models.tenant import validate_zone
from core.money import Money
from subscriptions.models.house import House
from subscriptions.models.imported import LONGEST_SOURCE_ID, ImportedRow, currency_rule
from subscriptions.models.resident import Resident
from subscriptions.models.room import Room


class Lease(ImportedRow):
    """A lease. Days are those of `time_zone`; `rent_minor` is a month's rent in `currency`.

    `ends_on` is the day it was signed for, `moves_out_on` the day the resident leaves: the earlier
    one that is not before the start is when rent stops (`last_day`); with neither it is open.
    `user_source_id`, `room_source_id` and `house_source_id` are what the source said; the foreign
    keys are what that was resolved to, null when it could not be. `stripe_price_id` is a price of
    its own under the room's product, where the rent differs from the room's price.
    """

    class Status(models.TextChoices):
        SIGNED = "signed", "Signed"
        ACTIVE = "active", "Active"
        FINISHED = "finished", "Finished"
        CANCELLED = "cancelled", "Cancelled"
        VOID = "void", "Void"
        UNKNOWN = "unknown", "Unknown"  # the source has a word that we do not know

    # Only these may ever be billed.
    LIVING = (Status.SIGNED, Status.ACTIVE)

    resident = models.ForeignKey(
        Resident, on_delete=models.PROTECT, null=True, related_name="leases"
    )
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, related_name="leases")
    house = models.ForeignKey(House, on_delete=models.PROTECT, null=True, related_name="leases")
    user_source_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    room_source_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    house_source_id = models.CharField(
        max_length=LONGEST_SOURCE_ID, blank=True, default="", db_default=""
    )
    number = models.BigIntegerField(null=True, blank=True)
    name = models.CharField(max_length=255, blank=True, default="", db_default="")
    status = models.CharField(max_length=10, choices=Status, default=Status.SIGNED)
    time_zone = models.CharField(
        max_length=60, blank=True, default="", db_default="", validators=[validate_zone]
    )
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    moves_out_on = models.DateField(null=True, blank=True)
    signed_on = models.DateField(null=True, blank=True)
    moved_in_on = models.DateField(null=True, blank=True)
    has_moved_in = models.BooleanField(default=False, db_default=False)
    has_moved_out = models.BooleanField(default=False, db_default=False)
    currency = models.CharField(max_length=3)
    rent_minor = models.BigIntegerField(null=True, blank=True)
    deposit_minor = models.BigIntegerField(null=True, blank=True)
    stripe_subscription_id = models.CharField(max_length=64, null=True, blank=True)
    stripe_price_id = models.CharField(max_length=64, null=True, blank=True)

    class Meta:
        ordering = ["-starts_on", "source_id"]
        constraints = [
            *ImportedRow.rules("lease"),
            currency_rule("lease_currency_is_upper_case"),
            models.UniqueConstraint(
                fields=["tenant", "stripe_subscription_id"], name="lease_subscription_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "resident"], name="lease_by_resident"),
            models.Index(fields=["tenant", "room", "starts_on"], name="lease_by_room"),
        ]

    def __str__(self) -> str:
        return self.name or f"lease {self.number or self.source_id}"

    @property
    def rent(self) -> Money | None:
        """A month's rent; None when no amount is known."""
        return None if self.rent_minor is None else Money(self.rent_minor, self.currency)

    @property
    def last_day(self) -> date | None:
        """The day on which rent stops; None for a lease without an end."""
        days = [day for day in (self.ends_on, self.moves_out_on) if day is not None]
        if self.starts_on is not None:
            days = [day for day in days if day >= self.starts_on] or days
        return min(days, default=None)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object; reads the tenant when the lease has none."""
        return ZoneInfo(self.time_zone or self.tenant.time_zone)
