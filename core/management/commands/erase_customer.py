"""`manage.py erase_customer --tenant T WHO`: take a person out of all rows; the money stays."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.management.arguments import tenant_named
from core.operations.erasure import NobodyFound, erase_customer


class Command(BaseCommand):
    """Erase a customer's name, e-mail, address and words, by e-mail or id. Safe to run twice.

    Exit code 1 when the id leads to nobody.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the tenant, the person, and whether only to look."""
        parser.add_argument("who", help="an e-mail, or an id of the person's (ours or Stripe's)")
        parser.add_argument("--tenant", required=True, help="slug or id")
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase, and say what was done and what is left to do elsewhere."""
        tenant = tenant_named(options["tenant"])
        is_dry_run = options["dry_run"]
        try:
            erasure = erase_customer(tenant_id=tenant.pk, who=options["who"], is_dry_run=is_dry_run)
        except NobodyFound as error:
            raise CommandError(str(error)) from None
        verb = "would be erased" if is_dry_run else "erased"
        for one in erasure.erased:
            note = f". {one.note}" if one.note else ""
            self.stdout.write(f"{one.what}: {one.rows} {verb}{note}")
        self.stdout.write(f"{erasure.rows} rows {verb}. Amounts, dates and ids of money are kept.")
