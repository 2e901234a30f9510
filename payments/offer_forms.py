"""The part of a link's form that says what it offers beyond one amount.

Everything is typed into plain fields, so that it works without scripts: items and options of a
dropdown stand one to a line.
"""

from __future__ import annotations

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from core.money import AmountInvalid, Money
from payments.models import PaymentLink
from payments.models.offer import CustomField, LineItem
from payments.operations.offers import FIELD_TYPES, MOST_FIELDS, MOST_ITEMS

_MONEY_FIELDS: Final = {
    "min_amount": ("min_amount_minor", PaymentLink.Pricing.CHOSEN),
    "max_amount": ("max_amount_minor", PaymentLink.Pricing.CHOSEN),
    "preset_amount": ("preset_amount_minor", PaymentLink.Pricing.CHOSEN),
    "min_part": ("min_part_minor", PaymentLink.Pricing.PARTS),
}
_IS_NUMBER: Final = re.compile(r"[0-9]*(?:\.[0-9]*)?", re.ASCII)
QUESTION_PARTS: Final = ("label", "type", "needed", "list", "key")
RECKONED: Final = {PaymentLink.Pricing.CHOSEN, PaymentLink.Pricing.ITEMS}
_FORM_OF: Final = {minor: name for name, (minor, _pricing) in _MONEY_FIELDS.items()}


