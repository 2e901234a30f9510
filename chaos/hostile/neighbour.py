"""A second company that has everything the first one has, under names that nobody else has."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg
from psycopg import sql

MARK = "Zyzzyva"
UUIDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
KEPT = ("core_tenant", "payments_stripeaccount", "core_entry")

_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
_COLUMNS = """
SELECT column_name, udt_name, coalesce(character_maximum_length, 0) FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
  AND is_identity = 'NO' ORDER BY ordinal_position
"""
_CONSTRAINED = """
SELECT a.attname FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid
 AND a.attnum = ANY (c.conkey) WHERE c.conname = %s
"""


@dataclass(frozen=True)
class Neighbour:
    """What must never be seen: ids of rows, and the word that stands in their texts."""

    tenant_id: str
    ids: frozenset[str]
    tables: tuple[str, ...]
    untold: tuple[str, ...]  # tables whose rows could not be copied

    @property
    def bait(self) -> list[str]:
        """The ids that questions may name: half of them.

        What is stored as a name of ours is rightly told again, so that only ids which were never
        sent show for certain that a row came through.
        """
        return sorted(self.ids)[::2]

    @property
    def watched(self) -> frozenset[str]:
        """The ids that nobody ever sends."""
        return self.ids - set(self.bait)


def copy_everything(superuser_url: str, own: str, neighbour: str) -> Neighbour:
    """Give the neighbour a copy of each row of ours, with ids of its own and marked texts."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET client_min_messages = error")
        tables = [name for (name,) in connection.execute(_TABLES)]
        _map_ids(connection, tables, own)
        untold = [
            table
            for table in tables
            if table not in KEPT and not _copy(connection, table, own, neighbour)
        ]
        ids = _ids_of(connection, tables, neighbour) | {neighbour}
    return Neighbour(neighbour, frozenset(ids), tuple(tables), tuple(untold))


def _primary_uuid(connection: psycopg.Connection, table: str) -> str:
    names = {name: kind for name, kind, _ in connection.execute(_COLUMNS, [table])}
    return next((name for name in ("id", "uuid") if names.get(name) == "uuid"), "")


def _map_ids(connection: psycopg.Connection, tables: list[str], own: str) -> None:
    connection.execute("CREATE TEMPORARY TABLE twin (own uuid PRIMARY KEY, theirs uuid)")
    for table in tables:
        column = _primary_uuid(connection, table)
        if column and table not in KEPT:
            connection.execute(
                sql.SQL(
                    "INSERT INTO twin SELECT {0}, md5('twin' || {0})::uuid FROM {1}"
                    " WHERE tenant_id = %s ON CONFLICT DO NOTHING"
                ).format(sql.Identifier(column), sql.Identifier(table)),
                [own],
            )


def _copy(connection: psycopg.Connection, table: str, own: str, neighbour: str) -> bool:
    """Copy a table's rows; what a constraint forbids to be marked stays as it is."""
    columns = list(connection.execute(_COLUMNS, [table]))
    plain: set[str] = set()
    for _ in range(len(columns) + 1):
        parts = [_expression(name, kind, size, name in plain) for name, kind, size in columns]
        try:
            connection.execute(
                sql.SQL(
                    "INSERT INTO {0} ({1}) SELECT {2} FROM {0} WHERE tenant_id = {3}"
                    " ON CONFLICT DO NOTHING"
                ).format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(sql.Identifier(name) for name, _, _ in columns),
                    sql.SQL(", ").join(parts),
                    sql.Literal(own),
                ),
                {"neighbour": neighbour},
            )
        except psycopg.IntegrityError as error:
            found = connection.execute(_CONSTRAINED, [error.diag.constraint_name])
            fresh = {name for (name,) in found} - plain
            if not fresh:
                return False
            plain |= fresh
        except psycopg.Error:
            return False
        else:
            return True
    return False


def _expression(name: str, kind: str, size: int, is_plain: bool) -> sql.Composable:
    column = sql.Identifier(name)
    if name == "tenant_id":
        return sql.SQL("%(neighbour)s::uuid")
    if kind == "uuid":
        return sql.SQL("coalesce((SELECT theirs FROM twin WHERE own = {0}), {0})").format(column)
    if kind == "_uuid":
        return sql.SQL(
            "ARRAY(SELECT coalesce(t.theirs, u) FROM unnest({0}) u LEFT JOIN twin t ON t.own = u)"
        ).format(column)
    if kind in {"text", "varchar"} and not is_plain:
        marked = sql.SQL("CASE WHEN {0} = '' THEN '' ELSE {1} || {0} END").format(
            column, sql.Literal(MARK)
        )
        return sql.SQL("left({}, {})").format(marked, sql.Literal(size)) if size else marked
    return column


def _ids_of(connection: psycopg.Connection, tables: list[str], tenant: str) -> set[str]:
    found: set[str] = set()
    for table in tables:
        column = _primary_uuid(connection, table)
        if column:
            query = sql.SQL("SELECT {} FROM {} WHERE tenant_id = %s").format(
                sql.Identifier(column), sql.Identifier(table)
            )
            found |= {str(value) for (value,) in connection.execute(query, [tenant])}
    return found


def fingerprint(superuser_url: str, neighbour: Neighbour) -> dict[str, str]:
    """Return a hash of each table's rows of the neighbour: none may change."""
    with psycopg.connect(superuser_url) as connection:
        return {
            table: str(
                connection.execute(
                    sql.SQL(
                        "SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text)))"
                        " FROM {} t WHERE tenant_id = %s"
                    ).format(sql.Identifier(table)),
                    [neighbour.tenant_id],
                ).fetchone()
            )
            for table in neighbour.tables
        }


def seen_in(answer: bytes, sent: bytes, neighbour: Neighbour) -> list[str]:
    """Return what an answer tells of the neighbour that the question did not tell."""
    asked = {one.decode() for one in UUIDS.findall(sent.lower())}
    told = {one.decode() for one in UUIDS.findall(answer.lower())}
    found = sorted((told & neighbour.watched) - asked)
    if MARK.encode() in answer and MARK.encode() not in sent:
        place = answer.index(MARK.encode())
        found.append(answer[max(0, place - 60) : place + 60].decode(errors="replace"))
    return found
