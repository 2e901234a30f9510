"""Club runs from draft to done: make, check, start, stop, resume, close."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from core.jobs import enqueue
from core.models import User
from subscriptions.models import Club, ClubRun, ClubRunItem, ClubStatus, ShopAccount
from subscriptions.operations.charging import ShopNotConnected
from subscriptions.operations.clashes import broken_rule
from subscriptions.queries.months import month_after, month_at
from subscriptions.queries.runs import progress_of, write_candidates
from subscriptions.queries.words import club_status_word

log = structlog.get_logger(__name__)

ONE_OPEN = "one_open_run_per_club_and_month"
States = ClubRun.State
ItemStates = ClubRunItem.State


class RunNotPossible(Exception):
    """There can be no run of this club for this month now."""


class RunOpenAlready(Exception):
    """A run of this club and month is open; `run` is it."""

    def __init__(self, run: ClubRun) -> None:
        self.run = run
        super().__init__(
            f"A run of {run.club.name} for {run.month:%B %Y} is open already "
            f"({run.get_state_display().lower()}). No other one was made."
        )


class WrongState(Exception):
    """The run is in a state in which this cannot be done; nothing was changed."""

    def __init__(self, run: ClubRun, wish: str) -> None:
        self.run = run
        state = run.get_state_display().lower()
        over = " It is closed for good: begin a new run instead." if not run.is_open else ""
        who = f", started by {run.started_by}" if run.started_by and run.is_open else ""
        super().__init__(f"The run cannot be {wish}: it is {state}{who}.{over}")


def draft_run(*, club: Club, month: date, by: User | None, now: datetime) -> ClubRun:
    """Make a draft and check whom it would charge. In scope.

    Raises RunNotPossible (the month is over, the club serves nobody) and RunOpenAlready.
    """
    _check_possible(club, month, now)
    try:
        with transaction.atomic():
            run = ClubRun.objects.create(
                tenant_id=club.tenant_id, club=club, month=month, checked_at=now, made_by=by
            )
    except IntegrityError as error:
        if broken_rule(error) != ONE_OPEN:
            raise
        open_runs = ClubRun.objects.select_related("club").filter(state__in=ClubRun.OPEN)
        raise RunOpenAlready(open_runs.get(club=club, month=month)) from error
    write_candidates(run, now)
    return run


def check_again(*, run_id: UUID, now: datetime) -> ClubRun:
    """Look anew at whom a draft would charge. In scope. Raises WrongState."""
    run = lock_run(run_id)
    if run.state != States.DRAFT:
        raise WrongState(run, "checked again")
    _check_anew(run, now)
    return run


def start_run(*, run_id: UUID, by: User | None, now: datetime) -> ClubRun:
    """Check once more, then begin to charge. In scope.

    Of two at once the second gets WrongState. Raises RunNotPossible, ShopNotConnected as well.
    """
    run = lock_run(run_id)
    if run.state != States.DRAFT:
        raise WrongState(run, "started")
    _check_possible(run.club, run.month, now)
    if run.month != month_at(now, run.club):
        raise RunNotPossible(f"{run.month:%B %Y} has not begun: members are charged in it.")
    if not ShopAccount.objects.exists():
        raise ShopNotConnected
    _check_anew(run, now)
    run.state, run.started_by, run.started_at = States.RUNNING, by, now
    run.save(update_fields=["state", "started_by", "started_at"])
    log.info("club_run_started", run_id=str(run.pk), club=run.club.number)
    end_if_through(run, now)
    _wake(run)
    return run


def stop_run(*, run_id: UUID, now: datetime) -> ClubRun:
    """Begin no further member; who is being charged this moment still is. In scope.

    Raises WrongState.
    """
    run = lock_run(run_id)
    if run.state != States.RUNNING:
        raise WrongState(run, "stopped")
    return _turn(run, States.STOPPED)


def resume_run(*, run_id: UUID, now: datetime) -> ClubRun:
    """Go on where a run was stopped. In scope. Raises WrongState, RunNotPossible."""
    run = lock_run(run_id)
    if run.state != States.STOPPED:
        raise WrongState(run, "resumed")
    check_in_month(run, now)
    _turn(run, States.RUNNING)
    end_if_through(run, now)
    _wake(run)
    return run


def cancel_run(*, run_id: UUID, by: User | None, now: datetime) -> ClubRun:
    """Throw a draft away. In scope. Raises WrongState."""
    run = lock_run(run_id)
    if run.state != States.DRAFT:
        raise WrongState(run, "cancelled")
    return _end(run, States.CANCELLED, by, now)


def close_run(*, run_id: UUID, by: User | None, now: datetime) -> ClubRun:
    """End a stopped or worked-through run for good; who waited is not charged. In scope.

    Raises WrongState: a running one is stopped first, unless its month is over.
    """
    run = lock_run(run_id)
    if run.state not in (States.STOPPED, States.REVIEW, States.RUNNING):
        raise WrongState(run, "closed")
    if run.state == States.RUNNING and run.month == month_at(now, run.club):
        raise WrongState(run, "closed before it is stopped")
    run.items.filter(state=ItemStates.PENDING).update(
        state=ItemStates.FAILED, cause="retry", reason="The run was closed before its turn.",
        due_at=None,
    )  # fmt: skip
    return _end(run, States.DONE, by, now)


def end_if_through(run: ClubRun, now: datetime) -> None:
    """Move a locked run on when nobody waits any more: to review, or to its end."""
    found = progress_of(run)
    if run.state not in (States.RUNNING, States.REVIEW) or found.waiting:
        return
    if found.failed or found.unknown:
        _turn(run, States.REVIEW)
    else:
        _end(run, States.DONE, None, now)


def lock_run(run_id: UUID) -> ClubRun:
    """Return a run that nobody else changes meanwhile. Raises ClubRun.DoesNotExist."""
    rows = ClubRun.objects.select_for_update(of=("self",))
    return rows.select_related("club__tenant", "started_by").get(pk=run_id)


def check_in_month(run: ClubRun, now: datetime) -> None:
    """Raise RunNotPossible once the month of a run is over: a charge now would be the next's."""
    if run.month != month_at(now, run.club):
        raise RunNotPossible(
            f"{run.month:%B %Y} is over, and with it this run: nobody is charged in it any more."
        )


