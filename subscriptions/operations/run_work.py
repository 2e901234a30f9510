"""The work of a run: claim one member, have the charge made, record what came of it; again.

A member's turn is claimed in a transaction of its own, so that a killed worker leaves an item
that says what was being tried. After its lease another worker tries it again under the same
request id, by which neither the shop nor we do anything twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import Q

from core.pace import Pace
from core.tenancy import scope
from subscriptions.models import Charge, ClubRun, ClubRunItem, Skip, Subscription
from subscriptions.operations.charging import (
    LEASE,
    ChargeOutcome,
    ChargeUnderWay,
    NotActive,
    RequestIdUsedElsewhere,
    ShopNotConnected,
    charge,
)
from subscriptions.operations.runs import close_run, end_if_through, lock_run
from subscriptions.queries.months import month_at
from subscriptions.queries.runs import runs_with_work

log = structlog.get_logger(__name__)

States = ClubRunItem.State
Clock = Callable[[], datetime]

# How often an attempt that never reached the shop is tried before a person is asked.
MOST_MISSES = 3
# A worker waits no longer for its turn; the sweep sends another one when the pause is over.
PATIENCE = 5.0
LONGEST_PAUSE = 60

# What a charge means for its item.
_OF_CHARGE = {
    Charge.State.CHARGED: States.CHARGED,
    Charge.State.DECLINED: States.FAILED,
    Charge.State.REFUSED: States.FAILED,
    Charge.State.CLAIMED: States.UNKNOWN,
    Charge.State.UNKNOWN: States.UNKNOWN,
}

# What the shop said later about charges that were in the dark, also those of a killed worker.
_LEARN = """
UPDATE subscriptions_clubrunitem i
SET state = CASE WHEN c.state = 'charged' THEN 'charged' ELSE 'failed' END,
    cause = c.cause, reason = c.reason, charge_id = c.id, due_at = NULL
FROM subscriptions_charge c
WHERE (i.state = 'unknown' AND c.id = i.charge_id
       OR i.state = 'charging' AND i.due_at <= %(now)s
          AND c.request_id = 'run-' || i.id || '-' || i.attempt)
  AND c.state IN ('charged', 'declined', 'refused')
RETURNING i.run_id
"""


@lru_cache(maxsize=256)
def _pace(tenant_id: UUID, rate: float, process_id: int) -> Pace:
    return Pace(f"shop:{tenant_id}", per_second=rate)


def pace_of(tenant_id: UUID) -> Pace:
    """Return the pace of a tenant's calls; a forked process has connections of its own."""
    return _pace(tenant_id, settings.SHOP_RATE, os.getpid())


def work_run(*, tenant_id: UUID, run_id: UUID, clock: Clock, goes_on: Callable[[], bool]) -> bool:
    """Charge members of a run one after the other, as long as `goes_on`. Outside any scope.

    As many may work at once as wanted: SHOP_PARALLEL of them charge, the others end. Returns
    whether there is more to do right now.
    """
    while goes_on():
        if not pace_of(tenant_id).wait_for_turn(seconds=PATIENCE):
            return False
        if not charge_next(tenant_id=tenant_id, run_id=run_id, now=clock()):
            return False
    return True


def charge_next(*, tenant_id: UUID, run_id: UUID, now: datetime) -> bool:
    """Charge the next member of a run; returns False when there is none now. Outside any scope."""
    with scope(tenant_id):
        item = _claim(run_id, now)
        reference = item.subscription.reference if item else ""
        by = item.run.started_by if item else None
    if item is None:
        _end_if_through(tenant_id, run_id, now)
        return False
    if item.state != States.CHARGING:
        return True  # left out meanwhile: the next one's turn
    try:
        outcome = charge(
            tenant_id=tenant_id, reference=reference, request_id=item.request_id, by=by, now=now
        )
        found = _found(outcome, item, now)
    except NotActive as error:
        found = {"state": States.EXCLUDED, "reason": str(error)[:500]}
    except ChargeUnderWay as under_way:
        found = {"state": States.UNKNOWN, "charge": under_way.charge, "cause": "retry",
                 "reason": "The shop has not answered with certainty yet."}  # fmt: skip
    except (RequestIdUsedElsewhere, ShopNotConnected) as error:
        found = {"state": States.FAILED, "cause": "ours", "reason": str(error)[:500]}
    with scope(tenant_id):
        _record(item, found)
    if found.get("due_at") is not None:
        pace_of(tenant_id).pause((found["due_at"] - now).total_seconds())
    return True


