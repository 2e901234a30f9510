"""Pause, cancel and activate subscriptions: commands that add rows to a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog

from core.models import User
from subscriptions.models import Subscription, SubscriptionStatus, SubscriptionStatusChange
from subscriptions.models.history import EARLIEST, LATEST
from subscriptions.operations.clashes import status_there
from subscriptions.operations.supersession import pause_before, superseded_by
from subscriptions.queries.words import status_word

log = structlog.get_logger(__name__)

# A caller's clock may be a little behind: this far back is still "now".
CLOCKS_DIFFER_BY = timedelta(minutes=5)
LONGEST_INTERVAL = 3650


class SubscriptionUnknown(Exception):
    """There is no subscription with this id."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"There is no subscription {reference}.")


class CommandInvalid(Exception):
    """A status command breaks a rule; `field` is the one at fault (a name of the payload)."""

    def __init__(self, name: str, code: str, words: str) -> None:
        super().__init__(words)
        self.field = name
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOutcome:
    """What came of a command, at the moment it was given.

    `row` is what the status rests on: the new row, or the old one when nothing changed;
    `returns` the row that ends a pause. `withdrawn` are scheduled rows that the command took back.
    """

    subscription: Subscription
    changed: bool
    row: SubscriptionStatusChange
    returns: SubscriptionStatusChange | None = None
    withdrawn: list[SubscriptionStatusChange] = field(default_factory=list)
    status_now: int | None = None
    next_change: SubscriptionStatusChange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    status: int
    effective_at: datetime
    returns_at: datetime | None
    interval: int | None
    details: str
    is_scheduled: bool


def change_status(
    *,
    reference: str,
    status: int,
    by: User | None,
    now: datetime,
    effective_at: datetime | None = None,
    details: str = "",
    interval: int | None = None,
    returns_at: datetime | None = None,
) -> StatusOutcome:
    """Pause (3), cancel (2) or activate (1) a subscription from `effective_at` (now) on. In scope.

    A pause may come back by itself: `interval` days of 24 hours after its effect, or at
    `returns_at`; both rows are written at once and nobody has to wake it. Scheduled changes that
    the command takes the place of are withdrawn (operations.supersession). An effect in the past
    is for people who give their reason in `details`. Repeating a command changes nothing and
    says so. Raises SubscriptionUnknown, CommandInvalid, StatusMissing.
    """
    command = _checked(
        status=status,
        effective_at=effective_at,
        details=details,
        interval=interval,
        returns_at=returns_at,
        by=by,
        now=now,
    )
    subscription = _lock(reference)
    rows = list(
        subscription.changes.in_force()
        .select_for_update(of=("self",))
        .order_by("effective_at", "recorded_at", "reference")
    )
    withdrawn = superseded_by(
        rows,
        status=status,
        effective_at=command.effective_at,
        zone=subscription.club.zone,
        now=now,
    )
    held = _repeated(command, rows, withdrawn)
    if held is not None:
        return _told(subscription, rows, now, changed=False, row=held)
    with status_there(status, "subscription_status_history", "status"):
        return _write(subscription, command, rows, withdrawn=withdrawn, by=by, now=now)


def _checked(
    *,
    status: int,
    effective_at: datetime | None,
    details: str,
    interval: int | None,
    returns_at: datetime | None,
    by: User | None,
    now: datetime,
) -> _Command:
    """Return the command with all its moments; raises CommandInvalid."""
    if status not in (1, 2, 3):
        raise CommandInvalid("status_id", "unknown", "Give 1 (active), 2 (cancelled), 3 (paused).")
    starts_at = effective_at or now
    if not EARLIEST <= starts_at < LATEST:
        raise CommandInvalid("effect_date", "out_of_range", "Give a day of 1900 to 2199.")
    if starts_at < now - CLOCKS_DIFFER_BY:
        _allow_going_back(by, details)
    _check_return(status, interval, returns_at, starts_at)
    if interval is not None:
        returns_at = starts_at + timedelta(days=interval)
    if returns_at is not None and returns_at >= LATEST:
        raise CommandInvalid("interval", "out_of_range", "The return lies after the year 2199.")
    return _Command(
        status=status,
        effective_at=starts_at,
        returns_at=returns_at,
        interval=interval,
        details=details,
        is_scheduled=effective_at is not None and abs(starts_at - now) > CLOCKS_DIFFER_BY,
    )


def _allow_going_back(by: User | None, details: str) -> None:
    if by is None:
        raise CommandInvalid(
            "effect_date",
            "in_the_past",
            "This lies in the past. Only staff may go back in time, with their own login and a "
            "reason in `details`. Leave effect_date out for now.",
        )
    if not details.strip():
        raise CommandInvalid(
            "details", "reason_missing", "The effect lies in the past: say why in `details`."
        )


