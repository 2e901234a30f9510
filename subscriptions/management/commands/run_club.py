"""`manage.py run_club`: charge all members of a club for a month."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.management.arguments import tenant_named
from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Club, ClubRun, SubscriptionStatus
from subscriptions.operations.charging import ShopNotConnected
from subscriptions.operations.run_work import tidy_runs, work_run
from subscriptions.operations.runs import (
    RunNotPossible,
    RunOpenAlready,
    WrongState,
    draft_run,
    resume_run,
    start_run,
)
from subscriptions.queries.months import month_at, read_month
from subscriptions.queries.runs import members_by_status, progress_of, reasons_of
from subscriptions.queries.words import status_word

States = ClubRun.State
# Between two looks at how far the run is.
LOOK_SECONDS = 0.5
LARGEST_INTEGER = 2**31 - 1


class Command(BaseCommand):
    """Make a run or go on with the open one, charge, and count.

    Interrupted, the run stays as it is: the same command, or the workers, go on with it, and
    nobody is charged twice. Exit code 0: everybody was charged; 1: not done, or refused; 3: done
    but for failures, which wait on the worklist.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the club, its company, the month, and whether only to look."""
        parser.add_argument("club", type=int, help="id of the club")
        parser.add_argument("--tenant", required=True, help="slug or id of the company")
        parser.add_argument("--month", help="such as 2026-03; this month without it")
        parser.add_argument("--dry-run", action="store_true", help="show who would be charged")

    def handle(
        self,
        *args: Any,
        club: int,
        tenant: str,
        month: str | None,
        dry_run: bool,
        **options: Any,
    ) -> None:
        """Draft or find the run, tell what it would do, and unless told otherwise do it."""
        company, now = tenant_named(tenant), timezone.now()
        try:
            with scope(company.pk):
                run = self._run(club, month, now)
                self._tell_plan(run, now)
                if dry_run:
                    transaction.set_rollback(True)  # a draft that was only made to look at
                    return
                run = self._going(run, now)
        except (RunNotPossible, WrongState, ShopNotConnected) as error:
            raise CommandError(str(error)) from error
        self._drive(company, run)
        self._tell_end(company, run)

    def _run(self, number: int, month: str | None, now: datetime) -> ClubRun:
        club = None
        if abs(number) <= LARGEST_INTEGER:
            club = Club.objects.select_related("tenant").filter(number=number).first()
        if club is None:
            raise CommandError(f"There is no club {number}.")
        try:
            wanted = read_month(month) if month else month_at(now, club)
        except ValueError as error:
            raise CommandError(f"--month: {error}") from error
        try:
            return draft_run(club=club, month=wanted, by=None, now=now)
        except RunOpenAlready as error:
            self.stdout.write("Going on with the run that is open.")
            return error.run

    def _tell_plan(self, run: ClubRun, now: datetime) -> None:
        found = progress_of(run)
        self.stdout.write(f"{run.club.name}, {run.month:%B %Y}: {found.total} to charge")
        for reason, count in reasons_of(run):
            self.stdout.write(f"  left out: {count}  {reason}")
        for status, count in sorted(members_by_status(run.club, now).items(), key=str):
            if status != SubscriptionStatus.ACTIVE:
                self.stdout.write(f"  not eligible: {count}  {status_word(status)}")

    def _going(self, run: ClubRun, now: datetime) -> ClubRun:
        if run.state == States.DRAFT:
            return start_run(run_id=run.pk, by=None, now=now)
        if run.state == States.STOPPED:
            return resume_run(run_id=run.pk, now=now)
        return run

    def _drive(self, company: Tenant, run: ClubRun) -> None:
        """Charge with as many threads as allowed until the run is through, or stopped."""
        end = threading.Event()
        try:
            with ThreadPoolExecutor(settings.SHOP_PARALLEL) as threads:
                try:
                    for _ in range(settings.SHOP_PARALLEL):
                        threads.submit(_work, company, run, end)
                    self._watch(company, run)
                finally:
                    end.set()
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. Who was being charged is finished; the run is still open. Repeat "
                "the command to go on, or let the workers do so."
            ) from None

    def _watch(self, company: Tenant, run: ClubRun) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task(run.club.name, total=None)
            wait = threading.Event()
            while True:
                tidy_runs(tenant_id=company.pk, now=timezone.now())
                with scope(company.pk):
                    run.refresh_from_db(fields=["state"])
                    found = progress_of(run)
                bar.update(task, completed=found.tried, total=found.total)
                if run.state != States.RUNNING:
                    return
                wait.wait(LOOK_SECONDS)

    def _tell_end(self, company: Tenant, run: ClubRun) -> None:
        with scope(company.pk):
            found = progress_of(run)
        words = ", ".join(f"{count} {state}" for state, count in sorted(found.counts.items()))
        self.stdout.write(f"{run.get_state_display()}: {words or 'nobody to charge'}")
        if run.state == States.STOPPED:
            raise CommandError("The run was stopped. Repeat the command to go on.")
        if run.state != States.DONE:
            raise CommandError("Not everybody was charged: see the worklist.", returncode=3)


def _work(company: Tenant, run: ClubRun, end: threading.Event) -> None:
    """Charge until told to end; pauses of the shop and lapsed turns are waited for."""
    try:
        while not end.is_set():
            work_run(
                tenant_id=company.pk,
                run_id=run.pk,
                clock=timezone.now,
                goes_on=lambda: not end.is_set(),
            )
            end.wait(LOOK_SECONDS)
    finally:
        connection.close()
