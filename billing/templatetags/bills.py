"""Show quantities, amounts and days of billing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import template

from billing import words
from billing.queries.calendar import Days
from billing.queries.explaining import Explained
from billing.queries.sentences import sentences

register = template.Library()


@register.filter
def minor(amount: int, currency: str) -> str:
    """Show minor units: `{{ line.amount_minor|minor:currency }}`."""
    return words.amount(amount, currency)


@register.filter
def quantity(value: Decimal | None, unit: str = "") -> str:
    """Show a quantity with its unit."""
    return words.quantity(value, unit)


@register.filter
def day(when: date | None) -> str:
    """Show a day: `24 Dec 2026`."""
    return words.day(when) if when else "\N{EN DASH}"


@register.filter
def day_before(when: date) -> date:
    """Return the last day of days that end before another."""
    return when - timedelta(days=1)


@register.filter
def span(days: Days | Any) -> str:
    """Show the days of a period or of a line: `1 to 30 Nov 2026`."""
    return words.span(days.starts_on, days.ends_on)


@register.filter
def why(one: Explained) -> list[str]:
    """Say why a line is what it is."""
    return sentences(one)


@register.filter
def item(mapping: dict[Any, Any], key: Any) -> Any:
    """Return what a mapping holds under a key."""
    return mapping.get(key)
