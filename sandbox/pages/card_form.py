"""Read the form of the checkout page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox import cards

EXPIRY = re.compile(r"(\d{1,2})\s*/?\s*(\d{2}|\d{4})")


@dataclass
class CardForm:
    """What the buyer typed. ``errors`` has one message a field that is wrong."""

    email: str
    method: str
    number: str
    cvc: str
    name: str
    expiry_text: str
    account: str
    month: int = 0
    year: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def billing_details(self) -> dict[str, object]:
        """The buyer as a payment method's billing details."""
        return {"email": self.email or None, "name": self.name or None}


def read(form: Mapping[str, str], now: int, methods: list[str]) -> CardForm:
    """Return the checked form; only what the chosen method needs is checked."""
    filled = CardForm(
        method=_method(form.get("method", "card"), methods),
        number=cards.digits(form.get("number", "").strip()),
        expiry_text=form.get("expiry", "").strip(),
        email=form.get("email", "").strip(),
        cvc=form.get("cvc", "").strip(),
        name=form.get("name", "").strip(),
        account=form.get("account", ""),
    )
    _check_email(filled)
    if filled.method == "card":
        _check_number(filled)
        _check_expiry(filled, now)
        _check_rest(filled)
    elif filled.account not in cards.BANK_ACCOUNTS:
        filled.account = "succeeds"
    return filled


def _method(asked: str, methods: list[str]) -> str:
    has_bank = any(kind != "card" for kind in methods)
    if "card" not in methods or (asked == "bank" and has_bank):
        return "bank"
    return "card"


def _check_email(filled: CardForm) -> None:
    user, _, host = filled.email.rpartition("@")
    if not filled.email:
        filled.errors["email"] = "Enter your email."
    elif not (user and host) or " " in filled.email:
        filled.errors["email"] = "Your email is invalid."


def _check_number(filled: CardForm) -> None:
    if len(filled.number) < 12:
        filled.errors["number"] = "Your card number is incomplete."
    elif not cards.passes_luhn(filled.number):
        filled.errors["number"] = "Your card number is invalid."


def _check_expiry(filled: CardForm, now: int) -> None:
    match = EXPIRY.fullmatch(filled.expiry_text)
    if match is None or not match[0].isascii() or not 1 <= int(match[1]) <= 12:
        filled.errors["expiry"] = "Your card's expiration date is incomplete."
        return
    filled.month, filled.year = int(match[1]), int(match[2]) % 100 + 2000
    today = datetime.fromtimestamp(now, UTC)
    if (filled.year, filled.month) < (today.year, today.month):
        filled.errors["expiry"] = "Your card's expiration year is in the past."
    elif filled.year > today.year + 50:
        filled.errors["expiry"] = "Your card's expiration year is invalid."


def _check_rest(filled: CardForm) -> None:
    is_digits = filled.cvc.isascii() and filled.cvc.isdigit()
    if not is_digits or not 3 <= len(filled.cvc) <= 4:
        filled.errors["cvc"] = "Your card's security code is incomplete."
    if not filled.name:
        filled.errors["name"] = "Enter the name on the card."
