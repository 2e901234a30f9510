"""Statements that take PostgreSQL longer to plan than to answer, planned once a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection

# Left to itself PostgreSQL takes a plan for any values for dearer than one for these, since it
# thinks more of arrays that it does not see, and plans anew each time: six times the work.
_KEEP = "SET LOCAL plan_cache_mode = force_generic_plan"


class _PreparedCursor(psycopg.Cursor[tuple[Any, ...]]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> _PreparedCursor:
        return super().execute(query, params, prepare=True)


def fetch_prepared(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement in this transaction, by a plan that is kept.

    Planned once a connection, for any values. With DATABASE_PREPARED off it is an ordinary
    statement with bound values. Raises Django's database errors.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        connection.connection.execute(_KEEP)
    make = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    prepared: Any = _PreparedCursor(connection.connection)
    with make(prepared) as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
