"""`manage.py reconcile_balance`: the daily ledger against Stripe's balance transactions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from core.management.arguments import tenant_named
from core.models import Tenant
from core.money import Money
from payments.gateway import StripeRefused, StripeUnavailable
from payments.models import StripeAccount
from payments.operations.daily_ledger import DailyLedger, reconcile_balance

LONGEST = 366


class Command(BaseCommand):
    """Hold each day of Stripe's balance against what is recorded here. Safe to run twice.

    What no app knows is asked for at Stripe, and kept by the app whose it is. Exit code 0: they
    agree; 1: they differ, something could not be looked up yet, or Stripe could not be asked.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the tenant and the days."""
        parser.add_argument("--tenant", help="slug or id; all active ones without it")
        parser.add_argument("--day", help="one day of the tenant's, as YYYY-MM-DD; else yesterday")
        parser.add_argument("--from", dest="first", help="first day, as YYYY-MM-DD")
        parser.add_argument("--to", dest="last", help="last day, included; today without it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reconcile tenant by tenant; one that cannot be asked does not keep others from it."""
        name = options["tenant"]
        tenants = [tenant_named(name)] if name else list(Tenant.objects.filter(is_active=True))
        wrong = 0
        console = Console(stderr=True)
        with Progress(console=console, disable=not console.is_terminal) as progress:
            for tenant in tenants:
                bar = progress.add_task(tenant.slug, total=None)
                first, last = _days(options, tenant)
                wrong += self._one(tenant, first, last, lambda n, bar=bar: progress.advance(bar, n))
        if wrong:
            raise CommandError(f"{wrong} differences or companies not asked: see above.")

    def _one(self, tenant: Tenant, first: date, last: date, tell: Any) -> int:
        try:
            ledger = reconcile_balance(
                tenant_id=tenant.pk, first_day=first, last_day=last, now=timezone.now(), tell=tell
            )
        except StripeAccount.DoesNotExist:
            self.stdout.write(f"{tenant.slug}: no Stripe account, nothing to compare.")
            return 0
        except (StripeUnavailable, StripeRefused) as error:
            self.stdout.write(f"{tenant.slug}: not compared. {error} Run it again later.")
            return 1
        self._print(tenant, first, last, ledger)
        return len(ledger.differences) + ledger.is_unfinished

    def _print(self, tenant: Tenant, first: date, last: date, ledger: DailyLedger) -> None:
        self.stdout.write(f"{tenant.slug}, {first} to {last}, days in {tenant.time_zone}:")
        head = f"{'day':<11}{'':<5}{'category':<17}{'here':>16}{'Stripe':>16}{'difference':>16}"
        self.stdout.write(head)
        for line in ledger.lines:
            self.stdout.write(
                f"{line.day!s:<11}{line.currency:<5}{line.category:<17}"
                f"{_amount(line.ours_minor, line.currency):>16}"
                f"{_amount(line.stripe_minor, line.currency):>16}"
                f"{_amount(_off(line.ours_minor, line.stripe_minor), line.currency):>16}"
            )
        for (day, currency), net in sorted(ledger.net.items()):
            change = Money(net, currency).display()
            self.stdout.write(f"{day!s:<11}{currency:<5}the balance changed by {change}")
        for one in ledger.differences:
            self.stdout.write(f"{one.source_id}: {one.words}")
        for words in ledger.left_out:
            self.stdout.write(words)
        if ledger.learned:
            self.stdout.write(f"{ledger.learned} were not kept here before: asked for, and kept")
        self.stdout.write("Fees and payouts are Stripe's to say: they are shown, and not compared.")
        count = len(ledger.differences)
        self.stdout.write(f"{ledger.movements} balance transactions, {count} differences")


def _amount(minor: int | None, currency: str) -> str:
    return "-" if minor is None else str(Money(minor, currency).decimal())


def _off(ours: int | None, theirs: int) -> int | None:
    return None if ours is None else ours - theirs


def _days(options: dict[str, Any], tenant: Tenant) -> tuple[date, date]:
    today = timezone.now().astimezone(tenant.zone).date()
    if options["day"] and (options["first"] or options["last"]):
        raise CommandError("Give --day, or --from and --to.")
    if options["day"]:
        first = last = _day(options["day"])
    elif options["first"]:
        first, last = _day(options["first"]), _day(options["last"] or today.isoformat())
    elif options["last"]:
        raise CommandError("--to needs --from.")
    else:
        first = last = today - timedelta(days=1)
    if not first <= last <= today:
        raise CommandError("The days end before they begin, or in the future.")
    if (last - first).days >= LONGEST or first.year < 2000:
        raise CommandError(f"At most {LONGEST} days at once, from the year 2000 on.")
    return first, last


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is no day such as 2026-03-31.") from None
