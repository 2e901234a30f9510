"""The rules of what a link may offer: amounts and bounds, items, parts, questions, terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.text import slugify

from core.currencies import CurrencyRefused, get_currency
from core.invalid import WrongField, wrong_texts
from core.money import AmountInvalid, Money, NotChargeable, check_chargeable
from payments.models import PaymentLink
from payments.models.offer import CustomField, LineItem

# Stripe, create a Checkout Session: at most 100 line items in payment mode, quantities to 999,999.
MOST_ITEMS: Final = 100
MOST_OF_AN_ITEM: Final = 999_999
LONGEST_ITEM_NAME: Final = 120

# As many as Stripe's own page could ask.
MOST_FIELDS: Final = 3
FIELD_TYPES: Final = ("text", "number", "dropdown")
MOST_OPTIONS: Final = 50
LONGEST_LABEL, LONGEST_OPTION = 50, 100
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

LONGEST_URL: Final = 500
_SAID_OF: Final = {
    "min_amount_minor": "chosen",
    "max_amount_minor": "chosen",
    "preset_amount_minor": "chosen",
    "items": "items",
    "min_part_minor": "parts",
}


def fill_in(link: PaymentLink) -> None:
    """Fill in what follows from the rest: the amount that is proposed, and the keys of questions.

    Leaves wrong values alone; `offer_errors` tells of them.
    """
    try:
        smallest = get_currency(link.currency).minimum
    except CurrencyRefused:
        return
    if link.pricing == PaymentLink.Pricing.CHOSEN:
        link.amount_minor = link.preset_amount_minor or link.min_amount_minor or smallest
    elif link.pricing == PaymentLink.Pricing.ITEMS:
        link.amount_minor = sum(item["unit_amount_minor"] * item["quantity"] for item in link.items)
    link.custom_fields = [
        {**field, "key": field["key"] or _key_of(field["label"], place)}
        for place, field in enumerate(link.custom_fields, start=1)
    ]


def _key_of(label: str, place: int) -> str:
    key = slugify(label).replace("-", "_")[:40]
    return key if _KEY.fullmatch(key) else f"field_{place}"


def offer_errors(link: PaymentLink) -> Iterator[WrongField]:
    """Yield what is wrong with a link's offer; fields of lists are named as `items/0/name`."""
    if link.pricing not in PaymentLink.Pricing.values:
        yield WrongField("pricing", "unknown_pricing", "There is no such way of pricing.")
        return
    try:
        get_currency(link.currency)
    except CurrencyRefused as error:
        yield WrongField("currency", "currency_unusable", str(error))
        return
    for name, pricing in _SAID_OF.items():
        if getattr(link, name) and link.pricing != pricing:
            detail = f"Only for a link whose pricing is {pricing}."
            yield WrongField(name, "not_with_pricing", detail)
    yield from _PRICING_ERRORS[PaymentLink.Pricing(link.pricing)](link)
    yield from _question_errors(link.custom_fields)
    yield from _terms_errors(link)
    yield from _payer_errors(link)


def _chargeable(link: PaymentLink, field: str, minor: int) -> Iterator[WrongField]:
    try:
        check_chargeable(Money(minor, link.currency))
    except (AmountInvalid, NotChargeable) as error:
        yield WrongField(field, "amount_unusable", str(error))


def _amount_missing(link: PaymentLink) -> Iterator[WrongField]:
    if link.amount_minor is None:
        yield WrongField("amount_minor", "required", "This field is required.")


def _fixed_errors(link: PaymentLink) -> Iterator[WrongField]:
    missing = [*_amount_missing(link)]
    yield from missing or _chargeable(link, "amount_minor", link.amount_minor)


def _chosen_errors(link: PaymentLink) -> Iterator[WrongField]:
    bounds = {name: getattr(link, name) for name, of in _SAID_OF.items() if of == "chosen"}
    wrong = [
        error
        for name, minor in bounds.items()
        if minor is not None
        for error in _chargeable(link, name, minor)
    ]
    yield from wrong
    if wrong:
        return
    least, most = bounds_of(link)
    if least > most:
        yield WrongField("max_amount_minor", "below_minimum", "The most is below the least.")
    elif not least <= link.amount_minor <= most:
        detail = "Propose an amount from the least to the most."
        yield WrongField("preset_amount_minor", "out_of_bounds", detail)


def bounds_of(link: PaymentLink) -> tuple[int, int]:
    """Return the least and the most that a customer may choose, in minor units."""
    unit = get_currency(link.currency)
    return link.min_amount_minor or unit.minimum, link.max_amount_minor or unit.maximum


def _parts_errors(link: PaymentLink) -> Iterator[WrongField]:
    missing = [*_amount_missing(link)]
    yield from missing or _chargeable(link, "amount_minor", link.amount_minor)
    if missing:
        return
    if link.max_payments is not None:
        detail = "A link that is paid in parts takes as many payments as it needs: give null."
        yield WrongField("max_payments", "not_with_pricing", detail)
    if link.amount_minor < link.claimed_minor:
        taken = Money(link.claimed_minor, link.currency)
        detail = f"{taken} of it is paid or being paid already."
        yield WrongField("amount_minor", "below_payments", detail)
    least = link.min_part_minor
    if least is None:
        return
    yield from _chargeable(link, "min_part_minor", least)
    if least > link.amount_minor:
        detail = "The first part cannot be more than the whole."
        yield WrongField("min_part_minor", "above_amount", detail)


