"""`manage.py reconcile_rents --tenant T`: the ledgers of houses against Stripe, both ways."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.management.arguments import tenant_named
from payments.gateway import StripeUnavailable
from payments.models import StripeAccount
from subscriptions.operations.rent_reconciliation import reconcile_rents


class Command(BaseCommand):
    """Say where ledger, transfers, charges and balance transactions differ. Writes nothing.

    Exit code 0: they agree; 1: they differ, or Stripe could not be asked.
    """

    help = "Compare the ledgers of houses with Stripe."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the tenant and the period."""
        parser.add_argument("--tenant", required=True, help="slug or id")
        parser.add_argument("--month", help="rents of one month, as YYYY-MM")
        parser.add_argument("--days", type=int, default=30, help="how far to look back")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, and print each difference."""
        tenant, now = tenant_named(options["tenant"]), timezone.now()
        if not 1 <= options["days"] <= 3660:
            raise CommandError("--days is from 1 to 3660.")
        try:
            found = reconcile_rents(
                tenant_id=tenant.pk,
                since=now - timedelta(days=options["days"]),
                now=now + timedelta(minutes=1),
                month=_month(options["month"]),
            )
        except StripeAccount.DoesNotExist:
            raise CommandError("This tenant has no Stripe account.") from None
        except StripeUnavailable as error:
            raise CommandError(f"{error} Nothing was compared; try again.") from None
        for one in found.differences:
            self.stdout.write(f"{one.id}: {one.words}")
        counts = (
            f"{found.rents} rents, {found.transfers} transfers, {found.movements} balance"
            f" transactions: {len(found.differences)} differences"
        )
        self.stdout.write(counts)
        if found.differences:
            raise CommandError("Ledger and Stripe differ; ask Stripe again about those rents.")


def _month(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        raise CommandError("--month is a month such as 2026-03.") from None
