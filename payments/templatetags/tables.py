"""Show tables of analytics."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from payments.analytics.tables import Column, Line

register = template.Library()


@register.filter
def beside(line: Line, columns: tuple[Column, ...]) -> Iterable[tuple[str, str | int]]:
    """Yield what each column holds beside the line's cell of it."""
    return zip((column.holds for column in columns), line.cells, strict=True)
