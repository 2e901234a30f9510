"""`manage.py link_leases`: make customers, products, prices and subscriptions at Stripe."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.management.arguments import tenant_named
from core.models import Tenant
from core.tenancy import scope
from payments.gateway import StripeRefused, StripeUnavailable
from subscriptions.operations.lease_links.at_stripe import NoStripeAccount
from subscriptions.operations.lease_links.preview import Preview, preview_links
from subscriptions.operations.lease_links.run import KINDS, Outcome, link_all
from subscriptions.operations.lease_links.written_back import WrittenBack, written_back

_ENDINGS = (".sql", ".csv")


class Command(BaseCommand):
    """Link users, rooms and leases with Stripe: whatever has no id there gets one, once.

    Stopped or killed at any point, the same command goes on. Exit code 0: done, leases that lack
    something are listed and wait; 1: refused, nothing was tried; 3: done but for the failures
    listed.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the company, which rows, where ids are written for the source, and only to look."""
        parser.add_argument("--tenant", required=True, help="slug or id of the company")
        parser.add_argument("--dry-run", action="store_true", help="say what it would do")
        parser.add_argument("--only", choices=KINDS, help="users, rooms or leases alone")
        parser.add_argument("--limit", type=int, help="at most so many rows in this run")
        parser.add_argument(
            "--write-back",
            type=Path,
            help="write the ids for the source database to this file: .sql or .csv",
        )

    def handle(
        self,
        *args: Any,
        tenant: str,
        dry_run: bool,
        only: str | None,
        limit: int | None,
        write_back: Path | None,
        **options: Any,
    ) -> None:
        """Link and tell."""
        company = tenant_named(tenant)
        kinds = (only,) if only else KINDS
        _check(limit, write_back)
        if dry_run:
            self._look(company, kinds)
            return
        outcomes = self._link(company, kinds, limit)
        if write_back is not None:
            self._write_back(company, write_back)
        self._tell(company, kinds, outcomes)

    @property
    def _console(self) -> Console:
        return Console(file=cast("IO[str]", self.stdout))

    def _look(self, company: Tenant, kinds: tuple[str, ...]) -> None:
        with scope(company.pk):
            self._show(preview_links(kinds=kinds, now=timezone.now()))
        self.stdout.write("Dry run: Stripe was not called, nothing was written.")

    def _show(self, found: Preview) -> None:
        table = Table(title="To be linked")
        for name in ("rows", "linked", "to do"):
            table.add_column(name, justify="left" if name == "rows" else "right")
        for kind, (linked, due) in found.counts.items():
            table.add_row(kind, str(linked), str(due))
        self._console.print(table)
        if found.kinds:
            self._console.print(_leases_table(found))
        self._tell_reasons("left out", found.left_out)

    def _link(
        self, company: Tenant, kinds: tuple[str, ...], limit: int | None
    ) -> dict[str, Outcome]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            tasks: dict[str, Any] = {}

            def on_progress(kind: str, done: int, total: int) -> None:
                if kind not in tasks:
                    tasks[kind] = bar.add_task(kind, total=total)
                bar.update(tasks[kind], completed=done)

            try:
                return link_all(
                    tenant=company,
                    kinds=kinds,
                    limit=limit,
                    clock=timezone.now,
                    on_progress=on_progress,
                )
            except NoStripeAccount as error:
                raise CommandError(str(error)) from error
            except (StripeRefused, StripeUnavailable) as error:
                raise CommandError(
                    f"Stripe did not say what it has, so nothing more was tried: {error}"
                ) from error
            except KeyboardInterrupt:
                raise CommandError(
                    "Interrupted. What was under way is finished; repeat the command to go on."
                ) from None

    def _tell(self, company: Tenant, kinds: tuple[str, ...], outcomes: dict[str, Outcome]) -> None:
        with scope(company.pk):
            found = preview_links(kinds=kinds, now=timezone.now())
        table = Table(title="Linked")
        for name in ("rows", "looked at", "found at Stripe", "left out", "failed", "linked in all"):
            table.add_column(name, justify="left" if name == "rows" else "right")
        for kind, one in outcomes.items():
            numbers = (one.linked, one.adopted, len(one.left_out), len(one.failed))
            table.add_row(kind, *(str(number) for number in numbers), str(found.counts[kind][0]))
        self._console.print(table)
        if found.kinds:
            self._console.print(_leases_table(found))
        failed = {f"{kind} {row}": why for kind, one in outcomes.items()
                  for row, why in one.failed.items()}  # fmt: skip
        for kind, one in outcomes.items():
            self._tell_reasons("left out", {f"{kind} {r}": why for r, why in one.left_out.items()})
            if one.elsewhere:
                self.stdout.write(f"{one.elsewhere} {kind} are being linked by another process.")
        self._tell_reasons("failed", failed)
        if failed:
            raise CommandError(
                f"{len(failed)} rows were not linked: see above. Repeat the command to try again.",
                returncode=3,
            )

    def _tell_reasons(self, word: str, reasons: dict[str, str]) -> None:
        for row, why in sorted(reasons.items()):
            self.stdout.write(f"{word}: {row}: {why}")

    def _write_back(self, company: Tenant, path: Path) -> None:
        with scope(company.pk), path.open("w", encoding="utf-8", newline="") as file:
            rows = written_back()
            written = _write_csv(file, rows) if path.suffix == ".csv" else _write_sql(file, rows)
        counts = ", ".join(
            f"{count} {table}.{column}" for (table, column), count in written.items()
        )
        self.stdout.write(f"For the source database: {path} ({counts or 'nothing yet'})")


def _check(limit: int | None, write_back: Path | None) -> None:
    if limit is not None and limit < 1:
        raise CommandError("--limit: at least 1.")
    if write_back is None:
        return
    if write_back.suffix not in _ENDINGS:
        raise CommandError(f"--write-back {write_back}: give it the ending .sql or .csv.")
    if not write_back.parent.is_dir():
        raise CommandError(f"--write-back {write_back}: there is no folder {write_back.parent}.")


def _leases_table(found: Preview) -> Table:
    table = Table(title="Leases by what their subscription does")
    for name in ("kind", "leases", "a month", "bills first"):
        table.add_column(name, justify="right" if name == "leases" else "left", overflow="fold")
    for (kind, currency), rows in sorted(found.kinds.items()):
        days = [row.bills_from for row in rows if row.bills_from]
        first = f"{min(days)} to {max(days)}" if days else "never"
        amount = sum(row.rent.minor for row in rows)
        shown = rows[0].rent.__class__(amount, currency)
        table.add_row(kind, str(len(rows)), shown.display(), first)
    return table


def _write_csv(file: IO[str], rows: Any) -> Counter[tuple[str, str]]:
    written: Counter[tuple[str, str]] = Counter()
    out = csv.writer(file)
    out.writerow(("table", "id", "column", "value"))
    for row in rows:
        # A price has no column in the source; a program may want it all the same.
        column = row.column or "stripePriceId"
        out.writerow((row.table, row.source_id, column, row.stripe_id))
        written[row.table, column] += 1
    return written


def _write_sql(file: IO[str], rows: Any) -> Counter[tuple[str, str]]:
    written: Counter[tuple[str, str]] = Counter()
    file.write("SET NAMES utf8mb4;\nSTART TRANSACTION;\n")
    for row in rows:
        file.write(_update(row))
        written[row.table, row.column or "(price, as a comment)"] += 1
    file.write("COMMIT;\n")
    return written


def _update(row: WrittenBack) -> str:
    if not row.column:
        return f"-- {row.table} {row.source_id}: price {row.stripe_id}\n".replace("\r", " ")
    return (
        f"UPDATE {_name(row.table)} SET {_name(row.column)} = {_text(row.stripe_id)} "  # noqa: S608
        f"WHERE {_name(row.id_column)} = {_text(row.source_id)};\n"
    )


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "'"
