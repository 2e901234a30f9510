"""The core app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Registers the guard that keeps a too powerful database role from serving."""

    name = "core"
    verbose_name = "People and access"

    def ready(self) -> None:
        """Connect signals and system checks, register scopes and types of events."""
        from core import (
            checks,  # noqa: F401 - registering is the import's purpose
            database_role,
            erasing,  # noqa: F401 - registering is the import's purpose
            event_types,
            scopes,
        )
        from core.api import checks as api_checks  # noqa: F401 - registering is the import's purpose
        from core.doctor import registers  # noqa: F401 - registering is the import's purpose
        from core.observe import task_counts  # noqa: F401 - registering is the import's purpose

        scopes.register("webhooks:read", "read where events are sent, and what became of them")
        scopes.register("webhooks:write", "choose where events are sent")
        event_types.register("webhook.test", "somebody tries whether an endpoint listens")
        database_role.guard_connections()
