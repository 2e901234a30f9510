"""Statements that take PostgreSQL longer to plan than to answer, planned once a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection


class _PreparedCursor(psycopg.Cursor[tuple[Any, ...]]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> _PreparedCursor:
        return super().execute(query, params, prepare=True)


def fetch_prepared(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement in this transaction, by a plan that is kept.

    PostgreSQL plans it for these values the first five times and then, where that is not dearer,
    for any. With DATABASE_PREPARED off it is an ordinary statement with bound values. Raises
    Django's database errors.
    """
    connection.ensure_connection()
    make = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    prepared: Any = _PreparedCursor(connection.connection)
    with make(prepared) as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