def _check_return(
    status: int, interval: int | None, returns_at: datetime | None, starts_at: datetime
) -> None:
    if interval is None and returns_at is None:
        return
    if status != SubscriptionStatus.PAUSED:
        raise CommandInvalid(
            "interval", "only_with_pause", "Only a pause (status_id 3) has an interval."
        )
    if interval is not None and not 1 <= interval <= LONGEST_INTERVAL:
        raise CommandInvalid(
            "interval", "out_of_range", f"Give whole days from 1 to {LONGEST_INTERVAL}."
        )
    if returns_at is not None and (interval is not None or returns_at <= starts_at):
        raise CommandInvalid("returns_at", "not_after", "The return must come after the pause.")


def _lock(reference: str) -> Subscription:
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("club__tenant")
    found = rows.filter(reference=reference).first()
    if found is None:
        raise SubscriptionUnknown(reference)
    return found


def _repeated(command: _Command, rows: list[Any], withdrawn: list[Any]) -> Any:
    """Return the row that says already what the command wants, or None.

    A scheduled command repeats only a row of its own moment: what is active now may still be
    told to be active next month, whatever is scheduled in between.
    """
    before = [row for row in rows if row.effective_at <= command.effective_at]
    if not before or before[-1].status != command.status:
        return None
    held = before[-1]
    if command.is_scheduled and held.effective_at != command.effective_at:
        return None
    if command.details and command.details != held.details:
        return None
    return held if _returns_alike(command, held, rows, withdrawn) else None


def _returns_alike(
    command: _Command, held: SubscriptionStatusChange, rows: list[Any], withdrawn: list[Any]
) -> bool:
    returning = [r for r in rows if r.is_automatic_return and pause_before(r, rows) == held]
    if command.returns_at is None:
        return not withdrawn
    if not returning or [row for row in withdrawn if row not in returning]:
        return False
    if command.interval is not None:
        return held.interval_days == command.interval
    return bool(returning[0].effective_at == command.returns_at)


def _write(
    subscription: Subscription,
    command: _Command,
    rows: list[SubscriptionStatusChange],
    *,
    withdrawn: list[SubscriptionStatusChange],
    by: User | None,
    now: datetime,
) -> StatusOutcome:
    pks = [row.pk for row in withdrawn]
    SubscriptionStatusChange.objects.filter(pk__in=pks).update(withdrawn_at=now)
    kept = [row for row in rows if row not in withdrawn]
    row = _row(subscription, command.status, command.effective_at, kept, by=by, now=now)
    row.details = command.details
    row.interval_days = command.interval
    new, returns = [row], None
    if command.returns_at is not None:
        returns = _row(subscription, 1, command.returns_at, kept, by=by, now=now)
        returns.details = SubscriptionStatusChange.RETURN_DETAILS
        returns.origin = SubscriptionStatusChange.Origin.RETURN
        new.append(returns)
    SubscriptionStatusChange.objects.bulk_create(new)
    log.info(
        "subscription_status_changed",
        subscription=subscription.reference,
        status=status_word(command.status),
        withdrawn=len(withdrawn),
    )
    return _told(
        subscription, kept + new, now, changed=True, row=row, returns=returns, withdrawn=withdrawn
    )


def _row(
    subscription: Subscription,
    status: int,
    effective_at: datetime,
    rows: list[SubscriptionStatusChange],
    *,
    by: User | None,
    now: datetime,
) -> SubscriptionStatusChange:
    """Return a row that wins over all rows of the same effect, since it was commanded later."""
    rivals = [row.recorded_at for row in rows if row.effective_at == effective_at]
    row_id = uuid4()
    after_rivals = [moment + timedelta(microseconds=1) for moment in rivals]
    return SubscriptionStatusChange(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        id=row_id,
        reference=str(row_id),
        status=status,
        effective_at=effective_at,
        recorded_at=max([now, *after_rivals]),
        origin=SubscriptionStatusChange.Origin.COMMAND,
        made_by=by,
    )


def _told(
    subscription: Subscription, rows: list[SubscriptionStatusChange], now: datetime, **what: Any
) -> StatusOutcome:
    """Return the outcome with the status at `now` and the next change, read off the rows."""
    ordered = sorted(rows, key=lambda r: (r.effective_at, r.recorded_at, r.reference))
    past = [row for row in ordered if row.effective_at <= now]
    to_come = [row for row in ordered if row.effective_at > now]
    return StatusOutcome(
        subscription=subscription,
        status_now=past[-1].status if past else None,
        next_change=to_come[0] if to_come else None,
        **what,
    )
