"""How rates and quantities are written on pages."""

from __future__ import annotations

from decimal import Decimal

from django import template

from billing import words
from core.money import Money

register = template.Library()


@register.filter
def plain(value: Decimal | None) -> str:
    """Write a number without idle zeros; nothing for none."""
    if value is None:
        return ""
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def exact(minor: Decimal, currency: str) -> str:
    """Write minor units with decimals as money, unrounded."""
    return words.exact_amount(minor, currency)


@register.filter
def amount(minor: int, currency: str) -> str:
    """Write minor units as money."""
    return Money(int(minor), currency).display()
