"""`manage.py create_tenant`: a company starts to work with Taproom."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.currencies import CurrencyRefused
from core.operations.tenants import create_tenant


class Command(BaseCommand):
    """Make a tenant and its first admin, and print the admin's password, once."""

    help = "Make a tenant and its first admin."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say who they are."""
        parser.add_argument("--name", required=True, help="the company's name")
        parser.add_argument("--slug", required=True, help="a short name for addresses and commands")
        parser.add_argument("--time-zone", required=True, help="such as Europe/Amsterdam")
        parser.add_argument("--currency", required=True, help="such as EUR")
        parser.add_argument("--admin-email", required=True, help="the first admin's login")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make both; the exit code is 1 and nothing is kept if something is wrong."""
        given = ("name", "slug", "time_zone", "currency", "admin_email")
        try:
            new = create_tenant(**{name: options[name] for name in given})
        except CurrencyRefused as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            found = error.message_dict.items()
            raise CommandError(
                "; ".join(f"{name}: {' '.join(texts)}" for name, texts in found)
            ) from None
        self.stdout.write(f"tenant    {new.tenant.pk}")
        self.stdout.write(f"login     {new.admin.email}")
        self.stdout.write(f"password  {new.password}")
        self.stdout.write("Keep the password now: it cannot be shown again.")
        slug = new.tenant.slug
        self.stdout.write(f"Next: manage.py setup_stripe_account --tenant {slug} --new-key,")
        self.stdout.write("then sign in: the home page lists the other first steps.")
