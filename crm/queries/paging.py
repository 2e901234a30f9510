"""Pages of lists by the place of the last row that was seen, as the API has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from core.api.pagination import read_cursor, write_cursor

T = TypeVar("T", bound=Model)
YEARS = range(1900, 2201)


@dataclass(frozen=True, slots=True)
class Shown(Generic[T]):
    """Some rows of a list; `next` is the cursor of what follows, empty at the end."""

    rows: list[T]
    next: str


def page_of(
    rows: QuerySet[T], *, by: str, cursor: str, limit: int, is_descending: bool = False
) -> Shown[T]:
    """Return at most `limit` rows in the order of a time `by` and the id, after a cursor.

    A cursor that this list did not give out starts at the beginning. An index (tenant, `by`, id)
    should serve the order.
    """
    place = _place(rows.model, by, cursor)
    if place is not None:
        rows = rows.filter(_after(by, place, "lt" if is_descending else "gt"))
    sign = "-" if is_descending else ""
    found = list(rows.order_by(f"{sign}{by}", f"{sign}id")[: limit + 1])
    if len(found) <= limit:
        return Shown(found, "")
    last = found[limit - 1]
    return Shown(found[:limit], write_cursor([str(getattr(last, by)), str(last.pk)]))


def _after(by: str, place: tuple[datetime, Any], beyond: str) -> Q:
    """Return the condition for what follows; its first part repeats what an index can serve."""
    when, pk = place
    return Q(**{f"{by}__{beyond}e": when}) & (
        Q(**{f"{by}__{beyond}": when}) | Q(**{f"id__{beyond}": pk})
    )


def _place(model: type[Model], by: str, cursor: str) -> tuple[datetime, Any] | None:
    if not cursor:
        return None
    try:
        first, second = read_cursor(cursor)
        when = model._meta.get_field(by).to_python(first)  # type: ignore[union-attr]
        pk = model._meta.get_field("id").to_python(second)  # type: ignore[union-attr]
    except (ValueError, ValidationError, OverflowError):
        return None
    is_moment = isinstance(when, datetime) and when.tzinfo is not None and when.year in YEARS
    return (when, pk) if is_moment else None