def amount_field(label: str, help_text: str = "") -> forms.CharField:
    """Return a field for an amount in major units."""
    return forms.CharField(
        max_length=24,
        required=False,
        label=label,
        help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


def label_field(place: int) -> forms.CharField:
    """Return the field for what a question asks."""
    return forms.CharField(required=False, max_length=50, label=f"Question {place}")


def type_field() -> forms.ChoiceField:
    """Return the field for what kind of answer a question takes."""
    kinds = [(name, name.capitalize()) for name in FIELD_TYPES]
    return forms.ChoiceField(required=False, choices=kinds, label="Answer is a")


def needed_field() -> forms.BooleanField:
    """Return the field for whether a question must be answered."""
    return forms.BooleanField(required=False, label="Must be answered")


def options_field() -> forms.CharField:
    """Return the field for the options of a dropdown."""
    return forms.CharField(
        required=False,
        max_length=5_000,
        label="Options of a dropdown, one to a line",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def key_field() -> forms.CharField:
    """Return the field that keeps a question's key while its label is edited."""
    return forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)


class OfferForm(forms.Form):
    """Pricing, bounds, items, parts, questions, terms and the expected customer."""

    pricing = forms.ChoiceField(
        label="What does it ask for?",
        choices=PaymentLink.Pricing.choices,
        widget=forms.RadioSelect,
        required=False,
        initial=PaymentLink.Pricing.FIXED,
    )
    min_amount = amount_field("Least", "Empty: the smallest charge that Stripe takes.")
    max_amount = amount_field("Most", "Empty: no bound of yours.")
    preset_amount = amount_field("Proposed", "Stands in the field; empty: nothing does.")
    min_part = amount_field("First part, at least", "Empty: any part that Stripe takes.")
    items = forms.CharField(
        required=False,
        max_length=20_000,
        label="Items",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="One to a line: name; price of one; quantity; least; most. The last two let the"
        " customer change the quantity. Such as: Tour ticket; 18.50; 2; 1; 10",
    )
    terms_text = forms.CharField(
        required=False,
        max_length=500,
        label="The customer agrees to",
        help_text="Stands beside a box to tick, such as: I agree to the terms of sale.",
    )
    terms_url = forms.CharField(
        required=False,
        max_length=500,
        label="Address of the terms",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    customer_name = forms.CharField(required=False, max_length=120, label="Customer's name")
    customer_email = forms.CharField(
        required=False,
        max_length=254,
        label="Customer's e-mail",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="Filled in on Stripe's page.",
    )

    question_1_label = label_field(1)
    question_1_type = type_field()
    question_1_needed = needed_field()
    question_1_list = options_field()
    question_1_key = key_field()
    question_2_label = label_field(2)
    question_2_type = type_field()
    question_2_needed = needed_field()
    question_2_list = options_field()
    question_2_key = key_field()
    question_3_label = label_field(3)
    question_3_type = type_field()
    question_3_needed = needed_field()
    question_3_list = options_field()
    question_3_key = key_field()

    def question_rows(self) -> list[dict[str, Any]]:
        """Return the bound fields of each question, for the page."""
        return [
            {part: self[f"question_{place}_{part}"] for part in QUESTION_PARTS}
            for place in range(1, MOST_FIELDS + 1)
        ]

    def has_questions(self) -> bool:
        """Return whether the page should show the questions at once."""
        return any(row["label"].value() or row["label"].errors for row in self.question_rows())

    def read_offer(self, data: dict[str, Any]) -> None:
        """Read amounts, items and questions into the fields of a link; errors at their places."""
        data["pricing"] = data.get("pricing") or PaymentLink.Pricing.FIXED
        currency = data.get("currency", "")
        for name, (minor, pricing) in _MONEY_FIELDS.items():
            text = data.get(name, "") if data["pricing"] == pricing else ""
            data[minor] = self.read_amount(name, text, currency) if text and currency else None
        data["items"] = []
        if data["pricing"] == PaymentLink.Pricing.ITEMS and currency:
            self._read_items(data, currency)
        data["custom_fields"] = [
            question
            for place in range(1, MOST_FIELDS + 1)
            if (question := _question(data, place))["label"]
        ]

    def read_amount(self, name: str, text: str, currency: str) -> int | None:
        """Read one amount; what is wrong stands at its field."""
        try:
            return Money.parse(text, currency).minor
        except AmountInvalid as error:
            self.add_error(name, str(error))
            return None

    def _read_items(self, data: dict[str, Any], currency: str) -> None:
        for number, line in enumerate(self.data.get(self.add_prefix("items"), "").splitlines(), 1):
            if not line.strip():
                continue
            if len(data["items"]) > MOST_ITEMS:
                break
            try:
                data["items"].append(read_item(line, currency))
            except (AmountInvalid, ValidationError) as error:
                words = error.message if isinstance(error, ValidationError) else str(error)
                self.add_error("items", f"Line {number}: {words}")

    def field_of(self, error_field: str) -> str:
        """Return the form's field for one of the operation's, such as `items/0/name`."""
        first, _, rest = error_field.partition("/")
        if first == "custom_fields" and rest:
            place, _, part = rest.partition("/")
            named = {"type": "type", "options": "list"}.get(part.partition("/")[0], "label")
            return f"question_{self._place_of(int(place))}_{named}"
        return _FORM_OF.get(first, first)

    def _place_of(self, index: int) -> int:
        """Return the row of the form that holds the question of an index: rows may be empty."""
        used = [
            place
            for place in range(1, MOST_FIELDS + 1)
            if self.cleaned_data.get(f"question_{place}_label")
        ]
        return used[index]


def _question(data: dict[str, Any], place: int) -> CustomField:
    options = data.get(f"question_{place}_list", "").splitlines()
    return {
        "key": data.get(f"question_{place}_key", ""),
        "label": data.get(f"question_{place}_label", ""),
        "type": data.get(f"question_{place}_type") or "text",
        "is_required": bool(data.get(f"question_{place}_needed")),
        "options": [option.strip() for option in options if option.strip()],
    }


def read_item(line: str, currency: str) -> LineItem:
    """Read `name; price; quantity; least; most`. Raises ValidationError, AmountInvalid.

    A semicolon may stand in a name: what counts are the numbers at the end.
    """
    parts = [part.strip() for part in line.split(";")]
    numbers: list[str] = []
    while len(parts) > 1 and len(numbers) < 4 and _IS_NUMBER.fullmatch(parts[-1]):
        numbers.insert(0, parts.pop())
    if not numbers:
        raise ValidationError("Give a name; a price; and perhaps a quantity, the least, the most.")
    if any(not text.isdecimal() or len(text) > 6 for text in numbers[1:] if text):
        raise ValidationError("Quantities are whole numbers.")
    counts = [int(text) if text else None for text in [*numbers[1:], "", "", ""][:3]]
    quantity, least, most = counts
    return {
        "name": "; ".join(parts),
        "unit_amount_minor": Money.parse(numbers[0], currency).minor,
        "quantity": 1 if quantity is None else quantity,
        "min_quantity": least,
        "max_quantity": most,
    }


def write_item(item: LineItem, currency: str) -> str:
    """Return an item as a line of the form."""
    parts: list[Any] = [
        item["name"],
        Money(item["unit_amount_minor"], currency).decimal(),
        item["quantity"],
    ]
    if item["max_quantity"] is not None:
        parts += [item["min_quantity"], item["max_quantity"]]
    return "; ".join(str(part) for part in parts)


def initial_offer(link: PaymentLink) -> dict[str, Any]:
    """Return what the form shows of a link's offer."""
    shown: dict[str, Any] = {
        "pricing": link.pricing,
        "items": "\n".join(write_item(item, link.currency) for item in link.items),
        **{
            name: getattr(link, name)
            for name in ("terms_text", "terms_url", "customer_name", "customer_email")
        },
    }
    for name, (minor, _pricing) in _MONEY_FIELDS.items():
        value = getattr(link, minor)
        shown[name] = "" if value is None else str(Money(value, link.currency).decimal())
    for place, asked in enumerate(link.custom_fields, 1):
        shown |= {
            f"question_{place}_label": asked["label"],
            f"question_{place}_type": asked["type"],
            f"question_{place}_needed": asked["is_required"],
            f"question_{place}_list": "\n".join(asked["options"]),
            f"question_{place}_key": asked["key"],
        }
    return shown
