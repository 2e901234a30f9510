"""`manage.py migrate`, through the role that owns the tables."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Migrate through the alias `owner`; needs DATABASE_OWNER_URL."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's own arguments, with another default alias."""
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: object, **options: object) -> None:
        """Refuse, in words, to run without the owner's address."""
        if "owner" not in settings.DATABASES:
            raise CommandError(
                "Migrations run as the role that owns the tables. Set DATABASE_OWNER_URL to its "
                "address for this command; web and workers do not need it."
            )
        super().handle(*args, **options)
