"""How many migrations the code knows that the database does not have."""

from __future__ import annotations

from threading import Event

from django.db import connection
from django.db.migrations.loader import MigrationLoader

# Once all are applied they stay so for the code that runs: reading the files takes long.
_all_applied = Event()


def count() -> int:
    """Return the number of migrations that wait; raises django.db.Error without a database."""
    if _all_applied.is_set():
        return 0
    loader = MigrationLoader(connection)
    waiting = [node for node in loader.graph.nodes if node not in loader.applied_migrations]
    if not waiting:
        _all_applied.set()
    return len(waiting)
