"""E-mail addresses and phone numbers in the one form by which they are looked up."""

from __future__ import annotations

import re

import phonenumbers
from babel.core import get_global
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LONGEST_PHONE = 24


def normalise_email(email: str) -> str:
    """Return an address as crm_lead.email_normalised has it."""
    return email.strip(" ").lower()


def is_email(email: str) -> bool:
    """Return whether a text can be an e-mail address."""
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def normalise_phone(phone: str, *, time_zone: str) -> str:
    """Return a number in E.164, read as one of the zone's country; else its digits.

    `"06 1234 5678"` in Europe/Amsterdam is `"+31612345678"`. Empty for a text without digits.
    """
    region = get_global("zone_territories").get(time_zone)
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return _digits(phone)
    if not phonenumbers.is_possible_number(number):
        return _digits(phone)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _digits(phone: str) -> str:
    return re.sub(r"[^0-9]", "", phone)[:LONGEST_PHONE]
