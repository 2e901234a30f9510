"""The CRM app."""

from django.apps import AppConfig


class CrmConfig(AppConfig):
    """Registers what the app adds to the API, to payments and to the pages of staff."""

    name = "crm"
    verbose_name = "Leads and applications"

    def ready(self) -> None:
        """Name the scopes of the API."""
        from core import scopes
        from crm import erasing, fees_kind  # noqa: F401 - registering is the import's purpose
        from crm.backoffice import fees  # noqa: F401 - the same

        scopes.register("leads:read", "see leads, applications and their timeline")
        scopes.register("leads:write", "make, edit and move leads and applications", counselor=True)
        scopes.register("stages:write", "make, edit and order the stages of the pipeline")
        scopes.register("tasks:read", "see tasks")
        scopes.register("tasks:write", "add tasks to applications", counselor=True)
        scopes.register("tasks:manage", "complete, reopen and reassign tasks", counselor=True)

        from crm.backoffice import page_registers  # noqa: F401 - header, search, timelines
