"""The work of the push desk: claim what has been due for longest, and take it as far as it goes."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Min, QuerySet

from billing.models import Invoice, Push, PushDesk
from billing.operations.notices import tell_not_sent
from billing.operations.push.credit import push_credit_note
from billing.operations.push.customers import CustomerNotReady, make_customer
from billing.operations.push.invoice import push_invoice
from billing.operations.push.paid import push_paid
from billing.operations.push.rows import (
    Clock,
    LeaseLost,
    Turn,
    claim_next,
    is_away,
    tell_answered,
    tell_silent,
)
from billing.operations.push.void import push_void
from billing.queries.accounts import NoStripeAccount, account_of
from core.tenancy import scope
from payments.gateway import LimitUsedUp, StripeRefused, StripeUnavailable, bulk_pause
from payments.models import StripeAccount

log = structlog.get_logger(__name__)

# The place that looks whether Stripe is back, while all others rest.
SCOUT = 0
# So often it looks, in seconds, and so long a worker waits at most for Stripe's limits.
SCOUTS_EVERY = 5.0
LONGEST_PAUSE = 20.0


class Outcome(Enum):
    """What became of a worker's look for work."""

    NOTHING_DUE = "nothing due"
    PUSHED = "pushed"
    NO_ANSWER = "no answer"
    HELD_BACK = "held back"


def take_turn(*, tenant_id: UUID, place: int, clock: Clock) -> float | None:
    """Push one thing at a place of the desk. Outside any scope.

    One only, so that companies who share workers go on in turn. Returns after how many seconds
    the place goes on, None when there is nothing for it. While Stripe is away a single place asks
    now and then, instead of all holding workers until their time is out.
    """
    if place != SCOUT and _is_away(tenant_id, clock()):
        return None
    outcome = push_next(tenant_id=tenant_id, clock=clock)
    if outcome is Outcome.NOTHING_DUE:
        return None
    if outcome is Outcome.HELD_BACK:
        return min(LONGEST_PAUSE, max(1.0, pause_of(tenant_id)))
    return SCOUTS_EVERY if _is_away(tenant_id, clock()) else 0.0


def _is_away(tenant_id: UUID, now: datetime) -> bool:
    with scope(tenant_id):
        return is_away(now)


def pause_of(tenant_id: UUID) -> float:
    """Return for how many seconds Stripe wants nothing in bulk of a company. Opens a scope."""
    with scope(tenant_id):
        return bulk_pause(account_of())


def push_next(*, tenant_id: UUID, clock: Clock) -> Outcome:
    """Push what has been due for longest, unless the desk is paused. Outside any scope.

    Nothing is begun while Stripe's limits hold it back.
    """
    with scope(tenant_id):
        if PushDesk.objects.filter(paused_at__isnull=False).exists():
            return Outcome.NOTHING_DUE
        try:
            account = account_of()
        except NoStripeAccount:
            return Outcome.NOTHING_DUE
        if bulk_pause(account):
            return Outcome.HELD_BACK if _due(clock()).exists() else Outcome.NOTHING_DUE
        turn = claim_next(clock, at_once=settings.PUSH_PARALLEL)
    if turn is None:
        return Outcome.NOTHING_DUE
    return drive(turn, account)


def drive(turn: Turn, account: StripeAccount) -> Outcome:
    """Take one claimed push as far as it goes; whatever happens, its row says so after."""
    try:
        _drive(turn, account)
    except LeaseLost:
        log.warning("push_lease_lost", push_id=str(turn.push.pk))
    except CustomerNotReady:
        pass  # its own row says why, and this one when it goes on
    except LimitUsedUp as error:
        _let_go(turn, str(error), is_failure=False, seconds=1)
        return Outcome.HELD_BACK
    except StripeUnavailable as error:
        _let_go(turn, str(error), seconds=error.retry_after)
        if error.is_silence:
            tell_silent(turn.tenant_id, turn.clock())
        return Outcome.NO_ANSWER
    except StripeRefused as refusal:
        turn.has_answer = True
        _let_go(turn, f"Stripe refuses it: {refusal}")
    _tell(turn)
    return Outcome.PUSHED


def _drive(turn: Turn, account: StripeAccount) -> None:
    push = turn.push
    if push.credit_note is not None:
        push_credit_note(turn, push.credit_note, account)
    elif push.invoice is None:
        make_customer(turn, account)
    elif push.invoice.state == Invoice.State.VOID:
        push_void(turn, account)
    elif push.step == Push.Step.PAID:
        push_paid(turn, account)
    else:
        push_invoice(turn, push.invoice, account)


def _let_go(
    turn: Turn, words: str, *, seconds: float | None = None, is_failure: bool = True
) -> None:
    """Put a push off whose steps did not do so themselves."""
    if turn.push.leased_until is None:
        return
    try:
        if is_failure:
            turn.postpone(words, seconds=seconds)
        else:
            turn.wait(words, seconds=seconds or 0)
    except LeaseLost:
        log.warning("push_lease_lost", push_id=str(turn.push.pk))


def _tell(turn: Turn) -> None:
    """Note that Stripe answered; and tell a developer whose invoice waits for a person so."""
    push = turn.push
    with scope(turn.tenant_id):
        if turn.has_answer:
            tell_answered(turn.clock())
        is_stopped = push.state in (Push.State.BLOCKED, Push.State.MISMATCH)
        if push.invoice is not None and is_stopped and push.step != Push.Step.PAID:
            tell_not_sent(push.invoice)


def _due(now: datetime) -> QuerySet[Push]:
    return Push.objects.filter(state__in=Push.OPEN, next_at__lte=now)


def has_due(*, tenant_id: UUID, now: datetime) -> bool:
    """Return whether there is something to push right now. Opens a scope."""
    with scope(tenant_id):
        if PushDesk.objects.filter(paused_at__isnull=False).exists():
            return False
        return _due(now).exists()


def next_due(*, tenant_id: UUID, now: datetime) -> float | None:
    """Return in how many seconds something is due, what others hold included. Opens a scope.

    None as well while the desk is paused or Stripe is away: then nobody is to be woken for it.
    """
    with scope(tenant_id):
        if PushDesk.objects.filter(paused_at__isnull=False).exists() or is_away(now):
            return None
        found = Push.objects.filter(state__in=Push.OPEN).aggregate(at=Min("next_at"))["at"]
    return max(0.0, (found - now).total_seconds()) if found else None
