"""`manage.py reconcile_stripe_events`: fetch events that Stripe could not deliver."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import track

from core.models import Tenant
from payments.gateway import StripeRefused, StripeUnavailable
from payments.models import StripeAccount
from payments.operations.reconcile import Reconciliation, reconcile_events

LONGEST = 30


class Command(BaseCommand):
    """List Stripe's events of the last days and put those that are missing into the inbox.

    Safe to run at any time and twice. Exit code 1 when a tenant could not be asked.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the tenant, how far to look back, and whether only to look."""
        parser.add_argument("--tenant", help="slug of one tenant; all active ones without it")
        parser.add_argument("--days", type=int, default=LONGEST, help="1 to 30; Stripe keeps 30")
        parser.add_argument("--dry-run", action="store_true", help="count, store nothing")

    def handle(
        self, *args: Any, tenant: str | None, days: int, dry_run: bool, **options: Any
    ) -> None:
        """Reconcile tenant by tenant; one that fails does not keep the others from it."""
        if not 1 <= days <= LONGEST:
            raise CommandError(f"--days is from 1 to {LONGEST}: Stripe keeps events that long.")
        tenants = Tenant.objects.filter(is_active=True, **({"slug": tenant} if tenant else {}))
        if tenant and not tenants:
            raise CommandError(f"There is no active tenant {tenant!r}.")
        failed = []
        console = Console(stderr=True)
        for row in track(list(tenants), description="Tenants", console=console):
            if not self._reconcile(row, timedelta(days=days), dry_run):
                failed.append(row.slug)
        if failed:
            raise CommandError(f"Not reconciled: {', '.join(failed)}. Run it again later.")

    def _reconcile(self, tenant: Tenant, back: timedelta, is_dry_run: bool) -> bool:
        now = timezone.now()
        try:
            found = reconcile_events(
                tenant_id=tenant.pk, since=now - back, now=now, is_dry_run=is_dry_run
            )
        except StripeAccount.DoesNotExist:
            found = Reconciliation(seen=0, missing=0)
        except (StripeUnavailable, StripeRefused) as error:
            self.stderr.write(f"{tenant.slug}: {error}")
            return False
        verb = "would be stored" if is_dry_run else "stored"
        self.stdout.write(f"{tenant.slug}: {found.seen} at Stripe, {found.missing} {verb}")
        return True
