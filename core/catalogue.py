"""The schema as SQL that people can read: written from the catalogue of the running database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.db.backends.utils import CursorWrapper

_OURS = ("core", "payments", "crm", "subscriptions", "billing")
# Tables that join Django's own, which are left out.
_LEFT_OUT = {"core_user_groups", "core_user_user_permissions"}

_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
       a.attgenerated, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""

_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid, true), contype FROM pg_constraint
WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'c', 'x', 'f')
ORDER BY array_position(ARRAY['p', 'u', 'c', 'x', 'f']::"char"[], contype), conname
"""

_INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = %s::regclass
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype <> 'f')
ORDER BY c.relname
"""

_VIEW_DEFAULTS = """
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a
JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s::regclass ORDER BY a.attnum
"""

_TRIGGERS = """
SELECT pg_get_triggerdef(oid, true), tgfoid FROM pg_trigger
WHERE tgrelid = %s::regclass AND NOT tgisinternal ORDER BY tgname
"""

# In the order they were made, since some call others; an extension brings its own.
_FUNCTIONS = """
SELECT pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc'), p.oid::regprocedure::text
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY (%s) AND p.prokind = 'f' AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY p.oid
"""

_SCHEMAS = """
SELECT nspname FROM pg_namespace
WHERE nspname NOT LIKE 'pg\\_%%' AND nspname NOT IN ('public', 'information_schema') ORDER BY 1
"""

# What constraints need beyond PostgreSQL itself.
_EXTENSIONS = "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"

# The views that outside programs write to, in the order they were made.
_VIEWS = """
SELECT c.oid::text, c.oid::regclass::text, array_to_string(c.reloptions, ', '),
       pg_get_viewdef(c.oid, true), obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND n.nspname = ANY (%s) ORDER BY c.oid
"""

_POLICIES = """
SELECT polname, polpermissive, polcmd, pg_get_expr(polqual, polrelid),
       pg_get_expr(polwithcheck, polrelid), obj_description(oid, 'pg_policy'),
       array(SELECT rolname::text FROM pg_roles WHERE oid = ANY (polroles) ORDER BY 1)
FROM pg_policy WHERE polrelid = %s::regclass ORDER BY NOT polpermissive, polname
"""

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}

_SCHEMA_HEAD = """\
-- The tables of Taproom. Written by `manage.py write_schema`; the migrations make them.
-- Who may see which row: rls_policies.sql.

