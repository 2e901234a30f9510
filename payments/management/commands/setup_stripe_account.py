"""`manage.py setup_stripe_account`: a company's key, and the webhook endpoint at Stripe."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.management.arguments import tenant_named
from core.models import Tenant
from core.tenancy import scope
from payments.gateway import API_VERSION, Endpoints, StripeRefused, StripeUnavailable
from payments.models import StripeAccount
from payments.operations.accounts import (
    OtherAccount,
    WrongMode,
    account_of_key,
    connect_account,
)
from payments.operations.endpoints import SecretMissing, has_other_version, mend_endpoint

TOLD = (WrongMode, OtherAccount, SecretMissing, StripeRefused, StripeUnavailable)


class Command(BaseCommand):
    """Connect companies to Stripe, and keep their webhook endpoints up to date.

    Run it for a new company with a key, after each upgrade with --all, and with the live key when
    a company goes from test to live. Safe to run at any time and twice. Exit code 1 when a
    company could not be set up.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the companies, the key, and how far to go."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--tenant", help="slug or id of one company")
        whose.add_argument("--all", action="store_true", help="every company with a key")
        parser.add_argument(
            "--key-file", metavar="FILE", help="a file with the secret key; - reads it from stdin"
        )
        parser.add_argument("--new-key", action="store_true", help="ask for the key at a terminal")
        parser.add_argument(
            "--replace-webhook", action="store_true",
            help="make a new endpoint and delete the old one: for a lost secret, or an old version",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="look and tell, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set up each company; one that fails does not keep the others from it."""
        if options["all"] and (options["key_file"] or options["new_key"]):
            raise CommandError("A key belongs to one company: name it with --tenant.")
        tenants = _connected() if options["all"] else [tenant_named(options["tenant"])]
        key = _key(options)
        failed = [tenant.slug for tenant in tenants if not self._set_up(tenant, key, options)]
        if failed:
            raise CommandError(f"Not set up: {', '.join(failed)}. Nothing of them was lost.")

    def _set_up(self, tenant: Tenant, key: str, options: dict[str, Any]) -> bool:
        try:
            account = self._account(tenant, key, is_dry_run=options["dry_run"])
            if account is not None:
                self._webhooks(tenant, account, options)
        except TOLD as error:
            self.stderr.write(f"{tenant.slug}: {error}")
            return False
        return account is not None or bool(key)

    def _account(self, tenant: Tenant, key: str, *, is_dry_run: bool) -> StripeAccount | None:
        """Store the key, or ask Stripe about the one that is stored; None without an account."""
        livemode = settings.STRIPE_LIVE_MODE
        if key and not is_dry_run:
            account = connect_account(tenant_id=tenant.pk, secret_key=key, livemode=livemode)
            self._say(tenant, f"connected to {account.stripe_account_id}, {_mode(livemode)}")
            return account
        with scope(tenant.pk):
            stored = StripeAccount.objects.first()
        if stored is None and not key:
            self.stderr.write(f"{tenant.slug}: no key is stored; give one with --key-file.")
            return None
        asked = key or (stored.secret_key if stored else "")
        found = account_of_key(asked, livemode=livemode)
        self._say(tenant, f"the key opens {found}, {_mode(livemode)}")
        if stored is None:
            self._say(tenant, "would be connected, and its webhook endpoint made")
        return stored

    def _webhooks(self, tenant: Tenant, account: StripeAccount, options: dict[str, Any]) -> None:
        is_dry_run = options["dry_run"]
        done = mend_endpoint(
            tenant_id=tenant.pk,
            account=account,
            is_replacing=options["replace_webhook"],
            is_dry_run=is_dry_run,
        )
        for step in done:
            self._say(tenant, f"{'would ' if is_dry_run else 'done: '}{step}")
        if not done:
            self._say(tenant, "the webhook endpoint is as it should be")
        for endpoint in Endpoints(account).list_endpoints():
            if endpoint.url == account.webhook_url and has_other_version(endpoint):
                version = endpoint.api_version or "the account's own"
                self._say(
                    tenant,
                    f"the endpoint speaks API version {version}, Taproom {API_VERSION}: "
                    "repeat with --replace-webhook when no payment is under way",
                )

    def _say(self, tenant: Tenant, words: str) -> None:
        self.stdout.write(f"{tenant.slug}: {words}")


def _connected() -> list[Tenant]:
    """Return the active companies that have an account."""
    found = []
    for tenant in Tenant.objects.filter(is_active=True).order_by("slug"):
        with scope(tenant.pk):
            if StripeAccount.objects.exists():
                found.append(tenant)
    return found


def _key(options: dict[str, Any]) -> str:
    """Return the key that was given, or nothing; never an argument, which `ps` would show."""
    if options["new_key"]:
        try:
            return getpass.getpass("Stripe secret key: ").strip()
        except EOFError:
            raise CommandError("No key was given: nothing was changed.") from None
    if options["key_file"] == "-":
        return sys.stdin.readline().strip()
    if options["key_file"]:
        try:
            return Path(options["key_file"]).read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise CommandError(f"The key file cannot be read: {error}") from None
    return ""


def _mode(livemode: bool) -> str:
    return "live mode" if livemode else "test mode"
