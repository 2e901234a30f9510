"""`manage.py reconcile_invoices`: compare a month's invoices with Stripe's, both ways."""

from __future__ import annotations

from datetime import date
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from billing.operations.reconcile import Reconciliation, reconcile_invoices
from billing.queries.accounts import NoStripeAccount
from core.management.arguments import tenant_named
from core.periods import local_date
from payments.gateway import StripeRefused, StripeUnavailable


class Command(BaseCommand):
    """List Stripe's invoices of a month against those that were issued here in it.

    A payment that was not heard of is mended by reading it; everything else is told. Safe to
    repeat. Exit code 0: both sides are equal; 1: not possible; 3: something differs.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the company and the month."""
        parser.add_argument("--tenant", required=True, help="slug or id of the company")
        parser.add_argument("--month", help="in which they were issued, such as 2026-11; this one")

    def handle(self, *args: Any, tenant: str, month: str | None, **options: Any) -> None:
        """Compare, show a table, and say by the exit code whether all is equal."""
        company = tenant_named(tenant)
        first = _month(month) if month else local_date(timezone.now(), company.zone).replace(day=1)
        try:
            found = reconcile_invoices(tenant_id=company.pk, month=first, clock=timezone.now)
        except (NoStripeAccount, StripeRefused, StripeUnavailable) as error:
            raise CommandError(f"Nothing was compared: {error}") from error
        self._tell(found)
        if found.differences:
            raise CommandError(f"{len(found.differences)} differ.", returncode=3)

    def _tell(self, found: Reconciliation) -> None:
        self.stdout.write(
            f"{found.month:%B %Y}: {found.compared} compared, {found.waiting} on their way, "
            f"{found.mended} mended, {found.foreign} at Stripe are none of ours"
        )
        if not found.differences:
            return
        table = Table("Invoice", "What", "Ours", "Stripe's")
        for one in found.differences:
            table.add_row(one.number, one.what, one.ours, one.theirs)
        Console(file=cast("IO[str]", self.stdout), width=120).print(table)


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise CommandError(f"--month: {text!r} is no month such as 2026-11.") from None
