"""Months as people name them."""

from __future__ import annotations

from datetime import date


def read_month(text: str) -> date:
    """Return the first day of the month that a text such as `2026-10` names. Raises ValueError."""
    year, _, month = text.partition("-")
    is_month = text.isascii() and len(text) == 7 and year.isdigit() and month.isdigit()
    if not is_month or not 2000 <= int(year) <= 2199 or not 1 <= int(month) <= 12:
        raise ValueError("Give a month such as 2026-10.")
    return date(int(year), int(month), 1)


def month_before(day: date) -> date:
    """Return the first day of the month before the one of a day."""
    return date(day.year - (day.month == 1), (day.month - 2) % 12 + 1, 1)
