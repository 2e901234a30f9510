"""Pages by cursor: `?limit=` rows after the place that `?cursor=` names.

A cursor names the last row that was seen, not a number of rows to skip: rows made meanwhile shift
nothing, equal times are told apart by id, and page 1,000 costs what page 1 does.
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
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from core.api.problems import FieldError, Problem, invalid

DEFAULT_LIMIT = 25
MAX_LIMIT = 100


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
        self.limit = _limit(request.query_params.get("limit"))
        after = request.query_params.get("cursor")
        if after is not None:
            queryset = queryset.filter(self._after(self._place(queryset.model, after)))
        sign = "-" if self.is_descending else ""
        rows = list(queryset.order_by(*(sign + name for name in self.columns))[: self.limit + 1])
        self.has_more = len(rows) > self.limit
        self.page = rows[: self.limit]
        return self.page

    def get_paginated_response(self, data: Any) -> Response:
        """Return `{"items": [...], "next": address or null}`."""
        return Response({"items": data, "next": self._next()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the page in OpenAPI; `schema` is that of the list of rows."""
        return {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": schema,
                "next": {
                    "type": "string",
                    "format": "uri",
                    "nullable": True,
                    "description": "The address of the next page; null on the last one.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe `cursor` and `limit` in OpenAPI."""
        size = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            _parameter("cursor", {"type": "string"}, "The place to go on from, out of `next`."),
            _parameter("limit", size, "How many rows a page holds."),
        ]

    def _next(self) -> str | None:
        if not self.has_more:
            return None
        last = self.page[-1]
        cursor = write_cursor([str(getattr(last, name)) for name in self.columns])
        address = replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)
        return str(address)

    def _after(self, place: Sequence[Any]) -> Q:
        """Return the condition for the rows behind a place.

        The first part repeats what follows from the rest, since it is what an index can serve.
        """
        first, second = self.columns
        beyond = "lt" if self.is_descending else "gt"
        return Q(**{f"{first}__{beyond}e": place[0]}) & (
            Q(**{f"{first}__{beyond}": place[0]}) | Q(**{f"{second}__{beyond}": place[1]})
        )

    def _place(self, model: type[Model], cursor: str) -> list[Any]:
        """Return the values a cursor holds, of the columns' types; raises a Problem (400)."""
        try:
            texts = read_cursor(cursor)
            place = [
                model._meta.get_field(name).to_python(text)  # type: ignore[union-attr]
                for name, text in zip(self.columns, texts, strict=True)
            ]
        except (ValueError, ValidationError, OverflowError):
            raise _bad_cursor() from None
        if any(value is None or getattr(value, "tzinfo", True) is None for value in place):
            raise _bad_cursor()
        return place


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
            "This cursor was not given out by this list; follow `next` as it is.",
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
