"""Residents of a dump: its users."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from core.encryption import email_key
from subscriptions.models import Resident
from subscriptions.models.resident import salt_key, search_keys
from subscriptions.operations.lease_import.cells import Cells
from subscriptions.operations.lease_import.former_ids import Kind
from subscriptions.operations.lease_import.tables import TableImport

_YOUNGEST, _OLDEST = 16, 110


class ResidentImport(TableImport):
    """Takes in users. Who they are is encrypted, with all columns that have no field here."""

    model = Resident
    fields = (
        "first_name", "last_name", "email", "phone", "address", "birth_date", "details", "country",
        "locale", "search_keys", "email_key", "is_active", "is_banned", "source_data", "findings",
    )  # fmt: skip

    def prepare(self, batch: list[Cells]) -> None:
        """Look up the customers that are known."""
        self.current = self.current_ids(batch, "stripe_customer_id")
        self.came: dict[str, str] = {}

    def values(self, cells: Cells) -> dict[str, Any]:
        """Return the fields of a resident."""
        if stripe_id := self.note_former(cells, "stripe_customer_id", self.current):
            self.came[cells.source_id] = stripe_id
        first, last = cells.text("first_name", 255), cells.text("last_name", 255)
        if not first and not last:
            cells.tell("first_name", "name-missing")
        email = self._email(cells)
        if cells.raw("password"):
            cells.tell("password", "password-left-out")
        if cells.flag("is_banned"):
            cells.tell("is_banned", "resident-banned")
        phone = cells.text("phone", 64)
        country = cells.key("country", longest=2).upper()
        if phone and not _fits(phone, country):
            cells.tell("phone", "phone-without-country")
        salt = cells.key("salt", longest=255)
        keys = search_keys(first, last, email, phone.replace(" ", ""))
        return {
            "first_name": first,
            "last_name": last,
            "email": email,
            "phone": phone,
            "address": cells.text("address", 500),
            "birth_date": self._birth_date(cells),
            "details": cells.rest(),
            "country": country if country.isalpha() and len(country) == 2 else "",
            "locale": cells.key("locale", longest=10),
            "search_keys": sorted({*keys, salt_key(salt)}) if salt else keys,
            "email_key": email_key(email),
            "is_active": cells.flag("is_active", default=True),
            "is_banned": cells.flag("is_banned"),
            "source_data": {},
        }

    def _email(self, cells: Cells) -> str:
        email = cells.text("email", 320)
        if not email:
            cells.tell("email", "email-missing")
        elif not is_email(email):
            cells.tell("email", "email-unreadable")
        return email

    def _birth_date(self, cells: Cells) -> str:
        born = cells.day("birth_date")
        if born is None:
            return ""
        if not _YOUNGEST <= _age(born, self.today) <= _OLDEST:
            cells.tell("birth_date", "birth-date-unlikely")
        return born.isoformat()

    def after(self, batch: dict[str, Cells], ids: dict[str, UUID]) -> None:
        """Keep ids of Stripe's beside."""
        self.former.keep_of(Kind.CUSTOMER, "resident", ids, self.came)


def is_email(email: str) -> bool:
    """Return whether a text can be an e-mail address."""
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def _fits(phone: str, country: str) -> bool:
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
