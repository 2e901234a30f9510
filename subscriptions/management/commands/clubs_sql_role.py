"""`manage.py clubs_sql_role`: let an outside program work on a tenant's clubs in SQL."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError, connections, transaction

from core.management.arguments import tenant_named
from subscriptions.operations.sql_roles import NoSuchRole, grant_sql_role, revoke_sql_role


class Command(BaseCommand):
    """Make a database role that sees the schema `clubs` of one tenant and nothing else.

    Needs DATABASE_OWNER_URL. Safe to repeat.
    """

    help = "Make, renew or revoke the database role for a tenant's clubs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say whose clubs, and what to do."""
        parser.add_argument("--tenant", required=True, help="slug or id")
        parser.add_argument("--new-password", action="store_true", help="replace the password")
        parser.add_argument("--revoke", action="store_true", help="take the role away")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make or revoke the role."""
        if "owner" not in settings.DATABASES:
            raise CommandError(
                "Roles are made by the role that owns the tables. Set DATABASE_OWNER_URL to its "
                "address for this command."
            )
        tenant = tenant_named(options["tenant"])
        try:
            with transaction.atomic(using="owner"):
                self._act(tenant.pk, options)
        except NoSuchRole as error:
            raise CommandError(str(error)) from None
        except ProgrammingError as error:
            raise CommandError(
                f"The database refused: {str(error).strip()}. If the function is missing, run "
                "deploy/roles.sql once more as a superuser; running it again harms nothing."
            ) from None

    def _act(self, tenant_id: Any, options: dict[str, Any]) -> None:
        owner = connections["owner"]
        if options["revoke"]:
            gone = revoke_sql_role(owner=owner, tenant_id=tenant_id)
            self.stdout.write(f"The role {gone.name} is gone; its open sessions have ended.")
            return
        role = grant_sql_role(
            owner=owner, tenant_id=tenant_id, new_password=options["new_password"]
        )
        if not role.password:
            self.stdout.write(f"The role {role.name} is there already; its password stays.")
            self.stdout.write("--new-password makes another one.")
            return
        self.stdout.write(role.address)
        self.stdout.write("Keep it now: the password cannot be shown again.")
