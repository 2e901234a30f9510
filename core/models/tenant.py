"""The company whose back office this is."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from core.models.base import Row


def validate_zone(name: str) -> None:
    """Raise ValidationError unless `name` is a zone of the IANA database."""
    if name not in available_timezones():
        raise ValidationError(
            f"{name!r} is not a time zone; use a name such as Europe/Amsterdam.",
            code="unknown_zone",
        )


MEASUREMENT_ID = re.compile(r"G-[A-Z0-9]{4,16}")


def validate_measurement_id(text: str) -> None:
    """Raise ValidationError unless `text` is a measurement id of Google Analytics 4."""
    if not MEASUREMENT_ID.fullmatch(text):
        raise ValidationError(
            "Give an id such as G-AB12CD34EF: Google shows it at Admin, Data streams.",
            code="no_measurement_id",
        )


class Tenant(Row):
    """One customer of Taproom. Days, months and "today" are those of its time zone."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    time_zone = models.CharField(max_length=60, default="UTC", validators=[validate_zone])
    default_currency = models.CharField(max_length=3, default="USD")
    # Hosts that customers may be sent to after paying; nothing else can be a redirect's target.
    redirect_hosts = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    # Whether payers who gave an address get their receipt by e-mail.
    sends_receipts = models.BooleanField(
        "e-mail receipts",
        default=True,
        db_default=True,
        help_text="Payers who gave an address get their receipt by e-mail.",
    )
    # Whether what needs the owner at once also goes out by e-mail, not to the first page alone.
    sends_alarms = models.BooleanField(
        "e-mail alarms",
        default=True,
        db_default=True,
        help_text="Admins get an e-mail about signs of fraud, disputes and invoices that do not go"
        " out. The first page shows them in any case.",
    )
    # Empty: no page ever asks Google anything. Payment pages alone use it, after consent.
    google_measurement_id = models.CharField(
        max_length=20, blank=True, default="", db_default="", validators=[validate_measurement_id]
    )
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="tenant_currency_is_upper_case",
                condition=models.Q(default_currency__regex=r"^[A-Z]{3}$"),
            ),
            models.CheckConstraint(
                name="tenant_measurement_id_is_googles",
                condition=models.Q(google_measurement_id__regex=r"^(G-[A-Z0-9]{4,16})?$"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.time_zone)
