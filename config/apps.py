"""The admin application, pointed at Taproom's own site."""

from django.contrib.admin.apps import AdminConfig


class TaproomAdminConfig(AdminConfig):
    """Make `core.backoffice.site.BackOffice` the default admin site."""

    default_site = "core.backoffice.site.BackOffice"
