"""The work of a run: one chunk after the other, each a transaction of its own.

A chunk takes what nobody else has taken and stores all of it or nothing, so that a killed worker
leaves nothing behind, and any number of workers come to the same invoices.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from django.db import OperationalError

from billing.models import BillingRun
from billing.operations.compiling import compile_next
from billing.operations.finalizing import finalize_next
from billing.operations.periods import close_periods, ensure_periods
from billing.operations.runs import end_if_finalized, lock_run, review_if_compiled
from core.tenancy import scope

log = structlog.get_logger(__name__)

States = BillingRun.State
Clock = Callable[[], datetime]

# Invoices of a chunk: less than a second's work, so that a run stops and shares its place soon.
AT_ONCE = 500


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
        while goes_on():
            if not advance_run(tenant_id=tenant_id, run_id=run_id, now=clock(), limit=limit):
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


def working_runs(*, tenant_id: UUID) -> list[UUID]:
    """Return the runs that workers are needed for. Outside any scope."""
    with scope(tenant_id):
        going = BillingRun.objects.filter(state__in=[States.COMPILING, States.FINALIZING])
        return list(going.values_list("pk", flat=True))


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
