"""The versions of what a link said: each stays, so that every payer's terms can be shown again."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.dateparse import parse_datetime

from core.encryption import EncryptedJSONField
from core.models import TenantRow
from core.money import Money
from payments.models.link import PaymentLink

TERMS: Final = (
    "title",
    "description",
    "reference",
    "pricing",
    "amount_minor",
    "currency",
    "min_amount_minor",
    "max_amount_minor",
    "preset_amount_minor",
    "items",
    "min_part_minor",
    "starts_at",
    "expires_at",
    "max_payments",
    "custom_fields",
    "terms_text",
    "terms_url",
    "customer_name",
    "customer_email",
    "after_payment_message",
    "redirect_url",
)
MOMENTS: Final = frozenset({"starts_at", "expires_at"})


def terms_of(link: PaymentLink) -> dict[str, Any]:
    """Return all that a link says, as JSON can hold it."""
    terms = {name: getattr(link, name) for name in TERMS}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in terms.items()
    }


def _words(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_words(row) for row in value)
    if isinstance(value, dict):
        told = (
            f"{name.replace('_', ' ')} {_words(inner)}" for name, inner in value.items() if inner
        )
        return ", ".join(told)
    return "yes" if value is True else str(value)


class LinkVersion(TenantRow):
    """What a link said from `made_at` until the next version: by whom, and what was changed.

    `terms` holds every field of TERMS, encrypted, since a prefilled customer is among them. A row
    changes only when that customer is erased.
    """

    link = models.ForeignKey(PaymentLink, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    terms = EncryptedJSONField()
    changed = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "link", "number"], name="link_version_numbered_once"
            ),
            models.CheckConstraint(
                name="link_version_counts_from_one", condition=models.Q(number__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"

    @property
    def title(self) -> str:
        """What it was called then."""
        return str(self.terms["title"])

    @property
    def amount(self) -> Money:
        """What it asked for then."""
        return Money(int(self.terms["amount_minor"]), str(self.terms["currency"]))

    def said(self) -> list[tuple[str, str]]:
        """Return what it said, field by field, for people to read; what was empty is left out."""
        return [(name, _words(value)) for name in TERMS if (value := self.terms.get(name))]

    def as_link(self) -> PaymentLink:
        """Return the link as it said then, to be shown and compared; never save it."""
        link = copy(self.link)
        for name in TERMS:
            value = self.terms[name]
            is_moment = name in MOMENTS and value is not None
            setattr(link, name, parse_datetime(value) if is_moment else value)
        return link
