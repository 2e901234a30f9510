"""What a person does about members whose charge failed in a run."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import F, QuerySet

from core.jobs import enqueue
from core.models import User
from subscriptions.models import ClubRun, ClubRunItem
from subscriptions.operations.runs import check_in_month, lock_run

log = structlog.get_logger(__name__)

States = ClubRunItem.State


class RunClosed(Exception):
    """The run is closed for good: nothing in it changes any more."""

    def __init__(self, run: ClubRun) -> None:
        super().__init__(
            f"The run of {run.club.name} for {run.month:%B %Y} is closed for good. Nothing was "
            "changed. Charge the member in a new run of the month instead."
        )


class NothingFailed(Exception):
    """The item is not one that failed (any more)."""


def retry_item(*, item_id: UUID, now: datetime) -> ClubRunItem:
    """Give a failed member a new attempt in the same run. In scope.

    Raises RunClosed, RunNotPossible once the month is over, NothingFailed (also for a repetition).
    """
    run, item = _open(item_id)
    check_in_month(run, now)
    if item.state != States.FAILED:
        raise NothingFailed("This member's charge has not failed, or is being tried again already.")
    _begin_anew(run, run.items.filter(pk=item.pk))
    item.refresh_from_db()
    return item


def retry_cause(*, run_id: UUID, cause: str, now: datetime) -> int:
    """Give all members of a run who failed for a cause a new attempt; returns how many. In scope.

    Raises RunClosed, RunNotPossible, NothingFailed.
    """
    run = _refuse_closed(lock_run(run_id))
    check_in_month(run, now)
    count = _begin_anew(run, run.items.filter(state=States.FAILED, cause=cause))
    if not count:
        raise NothingFailed("Nobody is left who failed for this cause.")
    return count


def settle_item(*, item_id: UUID, note: str, by: User, now: datetime) -> ClubRunItem:
    """Mark a failed member as settled elsewhere, such as by hand in the shop. In scope.

    Raises RunClosed, NothingFailed (also for a repetition).
    """
    _, item = _open(item_id)
    if item.state != States.FAILED:
        raise NothingFailed("Only what failed can be settled elsewhere.")
    item.state, item.note, item.decided_by = States.SETTLED, note[:500] or item.note, by
    item.save(update_fields=["state", "note", "decided_by"])
    return item


def reopen_item(*, item_id: UUID, now: datetime) -> ClubRunItem:
    """Take back that a member was settled elsewhere. In scope. Raises RunClosed, NothingFailed."""
    _, item = _open(item_id)
    if item.state != States.SETTLED:
        raise NothingFailed("This member is not marked as settled elsewhere.")
    item.state, item.decided_by = States.FAILED, None
    item.save(update_fields=["state", "decided_by"])
    return item


def note_item(*, item_id: UUID, note: str) -> ClubRunItem:
    """Keep a note on a member of a run, also of a closed one. In scope."""
    item = ClubRunItem.objects.select_for_update().get(pk=item_id)
    item.note = note[:500]
    item.save(update_fields=["note"])
    return item


def _open(item_id: UUID) -> tuple[ClubRun, ClubRunItem]:
    found = ClubRunItem.objects.values_list("run_id").get(pk=item_id)
    run = _refuse_closed(lock_run(found[0]))
    return run, ClubRunItem.objects.select_for_update().get(pk=item_id)


def _refuse_closed(run: ClubRun) -> ClubRun:
    if not run.is_open:
        raise RunClosed(run)
    return run


def _begin_anew(run: ClubRun, items: QuerySet[ClubRunItem]) -> int:
    """Make items wait again under a new request id, and have a run in review go on."""
    count = items.update(
        state=States.PENDING, attempt=F("attempt") + 1, misses=0, due_at=None, cause="", reason=""
    )
    if count and run.state == ClubRun.State.REVIEW:
        run.state = ClubRun.State.RUNNING
        run.save(update_fields=["state"])
    if count and run.state == ClubRun.State.RUNNING:
        enqueue("subscriptions.wake_run", run_id=run.pk)
    return count
