"""`manage.py connect_shop`: store with what a tenant proves itself to the shop."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import tenancy
from core.management.arguments import tenant_named
from subscriptions.operations.shop_accounts import CredentialUnusable, connect_shop


class Command(BaseCommand):
    """Read the secret from standard input, so that no list of processes shows it."""

    help = "Store the key and secret for the shop; the secret comes on standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say for whom, and with which key."""
        parser.add_argument("--tenant", required=True, help="slug or id")
        parser.add_argument("--key", required=True, help="what goes into x-api-key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Store both, in place of earlier ones."""
        tenant = tenant_named(options["tenant"])
        secret = sys.stdin.readline().strip()
        try:
            with tenancy.scope(tenant.pk):
                connect_shop(api_key=options["key"], api_secret=secret)
        except CredentialUnusable as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{tenant.name} orders at the shop with the key {options['key']} now.")
