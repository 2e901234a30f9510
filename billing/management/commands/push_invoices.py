"""`manage.py push_invoices`: send what waits to Stripe."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from billing.models import PushDesk
from billing.operations.push.desk import desk_of
from billing.operations.push.work import Outcome, push_next
from billing.queries.accounts import NoStripeAccount, account_of
from billing.queries.push_desk import TOLD_AFTER, push_progress
from core.management.arguments import tenant_named
from core.models import Tenant
from core.tenancy import scope

LOOK_SECONDS = 0.5


class Command(BaseCommand):
    """Push invoices until none waits, beside whatever workers do.

    Interrupted or killed, nothing is lost: the same command, or the workers, go on. Exit code 0:
    all are at Stripe; 1: not possible, paused, or interrupted; 3: some need a person, or wait for
    a later try (`--once`, `--limit`).
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the company and how much to do."""
        parser.add_argument("--tenant", required=True, help="slug or id of the company")
        parser.add_argument("--limit", type=int, help="push at most so many")
        parser.add_argument(
            "--once", action="store_true", help="push what is due now; wait for nothing"
        )

    def handle(
        self, *args: Any, tenant: str, limit: int | None, once: bool, **options: Any
    ) -> None:
        """Push with as many threads as may, show how far it is, and tell what came of it."""
        if limit is not None and limit < 1:
            raise CommandError("--limit: at least 1.")
        company = tenant_named(tenant)
        with scope(company.pk):
            desk = desk_of()
            try:
                account_of()
            except NoStripeAccount as error:
                raise CommandError(str(error)) from error
        if desk.paused_at is not None:
            raise CommandError(f"Paused: {desk.pause_reason or 'no reason given'}. Resume first.")
        self._drive(company, Work(company, limit, is_once=once))
        self._tell(company)

    def _drive(self, company: Tenant, work: Work) -> None:
        parallel = 1 if work.limit == 1 else settings.PUSH_PARALLEL
        try:
            with ThreadPoolExecutor(parallel) as threads:
                try:
                    for _ in range(parallel):
                        threads.submit(work.run)
                    self._watch(company, work, parallel)
                finally:
                    work.end.set()
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. What was under way is finished; repeat the command to go on."
            ) from None

    def _watch(self, company: Tenant, work: Work, parallel: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task("Invoices", total=None)
            while not work.end.wait(LOOK_SECONDS):
                with scope(company.pk):
                    found, desk = push_progress(timezone.now()), desk_of()
                words = _words(desk, timezone.now())
                bar.update(task, completed=found.done, total=found.total, description=words)
                if desk.paused_at or not found.waiting or work.idle >= parallel:
                    return

    def _tell(self, company: Tenant) -> None:
        with scope(company.pk):
            found, desk = push_progress(timezone.now()), desk_of()
        words = ", ".join(f"{count} {state}" for state, count in sorted(found.counts.items()))
        self.stdout.write(words or "Nothing to push.")
        if desk.paused_at is not None:
            raise CommandError("It was paused meanwhile. Nothing is lost; resume to go on.")
        if desk.down_since is not None:
            raise CommandError(
                f"Stripe has given no answer since {desk.down_since:%H:%M} UTC. Nothing is lost: "
                f"{found.waiting} wait.",
                returncode=3,
            )
        if found.waiting or found.stopped:
            raise CommandError(
                f"{found.waiting} wait for a later try, {found.stopped} need a person: see the "
                "push desk.",
                returncode=3,
            )


def _words(desk: PushDesk, now: datetime) -> str:
    if desk.down_since is None or now - desk.down_since < TOLD_AFTER:
        return "Invoices"
    return f"Stripe is down since {desk.down_since:%H:%M} UTC, nothing is lost"


class Work:
    """What the threads of one command share."""

    def __init__(self, company: Tenant, limit: int | None, *, is_once: bool) -> None:
        self.company = company
        self.limit = limit
        self.end = threading.Event()
        self.idle = 0
        self._is_once = is_once
        self._left = limit
        self._lock = threading.Lock()

    def run(self) -> None:
        """Push until told to end, or until nothing is left that this command should do."""
        try:
            while not self.end.is_set() and self._may_go_on():
                outcome = push_next(tenant_id=self.company.pk, clock=timezone.now)
                if outcome is Outcome.PUSHED or outcome is Outcome.NO_ANSWER:
                    continue
                self._give_back()
                if self._is_once:
                    return
                self.end.wait(LOOK_SECONDS)
        finally:
            with self._lock:
                self.idle += 1
            connection.close()

    def _may_go_on(self) -> bool:
        with self._lock:
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0

    def _give_back(self) -> None:
        with self._lock:
            if self._left is not None:
                self._left += 1
