"""`manage.py run_billing`: compile the invoices of a month, and finalize them when told to."""

from __future__ import annotations

import threading
from argparse import ArgumentTypeError
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from billing.models import BillingRun
from billing.operations.run_work import work_run
from billing.operations.runs import (
    OtherRunOpen,
    RunNotPossible,
    WrongState,
    approve_run,
    open_run,
    outlook_of_run,
    resume_run,
    stop_run,
)
from billing.queries.months import read_month
from billing.queries.review import (
    Compared,
    changes_of,
    outlier_counts,
    outliers_of,
    periods_waiting,
    periods_without_invoice,
    unpriced_usage,
)
from billing.queries.runs import progress_of, totals_of
from core.management.arguments import tenant_named
from core.models import Tenant
from core.money import Money
from core.tenancy import scope

States = BillingRun.State
WORKING = (States.COMPILING, States.FINALIZING)
# Between two looks at how far the run is.
LOOK_SECONDS = 0.5
MOST = 20
MOST_WORKERS = 16
# Of tables in a file or a pipe.
WIDTH = 160


def _month(text: str) -> date:
    try:
        return read_month(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


class Command(BaseCommand):
    """Open the run of a month or go on with it, and stop at review unless told to finalize.

    Interrupted or killed, the run stays as it is: the same command, or the workers, go on with
    it, and no invoice is made twice. Exit code 0: done, or in review; 1: refused or interrupted.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the company, the month, and how far to go."""
        parser.add_argument("--tenant", required=True, help="slug or id of the company")
        parser.add_argument("--month", required=True, type=_month, help="such as 2026-10")
        parser.add_argument("--workers", type=int, default=2, help="threads that work (2)")
        parser.add_argument("--limit", type=int, default=500, help="invoices of a chunk (500)")
        modes = parser.add_mutually_exclusive_group()
        modes.add_argument("--dry-run", action="store_true", help="tell what there is, alone")
        modes.add_argument("--finalize", action="store_true", help="number and hand over as well")
        modes.add_argument("--stop", action="store_true", help="stop the run, to go on later")

    def handle(self, *args: Any, tenant: str, month: date, **options: Any) -> None:
        """Do what is wanted, in the order in which a run goes."""
        company = tenant_named(tenant)
        if not 1 <= options["workers"] <= MOST_WORKERS or not 1 <= options["limit"] <= 10_000:
            raise CommandError("--workers is 1 to 16, --limit 1 to 10000.")
        width = None if self.stdout.isatty() else WIDTH
        self.console = Console(file=cast("IO[str]", self.stdout), highlight=False, width=width)
        try:
            if options["stop"]:
                self._stop(company, month)
            elif options["dry_run"]:
                self._look(company, month)
            else:
                self._go(company, month, options)
        except (RunNotPossible, OtherRunOpen, WrongState) as error:
            raise CommandError(str(error)) from error

    def _go(self, company: Tenant, month: date, options: dict[str, Any]) -> None:
        with scope(company.pk):
            run = open_run(month=month, by=None, now=timezone.now())
            if run.state == States.STOPPED:
                run = resume_run(run_id=run.pk, now=timezone.now())
        self._drive(company, run, options)
        if run.state == States.REVIEW and options["finalize"]:
            with scope(company.pk):
                run = approve_run(run_id=run.pk, by=None, now=timezone.now())
            self._drive(company, run, options)
        self._tell(company, run)
        if run.state == States.STOPPED:
            raise CommandError("The run was stopped. Repeat the command to go on.")

    def _stop(self, company: Tenant, month: date) -> None:
        with scope(company.pk):
            run = self._open_one(month)
            stop_run(run_id=run.pk, now=timezone.now())
        self.console.print(f"The run of {run} is stopped. Repeat without --stop to go on.")

    def _look(self, company: Tenant, month: date) -> None:
        now = timezone.now()
        with scope(company.pk):
            run = BillingRun.objects.filter(month=month, state__in=BillingRun.OPEN).first()
            if run is None:
                found = outlook_of_run(month=month, now=now)
                transaction.set_rollback(True)  # periods that were only made to be counted
                self.console.print(
                    f"No run of {month:%B %Y} is open, and none was opened. It would close "
                    f"{found.to_close} periods, compile {found.to_close + found.to_compile}, and "
                    f"leave {found.too_early} open whose time is not over."
                )
        if run is not None:
            self._tell(company, run)

    def _open_one(self, month: date) -> BillingRun:
        run = BillingRun.objects.filter(month=month, state__in=BillingRun.OPEN).first()
        if run is None:
            raise CommandError(f"No run of {month:%B %Y} is open.")
        return run

    def _drive(self, company: Tenant, run: BillingRun, options: dict[str, Any]) -> None:
        """Work with some threads until the run is in review, done or stopped."""
        end = threading.Event()
        try:
            with ThreadPoolExecutor(options["workers"]) as threads:
                try:
                    for _ in range(options["workers"]):
                        threads.submit(_work, company, run, end, options["limit"])
                    self._watch(company, run)
                finally:
                    end.set()
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted: the chunk under way was finished, and nothing is lost. Repeat the "
                "command to go on; --stop keeps the workers from going on."
            ) from None

    def _watch(self, company: Tenant, run: BillingRun) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task(str(run), total=None)
            wait = threading.Event()
            while True:
                with scope(company.pk):
                    run.refresh_from_db()
                    found = progress_of(run, timezone.now())
                whole = found.done + found.waiting
                bar.update(task, completed=found.done, total=whole or None,
                           description=f"{run}, {run.get_state_display().lower()}")  # fmt: skip
                if run.state not in WORKING:
                    return
                wait.wait(LOOK_SECONDS)

    def _tell(self, company: Tenant, run: BillingRun) -> None:
        with scope(company.pk):
            self._tell_totals(run)
            self._tell_invoices("Differences from last month", changes_of(run, limit=MOST))
            if run.state == States.REVIEW:
                self._tell_review(run)
        self.console.print(f"The run of {run}: {run.get_state_display().lower()}.")
        if run.state == States.REVIEW:
            self.console.print(
                "Nothing is final yet. Look at it on /billing/runs/, then repeat the command with "
                "--finalize to number the invoices and hand them over to be sent."
            )

    def _tell_totals(self, run: BillingRun) -> None:
        table = Table("Currency", "Invoices", "Net", "Tax", "To pay", title=f"Run of {run}")
        for found in totals_of(run):
            amounts = (found.net_minor, found.tax_minor, found.total_minor)
            shown = [Money(amount, found.currency).display() for amount in amounts]
            table.add_row(found.currency, str(found.invoices), *shown)
        self.console.print(table)

    def _tell_review(self, run: BillingRun) -> None:
        counts = outlier_counts(run)
        self._tell_invoices("To be looked at", outliers_of(run, limit=MOST))
        said = ("first invoices", counts.get("first", 0)), (
            "periods with nothing to invoice", periods_without_invoice(run).count(),
        ), ("periods that wait", periods_waiting(run).count())  # fmt: skip
        self.console.print(", ".join(f"{number} {words}" for words, number in said))
        for found in unpriced_usage(run, limit=MOST):
            self.console.print(
                f"No price: {found.organization} used {found.quantity.normalize():f} of "
                f"{found.meter}, {found.first} to {found.last}",
                markup=False,
            )

    def _tell_invoices(self, title: str, rows: list[Compared]) -> None:
        if not rows:
            return
        table = Table("Organization", "Now", "Last", "Change", "Why", title=title)
        for row in rows:
            last, change = row.last, row.change
            table.add_row(
                row.name.replace("[", r"\["), row.now.display(), last.display() if last else "-",
                change.display() if change else "-", row.why,
            )  # fmt: skip
        self.console.print(table)


def _work(company: Tenant, run: BillingRun, end: threading.Event, limit: int) -> None:
    """Work until told to end; a chunk that was undone is tried again."""
    try:
        while not end.is_set():
            work_run(
                tenant_id=company.pk,
                run_id=run.pk,
                clock=timezone.now,
                goes_on=lambda: not end.is_set(),
                limit=limit,
            )
            end.wait(LOOK_SECONDS)
    finally:
        connection.close()
