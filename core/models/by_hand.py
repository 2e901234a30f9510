"""Rows out of statements of one's own, for the few requests that come most often.

The ORM needs several times as long to build a small statement as PostgreSQL to answer it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection, models

AnyModel = TypeVar("AnyModel", bound=models.Model)


class ByHand(Generic[AnyModel]):
    """The columns of a model as a statement names them, and rows made of what it answers.

    `names` are the columns that are wanted; without any, all of them. Others are deferred.
    """

    def __init__(self, model: type[AnyModel], *names: str) -> None:
        self._model = model
        self._wanted = names

    @cached_property
    def _fields(self) -> list[Any]:
        every = self._model._meta.concrete_fields
        return [field for field in every if not self._wanted or field.attname in self._wanted]

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._fields]

    @cached_property
    def _readers(self) -> list[tuple[int, Any]]:
        return [
            (place, field.from_db_value)
            for place, field in enumerate(self._fields)
            if hasattr(field, "from_db_value")
        ]

    def columns(self, table: str) -> str:
        """Return what stands after SELECT; names of ours, so that nothing has to be quoted."""
        return ", ".join(f"{table}.{name}" for name in self._names)

    def row(self, values: Sequence[Any]) -> AnyModel:
        """Return the model's row; what follows its columns is left alone."""
        own = list(values[: len(self._names)])
        for place, read in self._readers:
            own[place] = read(own[place], None, connection)
        return self._model.from_db(connection.alias, self._names, own)

    def rest(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return what follows the model's columns."""
        return values[len(self._names) :]


def fetch_one(statement: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
    """Run a statement and return its first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found
