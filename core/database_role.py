"""Refuse to serve with a database role that row-level security does not bind."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

_ROLE_SQL = """
SELECT r.rolname, r.rolsuper, r.rolbypassrls,
       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
                 AND pg_has_role(r.oid, c.relowner, 'USAGE'))
FROM pg_roles r WHERE r.rolname = current_user
"""

# Aliases that were found safe in this process.
_checked: set[str] = set()


def unsafe_reason(database: BaseDatabaseWrapper) -> str | None:
    """Return in words why the connected role must not serve, or None."""
    with database.cursor() as cursor:
        cursor.execute(_ROLE_SQL)
        name, is_super, bypasses, owns = cursor.fetchone()
    what = [
        text
        for text, found in (
            ("is a superuser", is_super),
            ("has BYPASSRLS", bypasses),
            ("owns tables, or is a member of their owner", owns),
        )
        if found
    ]
    if not what:
        return None
    return (
        f"The database role {name!r} {' and '.join(what)}: PostgreSQL would not keep tenants "
        "apart. Nothing is served. Point DATABASE_URL at the role taproom_app, which "
        "deploy/roles.sql makes, and keep the owner for DATABASE_OWNER_URL."
    )


def _refuse_unsafe_role(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.alias != "default" or connection.alias in _checked:
        return
    reason = unsafe_reason(connection)
    if reason:
        connection.close()
        raise ImproperlyConfigured(reason)
    _checked.add(connection.alias)


def guard_connections() -> None:
    """Check the role at the first connection of each process, whatever kind of process it is."""
    connection_created.connect(_refuse_unsafe_role, dispatch_uid="refuse_unsafe_role")


def refuse_unsafe_role_at_start() -> None:
    """Connect once while starting; a database that is down is left to the readiness probe."""
    try:
        connection.ensure_connection()
    except OperationalError:
        return
    connection.close()
