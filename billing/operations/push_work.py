"""The work of the push desk: claim the next one that is due, take it as far as it goes; again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from uuid import UUID

import structlog
from django.conf import settings

from billing.models import Invoice, Push, PushDesk
from billing.operations.notices import tell_not_sent
from billing.operations.push_credit import push_credit_note
from billing.operations.push_customers import CustomerNotReady, make_customer
from billing.operations.push_invoice import push_invoice
from billing.operations.push_paid import push_paid
from billing.operations.push_rows import (
    Clock,
    LeaseLost,
    Turn,
    claim_next,
    tell_answered,
    tell_silent,
)
from billing.operations.push_void import push_void
from billing.queries.accounts import NoStripeAccount, account_of
from core.tenancy import scope
from payments.gateway import LimitUsedUp, StripeRefused, StripeUnavailable
from payments.models import StripeAccount

log = structlog.get_logger(__name__)

# After so many without an answer in a row a worker ends its turn: Stripe is away.
SILENT_AFTER = 5


class Outcome(Enum):
    """What became of a worker's look for work."""

    NOTHING_DUE = "nothing due"
    PUSHED = "pushed"
    NO_ANSWER = "no answer"


def work_pushes(*, tenant_id: UUID, clock: Clock, goes_on: Callable[[], bool]) -> bool:
    """Push what is due, one after the other, as long as `goes_on`. Outside any scope.

    As many may work at once as wanted: PUSH_PARALLEL of them are given something. Returns whether
    there is more to do right now.
    """
    silent = 0
    while goes_on():
        outcome = push_next(tenant_id=tenant_id, clock=clock)
        if outcome is Outcome.NOTHING_DUE:
            return False
        silent = silent + 1 if outcome is Outcome.NO_ANSWER else 0
        if silent >= SILENT_AFTER:
            return False
    return True


def push_next(*, tenant_id: UUID, clock: Clock) -> Outcome:
    """Push what has been due for longest, unless the desk is paused. Outside any scope."""
    with scope(tenant_id):
        if PushDesk.objects.filter(paused_at__isnull=False).exists():
            return Outcome.NOTHING_DUE
        try:
            account = account_of()
        except NoStripeAccount:
            return Outcome.NOTHING_DUE
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
    except CustomerNotReady as error:
        _let_go(turn, str(error))
    except LimitUsedUp as error:
        _let_go(turn, str(error), seconds=1)
    except StripeUnavailable as error:
        _let_go(turn, str(error), seconds=error.retry_after)
        if not error.limit:
            tell_silent(turn.tenant_id, turn.clock())
        return Outcome.NO_ANSWER
    except StripeRefused as refusal:
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


def _let_go(turn: Turn, words: str, seconds: float | None = None) -> None:
    """Put a push off whose steps did not do so themselves."""
    if turn.push.leased_until is None:
        return
    try:
        turn.postpone(words, seconds=seconds)
    except LeaseLost:
        log.warning("push_lease_lost", push_id=str(turn.push.pk))


def _tell(turn: Turn) -> None:
    """Stripe answered; and a developer whose invoice waits for a person is told so."""
    push = turn.push
    with scope(turn.tenant_id):
        tell_answered(turn.clock())
        is_stopped = push.state in (Push.State.BLOCKED, Push.State.MISMATCH)
        if push.invoice is not None and is_stopped and push.step != Push.Step.PAID:
            tell_not_sent(push.invoice)


def has_due(*, tenant_id: UUID, now: datetime) -> bool:
    """Return whether there is something to push right now. Opens a scope."""
    with scope(tenant_id):
        if PushDesk.objects.filter(paused_at__isnull=False).exists():
            return False
        return Push.objects.filter(state__in=Push.OPEN, next_at__lte=now).exists()
