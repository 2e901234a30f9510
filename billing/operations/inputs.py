"""Rules of input that several operations share: codes, texts, days, amounts, currencies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from billing.models.organization import CODE
from core.currencies import CurrencyRefused, get_currency
from core.invalid import FieldsInvalid, WrongField

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
# Far below what bigint holds, so that sums of many stay within it.
LARGEST_MINOR = 10**15
LARGEST_EXACT = Decimal(10) ** 15
DECIMALS = 12


def refuse(wrong: list[WrongField]) -> None:
    """Raise FieldsInvalid if anything is wrong."""
    if wrong:
        raise FieldsInvalid(*wrong)


def wrong_code(code: str, field: str = "code") -> Iterator[WrongField]:
    """Yield what is wrong with a code by which programs call something."""
    if not re.fullmatch(CODE, code) or not code.isascii():
        words = "1 to 64 letters, digits, and _ . : - after the first sign."
        yield WrongField(field, "malformed_code", words)


def wrong_name(name: str, longest: int, field: str = "name") -> Iterator[WrongField]:
    """Yield what is wrong with a name: none, or too long; control characters are told elsewhere."""
    if not name.strip():
        yield WrongField(field, "blank", "This may not be blank.")
    elif len(name) > longest:
        yield WrongField(field, "too_long", f"At most {longest} characters.")


def wrong_currency(currency: str) -> Iterator[WrongField]:
    """Yield what is wrong with a currency's code."""
    try:
        get_currency(currency)
    except CurrencyRefused as error:
        yield WrongField("currency", "currency_unusable", str(error))


def wrong_day(day: date | None, field: str) -> Iterator[WrongField]:
    """Yield what is wrong with a day: outside the years that calendars here cover."""
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        yield WrongField(field, "out_of_range", f"Give a day from {FIRST_DAY} to {LAST_DAY}.")


def wrong_days(starts_on: date, ends_on: date | None) -> Iterator[WrongField]:
    """Yield what is wrong with the days from `starts_on` up to, but without, `ends_on`."""
    yield from wrong_day(starts_on, "starts_on")
    yield from wrong_day(ends_on, "ends_on")
    if ends_on is not None and ends_on <= starts_on:
        words = "The end is the first day without it, so it comes after the start."
        yield WrongField("ends_on", "ends_before_start", words)


def wrong_amount(
    minor: int, currency: str, field: str = "amount_minor", *, lowest: int = -LARGEST_MINOR
) -> Iterator[WrongField]:
    """Yield what is wrong with an amount: out of range, or digits that Stripe wants to be zero."""
    if not lowest <= minor <= LARGEST_MINOR:
        words = f"Give minor units from {lowest} to {LARGEST_MINOR}."
        yield WrongField(field, "out_of_range", words)
        return
    step = get_currency(currency).step
    if minor % step:
        words = f"Amounts of {currency} go in steps of {step} minor units."
        yield WrongField(field, "not_in_steps", words)


def wrong_exact(value: Decimal | None, field: str) -> Iterator[WrongField]:
    """Yield what is wrong with a rate or quantity that may not be below zero."""
    if value is None:
        return
    if not value.is_finite():
        yield WrongField(field, "not_a_number", "Give a finite number.")
    elif value < 0:
        yield WrongField(field, "below_zero", "This may not be below zero.")
    elif value > LARGEST_EXACT:
        yield WrongField(field, "out_of_range", f"At most {LARGEST_EXACT:f}.")
    elif -int(value.normalize().as_tuple().exponent) > DECIMALS:
        yield WrongField(field, "too_many_decimals", f"At most {DECIMALS} decimals.")
