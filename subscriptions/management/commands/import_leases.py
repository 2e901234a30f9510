"""`manage.py import_leases`: take in houses, users, rooms, leases and payments of a MySQL dump."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from core.management.arguments import tenant_named
from core.models import Tenant
from subscriptions.dumps import DumpUnreadable
from subscriptions.management.lease_reports import check_report_file, show_report, write_report
from subscriptions.operations.lease_import.run import Imported, import_dump


class Command(BaseCommand):
    """Read a dump, plain or gzip, without a MySQL; all of it is imported or nothing is.

    Repeating is safe: rows that are here stay, rows that differ are updated and told. Each row
    that a rule for unclean data touched is in the report. Exit code 0: imported, whatever was
    told; 1: the file cannot be read, and nothing was written.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, the company, where the report goes, and whether only to look."""
        parser.add_argument("dump", type=Path, help="a MySQL dump, plain or gzip")
        parser.add_argument("--tenant", required=True, help="slug or id of the company")
        parser.add_argument("--dry-run", action="store_true", help="report, but write nothing")
        parser.add_argument(
            "--report", type=Path, help="write all findings to this file: .md or .csv"
        )
        parser.add_argument("--encoding", help="character set, where the dump declares a wrong one")

    def handle(
        self,
        *args: Any,
        dump: Path,
        tenant: str,
        dry_run: bool,
        report: Path | None,
        encoding: str | None,
        **options: Any,
    ) -> None:
        """Import and report."""
        company = tenant_named(tenant)
        check_report_file(report)
        found = self._import(company, dump, encoding, dry_run=dry_run)
        try:
            self._tell(company, dump, found, report, dry_run=dry_run)
        finally:
            found.told.close()

    def _import(
        self, company: Tenant, dump: Path, encoding: str | None, *, dry_run: bool
    ) -> Imported:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
            tasks: dict[str, Any] = {}

            def on_progress(step: str, done: int, total: int) -> None:
                if step not in tasks:
                    tasks[step] = bar.add_task(step, total=total)
                bar.update(tasks[step], completed=done)

            try:
                return import_dump(
                    tenant=company,
                    path=dump,
                    now=timezone.now(),
                    encoding=encoding,
                    dry_run=dry_run,
                    on_progress=on_progress,
                )
            except DumpUnreadable as error:
                raise CommandError(str(error)) from error
            except DatabaseError as error:
                raise CommandError(
                    f"The database refused it, so nothing was imported: {error}"
                ) from error

    def _tell(
        self, company: Tenant, dump: Path, found: Imported, report: Path | None, *, dry_run: bool
    ) -> None:
        show_report(Console(file=cast("IO[str]", self.stdout)), found)
        if report is not None:
            write_report(report, found, title=f"{dump.name} into {company.name}")
            self.stdout.write(f"All {len(found.told)} findings: {report}")
        if dry_run:
            self.stdout.write("Dry run: nothing was written.")
