"""`manage.py export_usage`: a month of usage events as files, with checksums."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import track

from billing.operations.usage.export import export_usage
from billing.queries.usage_export import days_of_month
from core.management.arguments import tenant_named


class Command(BaseCommand):
    """Write one file for each day, in stable order. Interrupted, the same command goes on.

    A day that is written stays as it is: for usage that came since, give another directory. Exit
    code 0: all days are there; 1: refused.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which month, of whom, and where to."""
        parser.add_argument("--month", required=True, type=_month, help="such as 2026-09")
        parser.add_argument("--tenant", required=True, help="slug or id")
        parser.add_argument("--out", required=True, type=Path, help="a directory")

    def handle(self, *args: Any, month: date, out: Path, **options: Any) -> None:
        """Write the files."""
        tenant = tenant_named(options["tenant"])
        files = export_usage(tenant_id=tenant.pk, month=month, out=out)
        days = len(list(days_of_month(month)))
        console = Console(stderr=True)
        try:
            done = list(track(files, total=days, description="Days", console=console))
        except OSError as error:
            raise CommandError(f"{error.filename or out}: {error.strerror}.") from error
        events = sum(one.events for one in done)
        self.stdout.write(f"{events} events in {len(done)} files; see {out / 'manifest.json'}.")


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")
