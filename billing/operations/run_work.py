"""The work of a run: one chunk after the other, each a transaction of its own.

A chunk takes what nobody else has taken and stores all of it or nothing, so that a killed worker
leaves nothing behind, and any number of workers come to the same invoices.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import OperationalError
from django.db.models import Q

from billing.models import BillingRun
from billing.operations.compiling import compile_next
from billing.operations.finalizing import finalize_next
from billing.operations.periods import close_periods, ensure_periods
from billing.operations.runs import end_if_finalized, lock_run, review_if_compiled
from core.tenancy import scope

log = structlog.get_logger(__name__)

States = BillingRun.State
Clock = Callable[[], datetime]

# A worker notes this often that it is at a run; one that nobody was at for so long is given to
# another. In between lies the longest wait of a message behind other work.
TOLD_EVERY = timedelta(seconds=10)
LEFT_ALONE = timedelta(seconds=60)

# Invoices of a chunk: a second's work or two, so that a run stops and shares its place soon. Much
# smaller chunks cost more, since each is planned, claimed and committed by itself.
AT_ONCE = 2000


def work_run(
    *,
    tenant_id: UUID,
    run_id: UUID,
    clock: Clock,
    goes_on: Callable[[], bool],
    limit: int = AT_ONCE,
) -> bool:
    """Work on a run in chunks of `limit` invoices, as long as `goes_on`. Outside any scope.

    As many may work at once as wanted. Returns whether there is more to do right now.
    """
    try:
        prepare_run(tenant_id=tenant_id, run_id=run_id)
        told_at = _tell_at_work(tenant_id, run_id, clock())
        while goes_on():
            now = clock()
            if now - told_at >= TOLD_EVERY:
                told_at = _tell_at_work(tenant_id, run_id, now)
            if not advance_run(tenant_id=tenant_id, run_id=run_id, now=now, limit=limit):
                return False
    except OperationalError as error:
        # A deadlock or a lost connection: the chunk is undone, and the sweep sends another worker.
        log.warning("billing_chunk_failed", run_id=str(run_id), error=type(error).__name__)
        return False
    return True


def advance_run(*, tenant_id: UUID, run_id: UUID, now: datetime, limit: int = AT_ONCE) -> bool:
    """Do the next chunk of a run. Outside any scope; returns whether something was done."""
    with scope(tenant_id):
        run = share_run(run_id)
        if run is None:
            return False
        if run.state == States.COMPILING:
            done = close_periods(tenant_id=tenant_id, month=run.month, now=now)
        else:
            done = finalize_next(run=run, limit=limit, now=now) > 0
    if not done and run.state == States.COMPILING:
        done = _compile(tenant_id, run_id, now, limit)
    if not done:
        with scope(tenant_id):
            review_if_compiled(run_id, now)
            end_if_finalized(lock_run(run_id), now)
    return done


def take_idle_runs(*, tenant_id: UUID, now: datetime) -> list[UUID]:
    """Return the runs that go on and that nobody has been at lately, for a worker each.

    Outside any scope. Of two that look at once, one is given a run; nor is it given again before
    its worker had time to begin.
    """
    idle = Q(worked_at=None) | Q(worked_at__lte=now - LEFT_ALONE)
    with scope(tenant_id):
        going = BillingRun.objects.filter(idle, state__in=[States.COMPILING, States.FINALIZING])
        found = going.values_list("pk", flat=True)
        return [pk for pk in found if going.filter(pk=pk).update(worked_at=now)]


def _tell_at_work(tenant_id: UUID, run_id: UUID, now: datetime) -> datetime:
    """Note that somebody is at a run: by itself, so that no chunk waits for another's end."""
    with scope(tenant_id):
        BillingRun.objects.filter(pk=run_id).update(worked_at=now)
    return now


def prepare_run(*, tenant_id: UUID, run_id: UUID) -> None:
    """Make the periods that a run compiles. Outside any scope; safe to repeat."""
    with scope(tenant_id):
        run = share_run(run_id)
        if run is not None and run.state == States.COMPILING:
            ensure_periods(month=run.month)


def _compile(tenant_id: UUID, run_id: UUID, now: datetime, limit: int) -> bool:
    with scope(tenant_id):
        run = share_run(run_id)
        if run is None or run.state != States.COMPILING:
            return False
        return compile_next(run=run, limit=limit, now=now) > 0


def share_run(run_id: UUID) -> BillingRun | None:
    """Return a run that goes on, held so that it is not cancelled before this chunk is stored.

    Stopping it does not wait for the chunk: only the full lock of cancelling does.
    """
    rows = BillingRun.objects.raw(
        "SELECT * FROM billing_billingrun WHERE id = %s FOR KEY SHARE", [run_id]
    )
    for run in rows:
        return run if run.state in (States.COMPILING, States.FINALIZING) else None
    return None
