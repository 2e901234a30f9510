"""`manage.py billing_audit`: check every promise of billing on the rows as they lie there."""

from __future__ import annotations

import json
from datetime import date
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table
from rich.text import Text

from billing.queries.audit import Result, all_checks, audit, failed
from core import tenancy
from core.management.arguments import tenant_named
from core.models import Tenant

# Ids are copied from here, so they are not cut.
_WIDTH = 140


class Command(BaseCommand):
    """Print each promise with how many rows break it and their ids. Reads only.

    Exit code 0: all are kept; 1: some are broken.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Say whose books, how thoroughly, and for whom to print."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--tenant", help="slug or id")
        whose.add_argument("--all-tenants", action="store_true")
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
        parser.add_argument("--full", action="store_true", help="hash all invoices, not a tenth")
        parser.add_argument("--since", type=_day, help="leave out usage and periods before a day")
        parser.add_argument(
            "--check", action="append", default=[], help="only this one; may be repeated"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Audit one company after the other."""
        unknown = set(options["check"]) - {check.name for check in all_checks()}
        if unknown:
            names = ", ".join(check.name for check in all_checks())
            raise CommandError(f"There is no check {unknown.pop()!r}. There are: {names}.")
        tenants = (
            list(Tenant.objects.order_by("slug"))
            if options["all_tenants"]
            else [tenant_named(options["tenant"])]
        )
        found = {tenant: _audited(tenant, options) for tenant in tenants}
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(*pair) for pair in found.items()], indent=2))
        else:
            for tenant, results in found.items():
                self._show(tenant, results)
        count = sum(failed(results) for results in found.values())
        if count:
            raise CommandError(f"{count} rows break a promise of the books.", returncode=1)

    def _show(self, tenant: Tenant, results: list[Result]) -> None:
        console = Console(file=cast("IO[str]", self.stdout), width=_WIDTH)
        table = Table(title=Text(f"Books of {tenant.name}"), title_justify="left")
        table.add_column("promise")
        table.add_column("broken", justify="right")
        table.add_column("ids and what is wrong", overflow="fold")
        for result in results:
            words = "\n".join(f"{one.id}: {one.detail}" for one in result.findings)
            more = result.count - len(result.findings)
            words += f"\n... and {more} more" if more else ""
            style = "" if result.is_kept else "bold red"
            table.add_row(
                result.check.name, Text(str(result.count), style), Text(words or result.check.says)
            )
        console.print(table)


def _audited(tenant: Tenant, options: dict[str, Any]) -> list[Result]:
    with tenancy.scope(tenant.pk):
        return list(
            audit(since=options["since"], everything=options["full"], names=options["check"])
        )


def _as_json(tenant: Tenant, results: list[Result]) -> dict[str, Any]:
    return {
        "tenant": tenant.slug,
        "violations": failed(results),
        "checks": [
            {
                "name": result.check.name,
                "says": result.check.says,
                "count": result.count,
                "findings": [{"id": one.id, "detail": one.detail} for one in result.findings],
            }
            for result in results
        ],
    }


def _day(text: str) -> date:
    return date.fromisoformat(text)
