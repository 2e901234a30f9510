"""Organizations: who uses the product and pays for it, and the rules that hold for them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from billing.models.fields import ExactField
from core.encryption import EncryptedJSONField, EncryptedTextField, email_key
from core.models import EditableRow, TenantRow
from core.models.tenant import validate_zone

CODE = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"


class TaxRate(TenantRow):
    """A fixed percentage. Inclusive: prices hold it already; exclusive: it is a line of its own."""

    name = models.CharField(max_length=60)
    percentage = ExactField(max_digits=9, decimal_places=6)
    is_inclusive = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="tax_rate_is_a_percentage",
                condition=Q(percentage__gte=0) & Q(percentage__lte=100),
            ),
            models.UniqueConstraint(fields=["tenant", "name"], name="tax_rate_name_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percentage.normalize():f} %"


class Organization(EditableRow):
    """Whoever is billed. Days, months and "today" are those of its own time zone.

    `code` is the name by which programs call it. `payer` holds name, e-mail, address and tax id
    for the invoice, encrypted. Periods run from anchor day to anchor day; the first begins on
    `billing_starts_on`. `closed_through` is the last day of the last closed period: usage of that
    day or before is late. Currency, zone and anchor are frozen once there is usage.
    """

    class Collection(models.TextChoices):
        AUTOMATIC = "charge_automatically", "Charged by saved method"
        INVOICE = "send_invoice", "Pays by invoice"

    class BelowMinimum(models.TextChoices):
        CARRY = "carry", "Carried to the next invoice"
        WAIVE = "waive", "Waived"
        PUSH = "push", "Sent all the same"

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        CLOSED = "closed", "Closed"

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    payer = EncryptedJSONField(default=dict)
    email_key = models.CharField(
        max_length=32, blank=True, default="", db_default="", editable=False
    )
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=60, validators=[validate_zone])
    anchor_day = models.PositiveSmallIntegerField(default=1)
    billing_starts_on = models.DateField()
    closed_through = models.DateField(null=True, editable=False)
    net_days = models.PositiveSmallIntegerField(default=14)
    collection = models.CharField(
        max_length=20, choices=Collection.choices, default=Collection.INVOICE
    )
    below_minimum = models.CharField(
        max_length=5, choices=BelowMinimum.choices, default=BelowMinimum.CARRY
    )
    tax_rate = models.ForeignKey(
        TaxRate, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=6, choices=State.choices, default=State.ACTIVE)
    stripe_customer_id = models.CharField(max_length=255, null=True, unique=True, editable=False)
    # The secret in the address of its portal; its hash lies in core.Entry.
    portal_token = EncryptedTextField(editable=False, default="")

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="organization_code_once"),
            models.CheckConstraint(
                name="organization_code_is_plain", condition=Q(code__regex=CODE)
            ),
            models.CheckConstraint(
                name="organization_currency_is_upper_case",
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
            ),
            models.CheckConstraint(
                name="organization_anchor_is_a_day",
                condition=Q(anchor_day__gte=1) & Q(anchor_day__lte=31),
            ),
            models.CheckConstraint(
                name="organization_net_days_is_at_most_a_year", condition=Q(net_days__lte=365)
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "email_key"],
                name="organization_by_email",
                condition=~Q(email_key=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the row, findable by its payer's e-mail."""
        named = kwargs.get("update_fields")
        if named is None or "payer" in named:
            self.email_key = email_key(str(self.payer.get("email") or ""))
        if named is not None and "payer" in named:
            kwargs["update_fields"] = {*named, "email_key"}
        super().save(*args, **kwargs)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.time_zone)