def _check_possible(club: Club, month: date, now: datetime) -> None:
    current = month_at(now, club)
    if month < current:
        raise RunNotPossible(f"{month:%B %Y} is over: nobody can be charged for it any more.")
    if month > month_after(current):
        raise RunNotPossible("A run can be prepared for this month and the next one.")
    held = club.changes.at(now)
    if held is None or held.status not in ClubStatus.SERVING:
        word = club_status_word(held.status if held else None)
        raise RunNotPossible(f"{club.name} is {word}: nobody is charged for it.")


def _check_anew(run: ClubRun, now: datetime) -> None:
    run.items.all().delete()
    write_candidates(run, now)
    run.checked_at = now
    run.save(update_fields=["checked_at"])


def _turn(run: ClubRun, state: ClubRun.State) -> ClubRun:
    run.state = state
    run.save(update_fields=["state"])
    log.info("club_run_turned", run_id=str(run.pk), state=state.value)
    return run


def _end(run: ClubRun, state: ClubRun.State, by: User | None, now: datetime) -> ClubRun:
    run.ended_at, run.ended_by = now, by
    run.state = state
    run.save(update_fields=["state", "ended_at", "ended_by"])
    log.info("club_run_ended", run_id=str(run.pk), state=state.value)
    return run


def _wake(run: ClubRun) -> None:
    """Send for workers once this commits; the sweep would find the run as well."""
    if run.state == States.RUNNING:
        enqueue("subscriptions.wake_run", run_id=run.pk)
