"""Houses: where the rooms are, in which currency they are paid, and who gets the rent."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from core.models.tenant import validate_zone
from subscriptions.models.imported import ImportedRow, currency_rule


class House(ImportedRow):
    """A house. Its rooms' and leases' money is in `currency`; their days are of `time_zone`.

    `currency_from` says how the currency is known; what staff set is not changed by an import.
    `stripe_account_id` is the connected account that rents are sent to; the ones before it are
    kept as `FormerStripeId`. `checked_account_id`: the account that a person has called the
    house's own though it looks like another house's; it counts for that account alone.
    `is_inferred`: no dump held the house itself, only rows that name it.
    """

    class CurrencyFrom(models.TextChoices):
        COLUMN = "column", "The dump says so"
        CITY = "city", "From the city in its leases' names"
        DEFAULT = "default", "The company's own"
        STAFF = "staff", "Set by staff"

    name = models.CharField(max_length=255, blank=True, default="", db_default="")
    currency = models.CharField(max_length=3)
    currency_from = models.CharField(
        max_length=8, choices=CurrencyFrom, default=CurrencyFrom.STAFF, db_default="staff"
    )
    time_zone = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        validators=[validate_zone],
        help_text="Such as Europe/Brussels; empty: the company's.",
    )
    stripe_account_id = models.CharField("Stripe account", max_length=64, null=True, blank=True)
    checked_account_id = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    is_active = models.BooleanField(default=True, db_default=True)
    is_deleted = models.BooleanField(default=False, db_default=False)
    is_inferred = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        ordering = ["name", "source_id"]
        constraints = [
            *ImportedRow.rules("house"),
            currency_rule("house_currency_is_upper_case"),
            models.CheckConstraint(
                name="house_account_is_not_empty",
                condition=Q(stripe_account_id=None) | Q(stripe_account_id__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.source_id or str(self.pk)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object; reads the tenant when the house has none of its own."""
        return ZoneInfo(self.time_zone or self.tenant.time_zone)
