"""Billing runs from open to done: open, stop, resume, compile again, approve, cancel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from billing.models import BillingPeriod, BillingRun
from billing.operations.drafts import take_back_drafts
from billing.operations.periods import ensure_periods
from billing.queries.runs import drafts_of, is_compiled, periods_to_close, periods_to_compile
from core.jobs import enqueue
from core.models import Tenant, User
from core.periods import today
from core.tenancy import current

log = structlog.get_logger(__name__)

States = BillingRun.State
FIRST_YEAR = 2000


class RunNotPossible(Exception):
    """There can be no run of this month now."""


class OtherRunOpen(Exception):
    """A run of another month is open; `run` is it."""

    def __init__(self, run: BillingRun) -> None:
        self.run = run
        super().__init__(
            f"The run of {run} is still open ({run.get_state_display().lower()}). Finalize or "
            "cancel it first: invoices are numbered one run after the other."
        )


class WrongState(Exception):
    """The run is in a state in which this cannot be done; nothing was changed."""

    def __init__(self, run: BillingRun, wish: str) -> None:
        self.run = run
        state = run.get_state_display().lower()
        over = " It is over for good: open a new run." if run.state not in BillingRun.OPEN else ""
        super().__init__(f"The run of {run} cannot be {wish}: it is {state}.{over}")


@dataclass(frozen=True, slots=True)
class Outlook:
    """Periods that a run would close, that are closed already, and that are not yet over."""

    to_close: int
    to_compile: int
    too_early: int


def open_run(*, month: date, by: User | None, now: datetime) -> BillingRun:
    """Open the run of a month and have it compiled, or return the one that is open. In scope.

    `month`: its first day. Raises RunNotPossible (the month has not begun), OtherRunOpen.
    """
    _check_possible(month, now)
    try:
        with transaction.atomic():
            run = BillingRun.objects.create(tenant_id=current().tenant_id, month=month, made_by=by)
    except IntegrityError as error:
        if "one_open_billing_run" not in str(error):
            raise
        run = BillingRun.objects.get(state__in=BillingRun.OPEN)
        if run.month != month:
            raise OtherRunOpen(run) from error
        return run
    log.info("billing_run_opened", run_id=str(run.pk), month=str(month))
    wake(run)
    return run


def outlook_of_run(*, month: date, now: datetime) -> Outlook:
    """Count what a run of a month would do. In scope; makes periods, which may be rolled back.

    Raises RunNotPossible.
    """
    _check_possible(month, now)
    ensure_periods(month=month)
    run = BillingRun(tenant_id=current().tenant_id, month=month)
    to_close = periods_to_close(run, now).count()
    still_open = BillingPeriod.objects.filter(state="open", month__lte=month).count()
    return Outlook(to_close, periods_to_compile(run).count(), still_open - to_close)


def stop_run(*, run_id: UUID, now: datetime) -> BillingRun:
    """Begin no further chunk; the one under way is finished. In scope. Raises WrongState."""
    run = lock_run(run_id)
    if run.state not in (States.COMPILING, States.FINALIZING):
        raise WrongState(run, "stopped")
    run.stopped_in = run.state
    return _turn(run, States.STOPPED, "stopped_in")


def resume_run(*, run_id: UUID, now: datetime) -> BillingRun:
    """Go on where a run was stopped. In scope. Raises WrongState."""
    run = lock_run(run_id)
    if run.state != States.STOPPED:
        raise WrongState(run, "resumed")
    state, run.stopped_in = States(run.stopped_in), ""
    _turn(run, state, "stopped_in")
    wake(run)
    return run


def compile_again(*, run_id: UUID, now: datetime) -> BillingRun:
    """Draft what was closed or dropped since; drafts that are there stay. In scope.

    Raises WrongState.
    """
    run = lock_run(run_id)
    if run.state != States.REVIEW:
        raise WrongState(run, "compiled again")
    _turn(run, States.COMPILING)
    wake(run)
    return run


def approve_run(*, run_id: UUID, by: User | None, now: datetime) -> BillingRun:
    """Have all drafts of a reviewed run finalized. In scope.

    Of two at once the second gets WrongState.
    """
    run = lock_run(run_id)
    if run.state != States.REVIEW:
        raise WrongState(run, "finalized")
    run.approved_by, run.approved_at = by, now
    _turn(run, States.FINALIZING, "approved_by", "approved_at")
    end_if_finalized(run, now)
    wake(run)
    return run


def cancel_run(*, run_id: UUID, now: datetime) -> BillingRun:
    """End a run without its drafts: they are thrown away, final invoices stay. In scope.

    Raises WrongState: one that works is stopped first.
    """
    lock_run(run_id)
    # The full lock: a chunk that is still under way holds the row until its drafts are stored.
    run = BillingRun.objects.select_for_update().get(pk=run_id)
    if run.state not in (States.REVIEW, States.STOPPED):
        raise WrongState(run, "cancelled")
    take_back_drafts(list(drafts_of(run).values_list("pk", flat=True)))
    run.ended_at, run.stopped_in = now, ""
    return _turn(run, States.CANCELLED, "ended_at", "stopped_in")


def review_if_compiled(run_id: UUID, now: datetime) -> None:
    """Move a run to review once nothing is left to compile. In scope; safe to repeat."""
    run = lock_run(run_id)
    if run.state == States.COMPILING and is_compiled(run, now):
        run.compiled_at = now
        _turn(run, States.REVIEW, "compiled_at")


def end_if_finalized(run: BillingRun, now: datetime) -> None:
    """End a locked run once no draft is left. In scope; safe to repeat."""
    if run.state == States.FINALIZING and not drafts_of(run).exists():
        run.ended_at = now
        _turn(run, States.DONE, "ended_at")


def lock_run(run_id: UUID) -> BillingRun:
    """Return a run whose state nobody else changes meanwhile; chunks under way go on.

    Raises BillingRun.DoesNotExist.
    """
    return BillingRun.objects.select_for_update(no_key=True).get(pk=run_id)


def wake(run: BillingRun) -> None:
    """Send for a worker once this commits; the sweep finds runs that none came to."""
    if run.state in (States.COMPILING, States.FINALIZING):
        enqueue("billing.work_run", run_id=run.pk)


def _check_possible(month: date, now: datetime) -> None:
    company = Tenant.objects.get(pk=current().tenant_id)
    if month.day != 1 or month.year < FIRST_YEAR:
        raise RunNotPossible("A run is of a month, such as 2026-10.")
    if month > today(now, company.zone):
        raise RunNotPossible(f"{month:%B %Y} has not begun: nothing is to be invoiced for it.")


def _turn(run: BillingRun, state: BillingRun.State, *fields: str) -> BillingRun:
    run.state = state
    run.save(update_fields=["state", *fields])
    log.info("billing_run_turned", run_id=str(run.pk), state=state.value)
    return run
