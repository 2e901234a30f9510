"""The core app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Registers the guard that keeps a too powerful database role from serving."""

    name = "core"
    verbose_name = "People and access"

    def ready(self) -> None:
        """Connect signals and system checks."""
        from core import checks, database_role  # noqa: F401 - registering is the import's purpose
        from core.api import checks as api_checks  # noqa: F401 - registering is the import's purpose
        from core.observe import task_counts  # noqa: F401 - registering is the import's purpose

        database_role.guard_connections()
