"""What a customer chose on the pay page: read against the link, the total reckoned here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from core.currencies import get_currency
from core.invalid import FieldsInvalid, WrongField
from core.money import AmountInvalid, Money, NotChargeable, check_chargeable
from payments.models import Checkout, LinkVersion, PaymentLink
from payments.models.offer import CustomField, LineItem
from payments.operations.offers import bounds_of
from payments.operations.versions import version_of

LONGEST_ANSWER: Final = 255
_QUANTITY: Final = re.compile(r"[0-9]{1,6}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(?:[.,][0-9]{1,10})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was typed and ticked, as text: nothing of it is trusted.

    `quantities` by the place of the item, `answers` by the key of the question. `seen_version`:
    which version of the link the customer looked at, if that is known.
    """

    amount: str = ""
    quantities: Mapping[int, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    has_agreed: bool = False
    seen_version: int | None = None


NOTHING_CHOSEN: Final = Choice()


class ChoiceInvalid(FieldsInvalid):
    """Something that was typed will not do: `amount`, `quantity_0`, `answer_<key>`, `agree`."""


class LinkChanged(Exception):
    """What the link offers was changed after the customer opened its page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one checkout asks for: the amount in minor units, and what belongs to it."""

    amount_minor: int
    items: list[dict[str, Any]]
    answers: list[dict[str, str]]
    consent: dict[str, Any] | None

    def is_that_of(self, checkout: Checkout, link: PaymentLink) -> bool:
        """Return whether an open checkout asks for just this, whenever it was agreed to."""
        asked = (checkout.amount_minor, checkout.currency, checkout.items, checkout.answers)
        return asked == (self.amount_minor, link.currency, self.items, self.answers) and (
            _agreed_to(checkout.consent) == _agreed_to(self.consent)
        )


def _agreed_to(consent: dict[str, Any] | None) -> tuple[str, str] | None:
    return (consent["text"], consent["url"]) if consent else None


def offered(link: PaymentLink) -> tuple[Any, ...]:
    """Return what a customer is offered: where this differs, an open page is out of date."""
    return (link.title, link.pricing, link.amount_minor, link.currency, link.offer)


def check_seen(link: PaymentLink, seen_version: int | None) -> None:
    """Raise LinkChanged if the customer looked at another offer than the (locked) link's."""
    if seen_version is None or seen_version == link.terms_version:
        return
    seen = LinkVersion.objects.filter(link=link, number=seen_version).first()
    if seen is None or offered(seen.as_link()) != offered(link):
        raise LinkChanged("What is offered was changed after the page was opened.")


def read_order(link: PaymentLink, choice: Choice, *, unclaimed_minor: int, now: datetime) -> Order:
    """Return what is to be paid by a choice, reckoned from the locked link's own prices.

    `unclaimed_minor` is what is free of a link that is paid in parts. Raises ChoiceInvalid.
    """
    errors: list[WrongField] = []
    items = _read_items(link, choice, errors)
    amount = _read_amount(link, choice, items, unclaimed_minor, errors)
    answers = _read_answers(link, choice, errors)
    if link.terms_text and not choice.has_agreed:
        errors.append(
            WrongField("agree", "required", _("Please tick this: without it you cannot pay here."))
        )
    if errors:
        raise ChoiceInvalid(*errors)
    return Order(amount_minor=amount, items=items, answers=answers, consent=_consent(link, now))


def meant_amount(link: PaymentLink, choice: Choice) -> Money | None:
    """Return what a choice comes to; None only where `read_order` will surely refuse its amount.

    For who has to judge a choice before the link is locked: what is charged, `read_order` returns.
    """
    errors: list[WrongField] = []
    if link.is_in_parts:
        # What this visitor holds themselves may come free again: what is whole is their limit.
        least, _most = part_bounds(link, link.unclaimed_minor)
        minor = _typed(link, choice.amount, max(1, least), link.amount_minor, errors)
    else:
        items = _read_items(link, choice, errors)
        minor = _read_amount(link, choice, items, 0, errors)
    return None if errors else Money(minor, link.currency)


def _consent(link: PaymentLink, now: datetime) -> dict[str, Any] | None:
    if not link.terms_text:
        return None
    return {
        "at": now.isoformat(),
        "text": link.terms_text,
        "url": link.terms_url,
        "version": version_of(link).number,
    }


# --- amounts -----------------------------------------------------------------------------------


def _read_amount(
    link: PaymentLink,
    choice: Choice,
    items: list[dict[str, Any]],
    unclaimed_minor: int,
    errors: list[WrongField],
) -> int:
    if link.pricing == PaymentLink.Pricing.CHOSEN:
        least, most = bounds_of(link)
        return _typed(link, choice.amount, least, most, errors)
    if link.is_in_parts:
        return _part(link, choice.amount, unclaimed_minor, errors)
    if link.pricing == PaymentLink.Pricing.ITEMS:
        return _sum(link, items, errors)
    return link.amount_minor


def _typed(link: PaymentLink, text: str, least: int, most: int, errors: list[WrongField]) -> int:
    """Read an amount in major units; a comma may stand for the point."""
    plain = text.strip()
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if not plain:
        errors.append(WrongField("amount", "required", _("Say how much you want to pay.")))
        return 0
    try:
        minor = Money.parse(plain, link.currency).minor
    except AmountInvalid:
        example = Money(least, link.currency).decimal()
        words = _("This is not an amount in %(currency)s: use digits, such as %(example)s.")
        detail = words % {"currency": link.currency, "example": example}
        errors.append(WrongField("amount", "not_an_amount", detail))
        return 0
    step = get_currency(link.currency).step
    if not least <= minor <= most:
        errors.append(WrongField("amount", "out_of_bounds", _bounds(link, least, most)))
    elif minor % step:
        detail = _("Amounts go in steps of %(step)s.") % {"step": Money(step, link.currency)}
        errors.append(WrongField("amount", "not_in_steps", detail))
    return minor


def _bounds(link: PaymentLink, least: int, most: int) -> str:
    shown = {
        name: Money(minor, link.currency) for name, minor in (("least", least), ("most", most))
    }
    if least == most:
        return _("The amount must be %(least)s.") % shown
    return _("Choose an amount from %(least)s to %(most)s.") % shown


def part_bounds(link: PaymentLink, unclaimed_minor: int) -> tuple[int, int]:
    """Return the least and the most that the next part may be, in minor units.

    Before any part has come, the least is the link's own; what is left is always payable whole.
    """
    is_first = link.received_minor == 0
    smallest = get_currency(link.currency).minimum
    least = max(link.min_part_minor or 0, smallest) if is_first else smallest
    return min(least, unclaimed_minor), unclaimed_minor


def _part(link: PaymentLink, text: str, unclaimed_minor: int, errors: list[WrongField]) -> int:
    least, most = part_bounds(link, unclaimed_minor)
    minor = _typed(link, text, least, most, errors)
    smallest = get_currency(link.currency).minimum
    if least <= minor < most and most - minor < smallest:
        words = _("%(left)s would be left, too little to be paid: pay %(most)s, or less than this.")
        left, whole = (Money(one, link.currency) for one in (most - minor, most))
        detail = words % {"left": left, "most": whole}
        errors.append(WrongField("amount", "leaves_too_little", detail))
    return minor


# --- items -------------------------------------------------------------------------------------


def _read_items(
    link: PaymentLink, choice: Choice, errors: list[WrongField]
) -> list[dict[str, Any]]:
    lines = [
        {
            "name": item["name"],
            "unit_amount_minor": item["unit_amount_minor"],
            "quantity": _quantity(item, place, choice, errors),
        }
        for place, item in enumerate(link.items)
    ]
    return [line for line in lines if line["quantity"]]


def read_quantity(item: LineItem, text: str) -> int | None:
    """Return how many of an item are meant; None for what is no number or out of its bounds."""
    text = text.strip()
    quantity = int(text) if _QUANTITY.fullmatch(text) else -1
    least, most = item["min_quantity"] or 0, item["max_quantity"] or 0
    return quantity if least <= quantity <= most else None


def _quantity(item: LineItem, place: int, choice: Choice, errors: list[WrongField]) -> int:
    least, most = item["min_quantity"], item["max_quantity"]
    text = choice.quantities.get(place)
    if least is None or most is None or text is None:
        return item["quantity"]
    quantity = read_quantity(item, text)
    if quantity is not None:
        return quantity
    detail = _("Give a number from %(least)s to %(most)s.") % {"least": least, "most": most}
    errors.append(WrongField(f"quantity_{place}", "out_of_range", detail))
    return item["quantity"]


def _sum(link: PaymentLink, items: list[dict[str, Any]], errors: list[WrongField]) -> int:
    total: int = sum(line["unit_amount_minor"] * line["quantity"] for line in items)
    if errors:
        return total
    try:
        check_chargeable(Money(total, link.currency))
    except (AmountInvalid, NotChargeable):
        unit = get_currency(link.currency)
        detail = _bounds(link, unit.minimum, unit.maximum) if total else _("Choose at least one.")
        errors.append(WrongField("items", "amount_unusable", detail))
    return total


# --- questions ---------------------------------------------------------------------------------


def _read_answers(
    link: PaymentLink, choice: Choice, errors: list[WrongField]
) -> list[dict[str, str]]:
    answers = []
    for asked in link.custom_fields:
        value = choice.answers.get(asked["key"], "").strip()
        wrong = _wrong_answer(asked, value)
        if wrong:
            errors.append(WrongField(f"answer_{asked['key']}", "unusable", wrong))
        elif value:
            answers.append({"key": asked["key"], "label": asked["label"], "value": value})
    return answers


def _wrong_answer(asked: CustomField, value: str) -> str:
    """Say what is wrong with an answer; empty when nothing is."""
    if not value:
        return _("Please fill this in.") if asked["is_required"] else ""
    if len(value) > LONGEST_ANSWER:
        return _("At most %(most)s characters.") % {"most": LONGEST_ANSWER}
    if not value.isprintable():
        return _("This holds characters that are no text.")
    if asked["type"] == "number" and not _NUMBER.fullmatch(value):
        return _("Give a number, in digits.")
    if asked["type"] == "dropdown" and value not in asked["options"]:
        return _("Choose one of these.")
    return ""
