"""Pages by cursor: `?limit=` rows after the place that `?cursor=` names, or before it.

A cursor names the row at the edge of a page, not a number of rows to skip: rows made meanwhile
shift nothing, equal times are told apart by id, and page 1,000 costs what page 1 does.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from core.api.problems import FieldError, Problem, invalid

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
# What a cursor begins with when its page ends at the place it names.
_BACKWARDS = "before"


class CursorPages(BasePagination):
    """Pages in the order of two columns, of which the second is unique.

    Neither column may be null; an index (tenant, first, second) should serve the order.
    """

    columns: ClassVar[tuple[str, str]] = ("created_at", "id")
    is_descending: ClassVar[bool] = True
    parameters: ClassVar[frozenset[str]] = frozenset({"cursor", "limit"})

    def paginate_queryset(  # type: ignore[override]  # pages are read from the database
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return the rows of the page; raises a Problem (400) for a bad cursor or limit."""
        self.request = request
        limit = _limit(request.query_params.get("limit"))
        cursor = request.query_params.get("cursor")
        self.has_cursor, self.goes_back = cursor is not None, False
        if cursor is not None:
            self.goes_back, place = self._place(queryset.model, cursor)
            queryset = queryset.filter(self._beyond(place))
        sign = "-" if self.is_descending != self.goes_back else ""
        rows = list(queryset.order_by(*(sign + name for name in self.columns))[: limit + 1])
        self.has_more = len(rows) > limit
        self.page = rows[:limit][:: -1 if self.goes_back else 1]
        return self.page

    def get_paginated_response(self, data: Any) -> Response:
        """Return `{"items": [...], "next": address or null, "previous": address or null}`."""
        return Response({"items": data, "next": self._next(), "previous": self._previous()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the page in OpenAPI; `schema` is that of the list of rows."""
        return {
            "type": "object",
            "required": ["items", "next", "previous"],
            "properties": {
                "items": schema,
                "next": _address("The address of the next page; null on the last one."),
                "previous": _address("The address of the page before; null on the first one."),
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe `cursor` and `limit` in OpenAPI."""
        size = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            _parameter(
                "cursor",
                {"type": "string"},
                "The place to go on from, out of `next` or `previous`.",
            ),
            _parameter("limit", size, "How many rows a page holds."),
        ]

    def _next(self) -> str | None:
        if self.goes_back and not self.page:
            # Whatever lay before the place is gone, so that what follows is the whole list.
            return str(remove_query_param(self.request.build_absolute_uri(), "cursor"))
        return self._at(self.page[-1]) if self.page and (self.goes_back or self.has_more) else None

    def _previous(self) -> str | None:
        has_more = self.has_more if self.goes_back else self.has_cursor
        return self._at(self.page[0], _BACKWARDS) if self.page and has_more else None

    def _at(self, row: Any, *direction: str) -> str:
        """Return the address of the page at one side of a row."""
        cursor = write_cursor([*direction, *(str(getattr(row, name)) for name in self.columns)])
        return str(replace_query_param(self.request.build_absolute_uri(), "cursor", cursor))

    def _beyond(self, place: Sequence[Any]) -> Q:
        """Return the condition for the rows at the wanted side of a place.

        The first part repeats what follows from the rest, since it is what an index can serve.
        """
        first, second = self.columns
        beyond = "lt" if self.is_descending != self.goes_back else "gt"
        return Q(**{f"{first}__{beyond}e": place[0]}) & (
            Q(**{f"{first}__{beyond}": place[0]}) | Q(**{f"{second}__{beyond}": place[1]})
        )

    def _place(self, model: type[Model], cursor: str) -> tuple[bool, list[Any]]:
        """Return a cursor's direction and values, of the columns' types.

        Whether it leads back comes first. Raises a Problem (400).
        """
        try:
            texts = read_cursor(cursor)
            goes_back = texts[:1] == [_BACKWARDS]
            place = [
                model._meta.get_field(name).to_python(text)  # type: ignore[union-attr]
                for name, text in zip(self.columns, texts[goes_back:], strict=True)
            ]
        except (ValueError, ValidationError, OverflowError):
            raise _bad_cursor() from None
        if any(value is None or getattr(value, "tzinfo", True) is None for value in place):
            raise _bad_cursor()
        return goes_back, place


class NewestFirst(CursorPages):
    """What was made last comes first."""


def write_cursor(values: list[str]) -> str:
    """Return the values as text for an address."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> list[str]:
    """Return the values of `write_cursor`; raises ValueError for anything else.

    It needs no signature: it only picks a place among rows that the caller may see anyway.
    """
    if len(cursor) > 400 or not cursor.isascii():
        raise ValueError("not a cursor")
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = json.loads(raw)
    except (binascii.Error, RecursionError) as error:
        raise ValueError("not a cursor") from error
    if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
        raise ValueError("not a cursor")
    if any("\0" in value for value in values):
        raise ValueError("not a cursor")
    return values


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 3):
        raise _bad_limit()
    if not 1 <= int(text) <= MAX_LIMIT:
        raise _bad_limit()
    return int(text)


def _bad_cursor() -> Problem:
    return invalid(
        FieldError(
            "This cursor was not given out by this list; follow `next` or `previous` as it is.",
            code="bad_cursor",
            parameter="cursor",
        )
    )


def _bad_limit() -> Problem:
    return invalid(
        FieldError(
            f"Give a whole number from 1 to {MAX_LIMIT}.", code="bad_limit", parameter="limit"
        )
    )


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _address(description: str) -> dict[str, Any]:
    return {"type": "string", "format": "uri", "nullable": True, "description": description}
