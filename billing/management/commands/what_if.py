"""`manage.py what_if`: what a past month would have cost under another version of a plan."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from billing.models import PlanVersion
from billing.operations.what_if import Difference, periods_to_compare, totals, what_if
from core import tenancy
from core.management.arguments import tenant_named
from core.money import Money

_SHOWN = 20
_COLUMNS = (
    "organization", "name", "starts_on", "ends_on", "currency", "was_minor", "would_be_minor",
    "difference_minor",
)  # fmt: skip


class Command(BaseCommand):
    """Rate a month again under another version, and compare. Nothing is stored."""

    help = __doc__

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """Let `--version` be the plan's, not Django's own."""
        return super().create_parser(*args, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which month, which version, and where the rows go."""
        parser.add_argument("--month", required=True, type=_month, help="such as 2026-09")
        parser.add_argument("--plan", required=True, help="code of the plan")
        parser.add_argument("--version", type=int, required=True, dest="number", help="its number")
        parser.add_argument("--tenant", required=True, help="slug or id")
        parser.add_argument("--csv", type=Path, help="write all rows into this file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare all organizations of the plan, and show the largest differences."""
        tenant = tenant_named(options["tenant"])
        with tenancy.scope(tenant.pk):
            version = PlanVersion.objects.filter(
                plan__code=options["plan"], number=options["number"]
            ).first()
            if version is None:
                raise CommandError(f"There is no version {options['number']} of that plan.")
            periods = periods_to_compare(month=options["month"], version=version)
        found = list(
            track(
                what_if(tenant_id=tenant.pk, periods=periods, version_id=version.pk),
                total=len(periods),
                description="Rating",
                console=Console(stderr=True),
            )
        )
        if options["csv"]:
            _write(options["csv"], found)
        self._show(found)

    def _show(self, found: list[Difference]) -> None:
        if not found:
            self.stdout.write("No organization has a period of that month under this plan.")
            return
        table = Table(title=f"The {_SHOWN} largest differences of {len(found)}")
        for name in ("organization", "was", "would be", "difference"):
            table.add_column(name, justify="left" if name == "organization" else "right")
        largest = sorted(found, key=lambda one: -abs(one.difference_minor))[:_SHOWN]
        for one in largest:
            amounts = (one.was_minor, one.would_be_minor, one.difference_minor)
            table.add_row(Text(one.code), *(str(Money(a, one.currency)) for a in amounts))
        Console(file=cast("IO[str]", self.stdout), width=100).print(table)
        for currency, total in sorted(totals(found).items()):
            was, would = Money(total.was_minor, currency), Money(total.would_be_minor, currency)
            change = Money(total.difference_minor, currency)
            self.stdout.write(
                f"{total.organizations} organizations: was {was}, would be {would}, difference "
                f"{change}; {total.more} would pay more, {total.less} less."
            )


def _write(path: Path, found: list[Difference]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for one in found:
            name = f"'{one.name}" if one.name[:1] in "=+-@\t\r" else one.name
            writer.writerow(
                [
                    one.code, name, one.starts_on, one.ends_on, one.currency, one.was_minor,
                    one.would_be_minor, one.difference_minor,
                ]
            )  # fmt: skip


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")
