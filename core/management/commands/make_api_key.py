"""`manage.py make_api_key`: let a program in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core import tenancy
from core.management.arguments import tenant_named
from core.operations.api_keys import UnknownScopes, make_api_key


class Command(BaseCommand):
    """Make an API key and print it, once, alone on the first line."""

    help = "Make an API key for a program of a tenant."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say for whom, for what, and for how long."""
        parser.add_argument("--tenant", required=True, help="slug or id")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument(
            "--scope", required=True, action="append", help="such as links:read; repeatable"
        )
        parser.add_argument("--days", type=int, help="ends after so many days; never without it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key."""
        now = timezone.now()
        days: int | None = options["days"]
        if days is not None and days < 1:
            raise CommandError("A key lives at least one day; leave --days out for one that stays.")
        tenant = tenant_named(options["tenant"])
        with tenancy.scope(tenant.pk):
            try:
                key = make_api_key(
                    name=options["name"],
                    scopes=options["scope"],
                    by=None,
                    expires_at=None if days is None else now + timedelta(days=days),
                )
            except UnknownScopes as error:
                raise CommandError(str(error)) from None
        self.stdout.write(key.secret)
        self.stdout.write("Keep it now: it cannot be shown again.")
