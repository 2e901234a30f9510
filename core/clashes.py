"""Which of the database's rules a refused row broke."""

from __future__ import annotations

from django.db import IntegrityError


def broken_rule(error: IntegrityError) -> str:
    """Return the name of the constraint that an IntegrityError is about; empty if it has none."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")
