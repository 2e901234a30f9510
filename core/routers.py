"""Which database alias may do what."""

from __future__ import annotations

from typing import Any


class OwnerMigrates:
    """Only the role that owns the tables migrates them; the serving role never does."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Return whether tables may be made through this alias."""
        return db == "owner"
