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

    Safe to repeat: a role that is there keeps its password unless a new one is asked for. Run it
    in a transaction: until its end all others who make or drop such roles wait.
    """
    name = role_name(tenant_id)
    with owner.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('taproom_clubs_role', 0))")
        is_new = not _exists(owner, name)
        password = secrets.token_urlsafe(24) if is_new or new_password else ""
        verifier = _verifier(owner, name, password) if password else None
        cursor.execute("SELECT taproom.make_clubs_role(%s, %s)", [tenant_id, verifier])
        names = {
            "role": sql.Identifier(name),
            "database": sql.Identifier(cursor.connection.info.dbname),
        }
        for statement in _GRANTS:
            cursor.execute(statement.format(**names))
    address = _address(owner, name, password) if password else ""
    return SqlRole(name, password, address)


def revoke_sql_role(*, owner: BaseDatabaseWrapper, tenant_id: UUID) -> SqlRole:
    """End the sessions of a tenant's role, take everything from it and drop it.

    Raises NoSuchRole.
    """
    name = role_name(tenant_id)
    if not _exists(owner, name):
        raise NoSuchRole(f"There is no role {name}.")
    with owner.cursor() as cursor:
        cursor.execute("SELECT taproom.drop_clubs_role(%s)", [tenant_id])
    return SqlRole(name)


def _verifier(owner: BaseDatabaseWrapper, name: str, password: str) -> str:
    """Return what the server keeps of a password; made here, so that its log cannot hold it."""
    raw = owner.connection.pgconn
    made: bytes = raw.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    return made.decode()


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
    sql.SQL("GRANT CONNECT ON DATABASE {database} TO {role}"),
    sql.SQL("GRANT USAGE ON SCHEMA clubs TO {role}"),
    sql.SQL(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_VIEWS} TO {{role}}"),
)
