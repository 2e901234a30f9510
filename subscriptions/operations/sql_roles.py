"""The database roles with which outside programs reach the clubs of one tenant.

The tenant is part of the role's name, and the views of the schema `clubs` ask `session_user`,
which nobody but a superuser can change.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

VIEWS = (
    "club",
    "club_status",
    "club_status_history",
    "status",
    "subscription",
    "subscription_status_history",
)


class NoSuchRole(Exception):
    """The tenant has no role to revoke."""


@dataclass(frozen=True, slots=True)
class SqlRole:
    """A role; `password` and `address` only when the password was made just now."""

    name: str
    password: str = ""
    address: str = ""


def role_name(tenant_id: UUID) -> str:
    """Return the name of a tenant's role; the database reads the tenant off it."""
    return f"clubs_{tenant_id.hex}"


def grant_sql_role(
    *, owner: BaseDatabaseWrapper, tenant_id: UUID, new_password: bool = False
) -> SqlRole:
    """Make the role of a tenant, or renew what it may do. `owner` owns the tables.

    Safe to repeat: a role that is there keeps its password unless a new one is asked for.
    """
    name = role_name(tenant_id)
    is_new = not _exists(owner, name)
    password = secrets.token_urlsafe(24) if is_new or new_password else ""
    with owner.cursor() as cursor:
        raw = cursor.connection
        role = sql.Identifier(name)
        if is_new:
            cursor.execute(sql.SQL("CREATE ROLE {}").format(role))
        for statement in _GRANTS:
            cursor.execute(statement.format(role=role, database=sql.Identifier(raw.info.dbname)))
        if password:
            # Hashed here, so that the server's log cannot hold it.
            hashed = raw.pgconn.encrypt_password(
                password.encode(), name.encode(), b"scram-sha-256"
            ).decode()
            set_it = sql.SQL("ALTER ROLE {} PASSWORD {}")
            cursor.execute(set_it.format(role, sql.Literal(hashed)))
    address = _address(owner, name, password) if password else ""
    return SqlRole(name, password, address)


def revoke_sql_role(*, owner: BaseDatabaseWrapper, tenant_id: UUID) -> SqlRole:
    """Take everything from the role of a tenant and drop it; open sessions can do nothing more.

    Raises NoSuchRole.
    """
    name = role_name(tenant_id)
    if not _exists(owner, name):
        raise NoSuchRole(f"There is no role {name}.")
    with owner.cursor() as cursor:
        role = sql.Identifier(name)
        database = sql.Identifier(cursor.connection.info.dbname)
        for statement in _REVOKES:
            cursor.execute(statement.format(role=role, database=database))
    return SqlRole(name)


def _exists(owner: BaseDatabaseWrapper, name: str) -> bool:
    with owner.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [name])
        return cursor.fetchone() is not None


def _address(owner: BaseDatabaseWrapper, name: str, password: str) -> str:
    settings = owner.settings_dict
    host, port = str(settings["HOST"] or ""), str(settings["PORT"] or "")
    is_socket = host.startswith("/")
    place = "" if is_socket else f"{host}:{port}" if port else host
    query = f"?host={quote(host, safe='/')}" if is_socket else ""
    return f"postgresql://{name}:{password}@{place}/{quote(str(settings['NAME']))}{query}"


_VIEWS = ", ".join(f"clubs.{view}" for view in VIEWS)
_GRANTS = (
    sql.SQL("ALTER ROLE {role} LOGIN NOINHERIT CONNECTION LIMIT 20"),
    # Unqualified names are the document's tables, and times without a zone are UTC.
    sql.SQL("ALTER ROLE {role} SET search_path = clubs"),
    sql.SQL("ALTER ROLE {role} SET timezone = 'UTC'"),
    sql.SQL("GRANT CONNECT ON DATABASE {database} TO {role}"),
    sql.SQL("GRANT USAGE ON SCHEMA clubs TO {role}"),
    sql.SQL(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_VIEWS} TO {{role}}"),
)
_REVOKES = (
    sql.SQL("ALTER ROLE {role} NOLOGIN"),
    sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA clubs FROM {role}"),
    sql.SQL("REVOKE ALL ON SCHEMA clubs FROM {role}"),
    sql.SQL("REVOKE ALL ON DATABASE {database} FROM {role}"),
    sql.SQL("DROP ROLE {role}"),
)