SET check_function_bodies = off;  -- functions come first: columns have defaults by them
"""

_POLICIES_HEAD = """\
-- Who may see and write which row. Written by `manage.py write_schema`; the migrations make them.
--
-- A request sets, for its transaction only, app.tenant_id, app.user_id and app.role from the
-- claims tenant_id, user_id and role of its token; nothing set means no row. `tenant_isolation`
-- opens a company's rows; the RESTRICTIVE policies narrow that by role, one for each command.
-- FORCE holds the tables' owner to the same rules.
"""


def tables() -> list[str]:
    """Return the names of the tables that are described, in the order of the house."""
    found = [
        model._meta.db_table
        for app in apps.get_app_configs()
        if app.name in _OURS
        for model in app.get_models(include_auto_created=True)
    ]
    return [name for name in sorted(found, key=_place) if name not in _LEFT_OUT]


def schema_sql(cursor: CursorWrapper) -> str:
    """Return schemas, functions, tables, keys, views and triggers as SQL that could be run."""
    names, schemas = tables(), [row[0] for row in _rows(cursor, _SCHEMAS)]
    parts = [_SCHEMA_HEAD, *(f"CREATE SCHEMA {name};" for name in schemas)]
    parts += [f"CREATE EXTENSION {name};" for (name,) in _rows(cursor, _EXTENSIONS)]
    parts += list(_functions(cursor, schemas))
    parts += [part for name in names for part in _table(cursor, name)]
    parts += [part for name in names for part in _foreign_keys(cursor, name)]
    views = _rows(cursor, _VIEWS, schemas)
    parts += [part for view in views for part in _view(cursor, view)]
    parts += [part for name in names for part in _triggers(cursor, name)]
    return "\n".join(parts)


def policies_sql(cursor: CursorWrapper) -> str:
    """Return row-level security of all tables as SQL that could be run after `schema_sql`."""
    return "\n".join([_POLICIES_HEAD, *(p for name in tables() for p in _policies(cursor, name))])


def _place(table: str) -> tuple[int, str]:
    return _OURS.index(table.split("_", 1)[0]), table


def _rows(cursor: CursorWrapper, query: str, *values: Any) -> Sequence[tuple[Any, ...]]:
    cursor.execute(query, values or None)
    rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _table(cursor: CursorWrapper, table: str) -> Iterator[str]:
    lines = [(_column(column), column[-1]) for column in _rows(cursor, _COLUMNS, table)]
    for name, definition, kind in _rows(cursor, _CONSTRAINTS, table):
        if kind != "f":
            lines.append((f"    CONSTRAINT {name} {definition}", None))
    about = _rows(cursor, "SELECT obj_description(%s::regclass, 'pg_class')", table)[0][0]
    yield (f"\n-- {about}" if about else "") + f"\nCREATE TABLE {table} ("
    for number, (line, words) in enumerate(lines, start=1):
        comma = "," if number < len(lines) else ""
        yield f"{line}{comma}" + (f"  -- {words}" if words else "")
    yield ");"
    for (definition,) in _rows(cursor, _INDEXES, table):
        yield f"{definition};"


def _column(column: Sequence[Any]) -> str:
    name, kind, is_required, identity, generated, default, _ = column
    line = f"    {name} {kind}"
    if generated:
        line += f" GENERATED ALWAYS AS ({default}) STORED"
    elif identity:
        line += " GENERATED BY DEFAULT AS IDENTITY"
    elif default is not None:
        line += f" DEFAULT {default}"
    return line + (" NOT NULL" if is_required else "")


def _foreign_keys(cursor: CursorWrapper, table: str) -> Iterator[str]:
    keys = [
        f"    ADD CONSTRAINT {name} {definition}"
        for name, definition, kind in _rows(cursor, _CONSTRAINTS, table)
        if kind == "f"
    ]
    if keys:
        yield f"\nALTER TABLE {table}\n" + ",\n".join(keys) + ";"


def _functions(cursor: CursorWrapper, schemas: list[str]) -> Iterator[str]:
    for definition, words, _ in _rows(cursor, _FUNCTIONS, ["public", *schemas]):
        yield (f"\n-- {words}" if words else "") + f"\n{definition.rstrip()};"


def _view(cursor: CursorWrapper, view: Sequence[Any]) -> Iterator[str]:
    number, name, options, query, words = view  # by number: its name is not for this role
    yield (
        (f"\n-- {words}" if words else "")
        + f"\nCREATE VIEW {name}"
        + (f" WITH ({options})" if options else "")
    )
    yield f"AS {query.strip()}"
    for column, default in _rows(cursor, _VIEW_DEFAULTS, number):
        yield f"ALTER VIEW {name} ALTER COLUMN {column} SET DEFAULT {default};"
    yield from _triggers(cursor, number)


def _triggers(cursor: CursorWrapper, table: str) -> Iterator[str]:
    for definition, _ in _rows(cursor, _TRIGGERS, table):
        yield f"\n{definition};"


def _policies(cursor: CursorWrapper, table: str) -> Iterator[str]:
    policies = _rows(cursor, _POLICIES, table)
    if not policies:
        return
    yield f"\nALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
    for name, is_permissive, command, using, check, words, roles in policies:
        if words:
            yield f"-- {words}"
        kind = "PERMISSIVE" if is_permissive else "RESTRICTIVE"
        to = f" TO {', '.join(roles)}" if roles else ""
        lines = [f"CREATE POLICY {name} ON {table} AS {kind} FOR {_COMMANDS[command]}{to}"]
        lines += [f"    USING ({_plain(using)})"] if using else []
        lines += [f"    WITH CHECK ({_plain(check)})"] if check else []
        yield "\n".join(lines) + ";"


def _plain(expression: str) -> str:
    """Return an expression on one line, without the brackets PostgreSQL puts around all of it."""
    text = re.sub(r"\( SELECT (\w+\(\)) AS \w+\)", r"(SELECT \1)", " ".join(expression.split()))
    is_query = text.startswith("( SELECT")
    return text[1:-1] if _closes_at_end(text) and not is_query else text


def _closes_at_end(text: str) -> bool:
    """Return whether the bracket a text begins with is closed by its last sign."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return place == len(text) - 1
    return False
