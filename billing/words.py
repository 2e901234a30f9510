"""Quantities, amounts and days as people read them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Context, Decimal, localcontext
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import get_currency_symbol

from core.currencies import get_currency
from core.money import Money

_EXACT = Context(prec=80)
_DAY = timedelta(days=1)


def plain_number(value: Decimal | int) -> str:
    """Return all digits of a number and no more: `1234.5`, never `1E+3`."""
    with localcontext(_EXACT):
        text = f"{Decimal(value).normalize():f}"
    return "0" if text == "-0" else text


def number(value: Decimal | int) -> str:
    """Return a number with its thousands set apart: `1,234.5`."""
    whole, _, decimals = plain_number(value).partition(".")
    grouped = f"{int(whole):,}" if whole not in {"-0", ""} else whole
    return f"{grouped}.{decimals}" if decimals else grouped


def quantity(value: Decimal | int | None, unit: str = "") -> str:
    """Return a quantity with its unit: `1,234.5 GB`."""
    if value is None:
        return ""
    return f"{number(value)}\N{NO-BREAK SPACE}{unit}" if unit else number(value)


def amount(minor: int, currency: str) -> str:
    """Return an amount: `€12.50`."""
    return Money(minor, currency).display()


@lru_cache(maxsize=256)
def _symbol(currency: str) -> str:
    symbol = get_currency_symbol(currency, locale="en")
    return f"{symbol}\N{NO-BREAK SPACE}" if symbol[-1:].isalpha() else str(symbol)


def exact_amount(exact_minor: Decimal, currency: str) -> str:
    """Return an amount that is not rounded, with at least the currency's decimals: `€0.0005`."""
    exponent = get_currency(currency).exponent
    with localcontext(_EXACT):
        major = exact_minor.scaleb(-exponent)
        if -major.normalize().as_tuple().exponent < exponent:  # type: ignore[operator]
            major = major.quantize(Decimal(1).scaleb(-exponent))
        text = number_kept(abs(major), exponent)
    return f"{'-' if major < 0 else ''}{_symbol(currency)}{text}"


def number_kept(value: Decimal, decimals: int) -> str:
    """Return a number with at least so many decimals: `12.50`, `0.0005`."""
    whole, _, rest = plain_number(value).partition(".")
    rest = rest.ljust(decimals, "0")
    return f"{int(whole):,}.{rest}" if rest else f"{int(whole):,}"


def day(when: date) -> str:
    """Return a day: `24 Dec 2026`."""
    return str(format_date(when, "d MMM y", locale="en"))


def span(starts_on: date, ends_on: date) -> str:
    """Return days, of which the end is not part any more: `1 to 30 Nov 2026`."""
    last = max(starts_on, ends_on - _DAY)
    if starts_on == last:
        return day(starts_on)
    if (starts_on.year, starts_on.month) == (last.year, last.month):
        return f"{starts_on.day} to {day(last)}"
    if starts_on.year == last.year:
        return f"{format_date(starts_on, 'd MMM', locale='en')} to {day(last)}"
    return f"{day(starts_on)} to {day(last)}"


def days(count: int) -> str:
    """Return a number of days: `1 day`, `30 days`."""
    return f"{count} day" if count == 1 else f"{count} days"
