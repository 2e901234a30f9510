"""Which of the database's rules a refused row broke."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction


class StatusMissing(Exception):
    """An outside program has deleted the row of a status from its table."""

    def __init__(self, status: int, table: str) -> None:
        super().__init__(
            f"The table clubs.{table} has no row {status}: a program has deleted it. Nothing was "
            f"changed. Insert it there again, then repeat this."
        )


def broken_rule(error: IntegrityError) -> str:
    """Return the name of the constraint that an IntegrityError is about; empty if it has none."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")


@contextmanager
def status_there(status: int, history: str, table: str) -> Iterator[None]:
    """Write rows of a history; raises StatusMissing, and undoes them, if their status is not there.

    `history` and `table` are names of the SQL surface.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if broken_rule(error) != f"{history}_status_is_known":
            raise
        raise StatusMissing(status, table) from error