def _claim(run_id: UUID, now: datetime) -> ClubRunItem | None:
    """Take the next member's turn, if the run goes on and fewer than allowed are under way."""
    with connection.cursor() as cursor:
        # Claims of a tenant one at a time, so that the count below holds.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('club_run:'"
            " || current_setting('app.tenant_id'), 0))"
        )
    runs = ClubRun.objects.select_related("club__tenant").filter(state=ClubRun.State.RUNNING)
    run = runs.filter(pk=run_id).first()
    if run is None or run.month != month_at(now, run.club):
        return None
    under_way = ClubRunItem.objects.filter(state=States.CHARGING, due_at__gt=now)
    if under_way.count() >= settings.SHOP_PARALLEL:
        return None
    item = _next_item(run, now)
    if item is None:
        return None
    return _taken(item, run, now)


def _next_item(run: ClubRun, now: datetime) -> ClubRunItem | None:
    """Return one whose worker died, or else one that waits."""
    rows = ClubRunItem.objects.select_for_update(of=("self",), skip_locked=True)
    rows = rows.select_related("run__started_by").filter(run=run).order_by("id")
    given_up = rows.filter(state=States.CHARGING, due_at__lte=now).first()
    waiting = Q(due_at=None) | Q(due_at__lte=now)
    return given_up or rows.filter(waiting, state=States.PENDING).first()


def _taken(item: ClubRunItem, run: ClubRun, now: datetime) -> ClubRunItem:
    # Locked, so that nobody skips the month between this look and the claim.
    item.subscription = Subscription.objects.select_for_update().get(pk=item.subscription_id)
    skips = Skip.objects.filter(subscription=item.subscription, month=run.month, undone_at=None)
    if item.state == States.PENDING and skips.exists():
        item.state, item.reason, item.due_at = States.EXCLUDED, "Skips this month", None
    else:
        item.state, item.due_at = States.CHARGING, now + LEASE
    item.save(update_fields=["state", "reason", "due_at"])
    return item


def _found(outcome: ChargeOutcome, item: ClubRunItem, now: datetime) -> dict[str, Any]:
    made = outcome.charge
    if made.state == Charge.State.UNSENT:
        return _missed(outcome, item, now)
    found = {"state": _OF_CHARGE[Charge.State(made.state)], "cause": made.cause, "charge": made}
    if made.request_id != item.request_id:
        return {**found, "reason": f"Charged this month already, as {made.request_id}"[:500]}
    return {**found, "reason": made.reason}


def _missed(outcome: ChargeOutcome, item: ClubRunItem, now: datetime) -> dict[str, Any]:
    """Nothing happened at the shop: the same attempt again soon, and in the end a person."""
    misses, reason = item.misses + 1, outcome.charge.reason
    found = {"charge": outcome.charge, "misses": misses, "cause": "retry", "reason": reason}
    if misses >= MOST_MISSES:
        return {**found, "state": States.FAILED}
    wait = min(outcome.retry_after, LONGEST_PAUSE)
    return {**found, "state": States.PENDING, "due_at": now + timedelta(seconds=wait)}


def _record(item: ClubRunItem, found: dict[str, Any]) -> None:
    """Write what came of a turn, unless it was learned another way meanwhile."""
    rows = ClubRunItem.objects.filter(pk=item.pk, attempt=item.attempt, state=States.CHARGING)
    rows.update(**{"due_at": None, **found})
    log.info("club_run_item", item_id=str(item.pk), state=str(found["state"]))


def _end_if_through(tenant_id: UUID, run_id: UUID, now: datetime) -> None:
    with scope(tenant_id):
        end_if_through(lock_run(run_id), now)


def tidy_runs(*, tenant_id: UUID, now: datetime) -> list[UUID]:
    """Learn what the shop said later, end what is through or too late. Outside any scope.

    Returns the runs for which workers are needed. Safe to repeat.
    """
    with scope(tenant_id):
        with connection.cursor() as cursor:
            cursor.execute(_LEARN, {"now": now})
            touched = {run_id for (run_id,) in cursor.fetchall()}
        going = ClubRun.objects.select_related("club__tenant").exclude(state=ClubRun.State.DRAFT)
        for run in going.filter(state__in=ClubRun.OPEN).order_by("id"):
            if run.month < month_at(now, run.club):
                close_run(run_id=run.pk, by=None, now=now)
            elif run.state == ClubRun.State.RUNNING or run.pk in touched:
                end_if_through(lock_run(run.pk), now)
        _give_up_in_ended(now)
        return runs_with_work(now)


def _give_up_in_ended(now: datetime) -> None:
    """Fail what a killed worker left in a run that has ended, if no charge was ever begun."""
    left = ClubRunItem.objects.filter(state=States.CHARGING, due_at__lte=now)
    for item in left.exclude(run__state__in=ClubRun.OPEN):
        made = Charge.objects.filter(request_id=item.request_id).first()
        if made is None or made.state == Charge.State.UNSENT:
            words = "The run was closed before its turn."
            found: dict[str, Any] = {"state": States.FAILED, "cause": "retry", "reason": words}
        else:
            found = {"state": States.UNKNOWN, "charge": made}
        _record(item, found)
