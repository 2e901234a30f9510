"""What the pay page asks its customer: the fields it shows, and what was typed into them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.http import HttpRequest, QueryDict

from core.currencies import get_currency
from core.invalid import FieldsInvalid
from core.money import Money
from payments.models import PaymentLink
from payments.operations.choices import Choice, part_bounds, read_quantity
from payments.operations.offers import bounds_of

VERSION_FIELD: Final = "seen_version"
# The button that only reckons the total again.
UPDATE_FIELD: Final = "update"
# Nobody types more; what is longer is refused as too long, not kept.
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a customer typed, by the names of the page's fields, and what is wrong with it."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


NOTHING_TYPED: Final = Typed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One field of the page. `least` and `most` are amounts or quantities, if it has bounds."""

    name: str
    value: str
    error: str = ""
    label: str = ""
    kind: str = "text"
    options: tuple[str, ...] = ()
    is_required: bool = True
    least: Money | int | None = None
    most: Money | int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One item of the page; `quantity` is asked unless it is fixed.

    `total` is that of the quantity that was typed; None where it is none that can be bought.
    """

    name: str
    each: Money
    count: int
    total: Money | None
    quantity: Asked | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """All that the page of a link asks."""

    amount: Asked | None
    lines: tuple[Line, ...]
    items_error: str
    questions: tuple[Asked, ...]
    agree: Asked | None

    @property
    def total(self) -> Money | None:
        """Return what all items come to; None while one of them is not known."""
        found = [line.total for line in self.lines if line.total is not None]
        if not found or len(found) != len(self.lines):
            return None
        return sum(found[1:], found[0])

    @property
    def errors(self) -> list[Asked]:
        """Return the fields in which something is wrong, in the page's order."""
        quantities = [line.quantity for line in self.lines]
        every = [self.amount, *quantities, *self.questions, self.agree]
        return [asked for asked in every if asked is not None and asked.error]


def choice_of(request: HttpRequest) -> Choice:
    """Return what a POST says was chosen; what cannot be meant is as good as not said."""
    post = request.POST
    seen = post.get(VERSION_FIELD, "")
    return Choice(
        amount=post.get("amount", "")[:_LONGEST],
        quantities={
            int(name.removeprefix("quantity_")): text[:_LONGEST]
            for name, text in _named(post, "quantity_")
            if _is_place(name.removeprefix("quantity_"))
        },
        answers={
            name.removeprefix("answer_"): text[:_LONGEST] for name, text in _named(post, "answer_")
        },
        has_agreed=post.get("agree") == "yes",
        seen_version=int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 9 else None,
    )


def _named(post: QueryDict, prefix: str) -> list[tuple[str, str]]:
    return [(name, str(text)) for name, text in post.items() if name.startswith(prefix)]


def _is_place(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 4


def typed_in(request: HttpRequest, refusal: FieldsInvalid | None = None) -> Typed:
    """Return what was typed, to be shown again with what is wrong with it."""
    errors = {error.field: error.detail for error in refusal.errors} if refusal else {}
    values = {name: str(text)[:_LONGEST] for name, text in request.POST.items()}
    return Typed(values=values, errors=errors)


def form_of(link: PaymentLink, typed: Typed, *, unclaimed_minor: int) -> Form:
    """Return the fields of a link's page; without anything typed, with what is proposed."""
    return Form(
        amount=_amount(link, typed, unclaimed_minor),
        lines=tuple(_line(link, place, typed) for place in range(len(link.items))),
        items_error=typed.errors.get("items", ""),
        questions=tuple(
            Asked(
                name=(name := f"answer_{asked['key']}"),
                value=typed.values.get(name, ""),
                error=typed.errors.get(name, ""),
                label=asked["label"],
                kind=asked["type"],
                options=tuple(asked["options"]),
                is_required=asked["is_required"],
            )
            for asked in link.custom_fields
        ),
        agree=Asked(
            name="agree",
            value=typed.values.get("agree", ""),
            error=typed.errors.get("agree", ""),
            label=link.terms_text,
        )
        if link.terms_text
        else None,
    )


def _amount(link: PaymentLink, typed: Typed, unclaimed_minor: int) -> Asked | None:
    if link.pricing == PaymentLink.Pricing.CHOSEN:
        least, most = bounds_of(link)
        proposed = link.preset_amount_minor
        # A bound that is Stripe's own says nothing to a customer.
        has_most = link.max_amount_minor is not None
    elif link.is_in_parts:
        least, most = part_bounds(link, unclaimed_minor)
        proposed, has_most = most, True
    else:
        return None
    shown = str(Money(proposed, link.currency).decimal()) if proposed else ""
    return Asked(
        name="amount",
        value=typed.values.get("amount", shown),
        error=typed.errors.get("amount", ""),
        kind="numeric" if get_currency(link.currency).exponent == 0 else "decimal",
        least=Money(least, link.currency),
        most=Money(most, link.currency) if has_most else None,
    )


def _line(link: PaymentLink, place: int, typed: Typed) -> Line:
    item = link.items[place]
    each = Money(item["unit_amount_minor"], link.currency)
    name = f"quantity_{place}"
    asked = None
    count: int | None = item["quantity"]
    if item["max_quantity"] is not None:
        count = read_quantity(item, typed.values.get(name, str(count)))
        asked = Asked(
            name=name,
            value=typed.values.get(name, str(item["quantity"])),
            error=typed.errors.get(name, ""),
            label=item["name"],
            least=item["min_quantity"],
            most=item["max_quantity"],
        )
    return Line(
        name=item["name"],
        each=each,
        count=item["quantity"],
        total=each * count if count is not None else None,
        quantity=asked,
    )
