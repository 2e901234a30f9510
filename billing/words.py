"""Quantities, amounts and days as people read them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Context, Decimal, localcontext
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol
from django.utils.translation import gettext, ngettext

from core.currencies import get_currency
from core.languages import ENGLISH, active_locale
from core.money import Money

_EXACT = Context(prec=80)
_DAY = timedelta(days=1)


def plain_number(value: Decimal | int) -> str:
    """Return all digits of a number and no more: `1234.5`, never `1E+3`."""
    with localcontext(_EXACT):
        text = f"{Decimal(value).normalize():f}"
    return "0" if text == "-0" else text


def number(value: Decimal | int) -> str:
    """Return a number with its thousands set apart: `1,234.5`, in Dutch `1.234,5`."""
    whole, _, decimals = plain_number(value).partition(".")
    grouped = f"{int(whole):,}" if whole not in {"-0", ""} else whole
    return _by_custom(f"{grouped}.{decimals}" if decimals else grouped)


def _by_custom(text: str) -> str:
    """Return an English number with the signs of the page's language."""
    locale = active_locale()
    if locale == ENGLISH:
        return text
    group, point = str(get_group_symbol(locale)), str(get_decimal_symbol(locale))
    return text.translate({ord(","): group, ord("."): point})


def quantity(value: Decimal | int | None, unit: str = "") -> str:
    """Return a quantity with its unit: `1,234.5 GB`."""
    if value is None:
        return ""
    return f"{number(value)}\N{NO-BREAK SPACE}{unit}" if unit else number(value)


def amount(minor: int, currency: str) -> str:
    """Return an amount: `€12.50`."""
    return Money(minor, currency).display(active_locale())


@lru_cache(maxsize=256)
def _symbol(currency: str, locale: str) -> str:
    symbol = get_currency_symbol(currency, locale=locale)
    is_apart = symbol[-1:].isalpha() or locale != ENGLISH
    return f"{symbol}\N{NO-BREAK SPACE}" if is_apart else str(symbol)


def exact_amount(exact_minor: Decimal, currency: str) -> str:
    """Return an amount that is not rounded, with at least the currency's decimals: `€0.0005`."""
    exponent = get_currency(currency).exponent
    with localcontext(_EXACT):
        major = exact_minor.scaleb(-exponent)
        if -major.normalize().as_tuple().exponent < exponent:  # type: ignore[operator]
            major = major.quantize(Decimal(1).scaleb(-exponent))
        text = number_kept(abs(major), exponent)
    return f"{'-' if major < 0 else ''}{_symbol(currency, active_locale())}{text}"


def number_kept(value: Decimal, decimals: int) -> str:
    """Return a number with at least so many decimals: `12.50`, `0.0005`."""
    whole, _, rest = plain_number(value).partition(".")
    rest = rest.ljust(decimals, "0")
    return _by_custom(f"{int(whole):,}.{rest}" if rest else f"{int(whole):,}")


def day(when: date) -> str:
    """Return a day: `24 Dec 2026`."""
    return str(format_date(when, "d MMM y", locale=active_locale()))


def span(starts_on: date, ends_on: date) -> str:
    """Return days, of which the end is not part any more: `1 to 30 Nov 2026`."""
    last = max(starts_on, ends_on - _DAY)
    if starts_on == last:
        return day(starts_on)
    first = day(starts_on)
    if (starts_on.year, starts_on.month) == (last.year, last.month):
        first = str(starts_on.day)
    elif starts_on.year == last.year:
        first = format_date(starts_on, "d MMM", locale=active_locale())
    return gettext("%(first)s to %(last)s") % {"first": first, "last": day(last)}


def days(count: int) -> str:
    """Return a number of days: `1 day`, `30 days`."""
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}