def _items_errors(link: PaymentLink) -> Iterator[WrongField]:
    if not 1 <= len(link.items) <= MOST_ITEMS:
        yield WrongField("items", "wrong_number", f"Give from 1 to {MOST_ITEMS} items.")
        return
    wrong = [
        WrongField(f"items/{place}/{error.field}", error.code, error.detail)
        for place, item in enumerate(link.items)
        for error in _item_errors(item, link.currency)
    ]
    yield from wrong
    if not wrong:
        yield from _chargeable(link, "items", link.amount_minor)


def _item_errors(item: LineItem, currency: str) -> Iterator[WrongField]:
    unit = get_currency(currency)
    if not item["name"].strip():
        yield WrongField("name", "required", "Say what it is.")
    yield from wrong_texts({"name": item["name"]}, {"name": LONGEST_ITEM_NAME})
    each = item["unit_amount_minor"]
    if not 1 <= each <= unit.maximum:
        largest = Money(unit.maximum, currency)
        yield WrongField("unit_amount_minor", "amount_unusable", f"Above zero, to {largest}.")
    elif each % unit.step:
        step = Money(unit.step, currency)
        yield WrongField("unit_amount_minor", "amount_unusable", f"In steps of {step}.")
    least, most = item["min_quantity"], item["max_quantity"]
    if (least is None) != (most is None):
        yield WrongField("max_quantity", "half_given", "Give both bounds, or neither.")
        return
    low, high = (1, MOST_OF_AN_ITEM) if least is None or most is None else (least, most)
    if not 0 <= low <= high <= MOST_OF_AN_ITEM or high == 0:
        detail = f"The bounds go up from 0 to {MOST_OF_AN_ITEM} at most."
        yield WrongField("max_quantity", "out_of_range", detail)
    elif not low <= item["quantity"] <= high:
        yield WrongField("quantity", "out_of_range", f"From {low} to {high}.")


def _question_errors(fields: list[CustomField]) -> Iterator[WrongField]:
    if len(fields) > MOST_FIELDS:
        yield WrongField("custom_fields", "too_many", f"At most {MOST_FIELDS} questions.")
        return
    seen: set[str] = set()
    for place, field in enumerate(fields):
        for name, code, detail in _one_question(field, seen):
            yield WrongField(f"custom_fields/{place}/{name}", code, detail)
        seen.add(field["key"])


def _one_question(field: CustomField, seen: set[str]) -> Iterator[tuple[str, str, str]]:
    if not _KEY.fullmatch(field["key"]):
        yield "key", "malformed", "A letter, then letters, digits and underscores, all small."
    elif field["key"] in seen:
        yield "key", "twice", "Two questions cannot have the same key."
    if not field["label"].strip():
        yield "label", "required", "Say what is asked."
    for error in wrong_texts({"label": field["label"]}, {"label": LONGEST_LABEL}):
        yield "label", error.code, error.detail
    if field["type"] not in FIELD_TYPES:
        yield "type", "unknown_type", f"One of {', '.join(FIELD_TYPES)}."
    elif field["type"] == "dropdown":
        yield from _option_errors(field["options"])
    elif field["options"]:
        yield "options", "not_with_type", "Only a dropdown has options."


def _option_errors(options: list[str]) -> Iterator[tuple[str, str, str]]:
    if not 1 <= len(options) <= MOST_OPTIONS:
        yield "options", "wrong_number", f"Give from 1 to {MOST_OPTIONS} options."
    if len(set(options)) < len(options):
        yield "options", "twice", "Two options are the same."
    if any(not option.strip() for option in options):
        yield "options", "required", "An option cannot be empty."
    texts = {str(place): option for place, option in enumerate(options)}
    for error in wrong_texts(texts, dict.fromkeys(texts, LONGEST_OPTION)):
        yield f"options/{error.field}", error.code, error.detail


def _terms_errors(link: PaymentLink) -> Iterator[WrongField]:
    yield from wrong_texts({"terms_text": link.terms_text}, {"terms_text": 500})
    if not link.terms_url:
        return
    if not link.terms_text:
        yield WrongField("terms_text", "required", "Say what the customer agrees to.")
    if not is_https(link.terms_url):
        yield WrongField("terms_url", "not_https", "Must be an https:// address.")


def is_https(url: str) -> bool:
    """Return whether a text is an https address that may stand in a page."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\`")
    return parts.scheme == "https" and bool(parts.hostname) and is_plain and len(url) <= LONGEST_URL


def _payer_errors(link: PaymentLink) -> Iterator[WrongField]:
    yield from wrong_texts({"customer_name": link.customer_name}, {"customer_name": 120})
    if not link.customer_email:
        return
    try:
        EmailValidator()(link.customer_email)
    except ValidationError:
        yield WrongField("customer_email", "not_an_email", "This is no e-mail address.")
    else:
        yield from wrong_texts({"customer_email": link.customer_email}, {"customer_email": 254})


_PRICING_ERRORS: Final[dict[PaymentLink.Pricing, Any]] = {
    PaymentLink.Pricing.FIXED: _fixed_errors,
    PaymentLink.Pricing.CHOSEN: _chosen_errors,
    PaymentLink.Pricing.ITEMS: _items_errors,
    PaymentLink.Pricing.PARTS: _parts_errors,
}
