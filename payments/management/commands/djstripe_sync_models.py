"""`manage.py djstripe_sync_models`: fill the mirror with what is at Stripe already."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import track

from core.models import Tenant
from payments.gateway import StripeRefused, StripeUnavailable
from payments.models import StripeAccount
from payments.operations.mirror import SYNCED, sync_mirror


class Command(BaseCommand):
    """Copy a tenant's objects from Stripe into the mirror; takes the place of dj-stripe's command.

    That one asks Stripe in the middle of transactions, knows no tenant, and would copy payers'
    details. Safe to run twice.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the tenant and the models, all of them by default."""
        parser.add_argument("--tenant", required=True, help="slug of the tenant")
        parser.add_argument("models", nargs="*", help=f"of {', '.join(SYNCED)}")

    def handle(self, *args: Any, tenant: str, models: list[str], **options: Any) -> None:
        """Sync model by model."""
        unknown = sorted(set(models) - set(SYNCED))
        if unknown:
            raise CommandError(f"Not mirrored: {', '.join(unknown)}. Known: {', '.join(SYNCED)}.")
        row = Tenant.objects.filter(slug=tenant).first()
        if row is None:
            raise CommandError(f"There is no tenant {tenant!r}.")
        chosen = models or list(SYNCED)
        for model in track(chosen, description="Models", console=Console(stderr=True)):
            self._sync(row, model)

    def _sync(self, tenant: Tenant, model: str) -> None:
        try:
            count = sync_mirror(tenant_id=tenant.pk, model=model)
        except StripeAccount.DoesNotExist:
            raise CommandError(f"{tenant.slug} has no Stripe account yet.") from None
        except (StripeUnavailable, StripeRefused) as error:
            raise CommandError(f"{model}: {error} Run it again later.") from error
        self.stdout.write(f"{model}: {count}")
