"""Write many rows at once: what is new is inserted, what differs is updated, the rest is left.

Rows go by COPY into a temporary table and from there by one statement into theirs, since COPY
itself cannot write into a table with row-level security (PostgreSQL manual, COPY).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Field
from psycopg import sql

from subscriptions.models.imported import ImportedRow


def row_key(tenant_id: UUID, model: type[ImportedRow], source_id: str) -> UUID:
    """Return the key that an imported row gets: the same in each import of the same row."""
    return uuid.uuid5(tenant_id, f"{model._meta.db_table}:{source_id}")


@dataclass(slots=True)
class Counts:
    """What became of the rows of one table."""

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return {
            "new": self.new, "changed": self.changed, "same": self.same, "refused": self.refused,
        }  # fmt: skip


@dataclass(slots=True)
class Written:
    """A batch that was written: ids by source id, and which fields of which rows changed."""

    ids: dict[str, UUID] = field(default_factory=dict)
    changed: dict[str, list[str]] = field(default_factory=dict)


class Writer:
    """Writes rows of one model; `fields` are the ones that the source decides."""

    def __init__(self, model: type[ImportedRow], fields: Sequence[str], tenant_id: UUID) -> None:
        self.model = model
        concrete = {found.name: found for found in model._meta.concrete_fields}
        self.fields: list[Field[Any, Any]] = [concrete[name] for name in fields]
        self.tenant_id = tenant_id
        self.counts = Counts()
        self.table = sql.Identifier(model._meta.db_table)
        self.staging = sql.Identifier(f"staged_{model._meta.db_table}"[:63])
        self._make_staging()

    def write(self, rows: dict[str, dict[str, Any]]) -> Written:
        """Bring the rows, by source id, in. In scope; repeating changes nothing."""
        done = Written()
        held = {
            row.source_id: row
            for row in self.model._default_manager.filter(source_id__in=list(rows))
        }
        new, changed = [], []
        for source_id, values in rows.items():
            row = held.get(source_id)
            if row is None:
                pk = row_key(self.tenant_id, self.model, source_id)
                new.append((pk, source_id, values))
            else:
                pk = row.pk
                differing = self._differing(row, values)
                if differing:
                    changed.append((pk, source_id, values))
                    done.changed[source_id] = differing
            done.ids[source_id] = pk
        self._insert(new)
        self._update(changed)
        self.counts.new += len(new)
        self.counts.changed += len(changed)
        self.counts.same += len(rows) - len(new) - len(changed)
        return done

    def _differing(self, row: ImportedRow, values: dict[str, Any]) -> list[str]:
        return [
            found.name
            for found in self.fields
            if found.name != "findings" and getattr(row, found.attname) != values[found.name]
        ]

    def _columns(self) -> list[str]:
        return ["id", "tenant_id", "source_id", *(str(found.column) for found in self.fields)]

    def _make_staging(self) -> None:
        with connection.cursor() as cursor:
            names = sql.SQL(", ").join(map(sql.Identifier, self._columns()))
            cursor.execute(
                sql.SQL(
                    "CREATE TEMPORARY TABLE {staging} ON COMMIT DROP AS "
                    "SELECT {names} FROM {table} LIMIT 0"
                ).format(staging=self.staging, names=names, table=self.table)
            )

    def _insert(self, rows: Iterable[tuple[UUID, str, dict[str, Any]]]) -> None:
        if not rows:
            return
        names = sql.SQL(", ").join(map(sql.Identifier, self._columns()))
        self._through_staging(
            rows,
            sql.SQL("INSERT INTO {table} ({names}) SELECT {names} FROM {staging}").format(
                table=self.table, names=names, staging=self.staging
            ),
        )

    def _update(self, rows: Iterable[tuple[UUID, str, dict[str, Any]]]) -> None:
        if not rows:
            return
        columns = [sql.Identifier(str(found.column)) for found in self.fields]
        changes = sql.SQL(", ").join([sql.SQL("{0} = s.{0}").format(name) for name in columns])
        self._through_staging(
            rows,
            sql.SQL(
                "UPDATE {table} t SET {changes}, version = t.version + 1 "
                "FROM {staging} s WHERE t.id = s.id"
            ).format(table=self.table, changes=changes, staging=self.staging),
        )

    def _through_staging(
        self, rows: Iterable[tuple[UUID, str, dict[str, Any]]], statement: sql.Composed
    ) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, self._columns()))
        into = sql.SQL("COPY {staging} ({names}) FROM STDIN").format(
            staging=self.staging, names=names
        )
        with connection.cursor() as cursor:
            with cursor.copy(into) as copy:
                for pk, source_id, values in rows:
                    copy.write_row([pk, self.tenant_id, source_id, *self._adapted(values)])
            cursor.execute(statement)
            cursor.execute(sql.SQL("TRUNCATE {staging}").format(staging=self.staging))

    def _adapted(self, values: dict[str, Any]) -> list[Any]:
        return [found.get_db_prep_save(values[found.name], connection) for found in self.fields]
