"""Residents: who lives, lived or will live in a room."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from core.encryption import EncryptedJSONField, EncryptedTextField, email_key
from subscriptions.models.imported import ImportedRow

_SALT = "subscriptions.resident"


def search_key(text: str) -> str:
    """Return the keyed hash by which a word or an address is found while it lies encrypted.

    Letter case, accents and spaces around make no difference.
    """
    flat = unicodedata.normalize("NFKD", text.strip().casefold())
    plain = "".join(letter for letter in flat if not unicodedata.combining(letter))
    return salted_hmac(_SALT, plain, algorithm="sha256").hexdigest()[:32]


def search_keys(*texts: str) -> list[str]:
    """Return the keys of all words of some texts, each once."""
    words = [word for text in texts for word in re.split(r"[\s,;]+", text) if word]
    return sorted({search_key(word) for word in words})


def salt_key(salt: str) -> str:
    """Return the keyed hash by which a resident is found whose salt another table refers to."""
    return salted_hmac(f"{_SALT}.salt", salt, algorithm="sha256").hexdigest()[:32]


class Resident(ImportedRow):
    """A person with a lease. Who they are lies encrypted; whole words of it can be searched.

    `details` holds, encrypted, all columns of the source that have no field here. `locale` is a
    language tag such as "fr"; `country` two letters, from which the phone number is read.
    """

    first_name = EncryptedTextField(blank=True, default="")
    last_name = EncryptedTextField(blank=True, default="")
    email = EncryptedTextField(blank=True, default="")
    phone = EncryptedTextField(blank=True, default="")
    address = EncryptedTextField(blank=True, default="")
    birth_date = EncryptedTextField(blank=True, default="")
    details = EncryptedJSONField(default=dict)
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    locale = models.CharField(max_length=10, blank=True, default="", db_default="")
    search_keys = ArrayField(models.CharField(max_length=32), default=list, editable=False)
    email_key = models.CharField(
        max_length=32, blank=True, default="", db_default="", editable=False
    )
    is_active = models.BooleanField(default=True, db_default=True)
    is_banned = models.BooleanField(default=False, db_default=False)
    stripe_customer_id = models.CharField(max_length=64, null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            *ImportedRow.rules("resident"),
            models.UniqueConstraint(
                fields=["tenant", "stripe_customer_id"], name="resident_customer_once"
            ),
        ]
        indexes = [
            GinIndex(fields=["search_keys"], name="resident_search"),
            models.Index(
                fields=["tenant", "email_key"],
                name="resident_by_email",
                condition=~Q(email_key=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.source_id or str(self.pk)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the row, findable by its e-mail, and by its words if it was not made so."""
        self.email_key = email_key(self.email)
        if not self.search_keys:
            words = (self.first_name, self.last_name, self.email, self.phone.replace(" ", ""))
            self.search_keys = search_keys(*words)
        super().save(*args, **kwargs)

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()
