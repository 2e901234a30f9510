"""What staff do at the push desk: pause, resume, try again, and throw a wrong draft away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet

from billing.models import Invoice, Push, PushDesk
from billing.operations.push.invoice import START_ANEW
from core.jobs import enqueue
from core.models import User
from core.tenancy import current

log = structlog.get_logger(__name__)

STOPPED = (Push.State.MISMATCH, Push.State.BLOCKED)


def desk_of() -> PushDesk:
    """Return the desk of the company in scope, made if there is none."""
    PushDesk.objects.bulk_create([PushDesk(tenant_id=current().tenant_id)], ignore_conflicts=True)
    return PushDesk.objects.select_related("paused_by").get()


def pause_pushes(*, reason: str, by: User | None, now: datetime) -> PushDesk:
    """Begin no push any more until resumed; what is under way is finished. In scope."""
    desk = desk_of()
    PushDesk.objects.filter(pk=desk.pk, paused_at=None).update(
        paused_at=now, paused_by=by, pause_reason=reason.strip()[:300]
    )
    log.info("pushes_paused")
    return desk_of()


def resume_pushes(*, now: datetime) -> PushDesk:
    """Go on; repeating changes nothing. In scope."""
    PushDesk.objects.update(paused_at=None, paused_by=None, pause_reason="")
    enqueue("billing.wake_pushes")
    log.info("pushes_resumed")
    return desk_of()


def retry_push(*, push_id: UUID, now: datetime) -> bool:
    """Try one push again now; returns False if it is under way, done or dropped. In scope."""
    found = Push.objects.filter(pk=push_id).first()
    if found is not None and found.invoice_id is not None:
        _again(_customer_of(found), now)
    return bool(_again(Push.objects.filter(pk=push_id), now))


def retry_pushes(*, now: datetime) -> int:
    """Try all again that wait or were stopped; returns how many. In scope."""
    return _again(Push.objects.all(), now)


def _customer_of(push: Push) -> QuerySet[Push]:
    rows = Push.objects.filter(organization_id=push.organization_id, step=Push.Step.CUSTOMER)
    return rows.filter(invoice=None, credit_note=None)


def _again(rows: QuerySet[Push], now: datetime) -> int:
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    rows = rows.filter(free)
    waiting = rows.filter(state=Push.State.WAITING).update(next_at=now, failures=0)
    # What stands at Stripe is read again before anything else happens to it.
    there = rows.filter(state__in=STOPPED, invoice__state=Invoice.State.FINAL)
    sent = there.exclude(stripe_id=None).exclude(step=Push.Step.PAID)
    sent.update(step=Push.Step.VERIFY, sending=[])
    stopped = rows.filter(state__in=STOPPED).update(
        state=Push.State.QUEUED, next_at=now, failures=0
    )
    if waiting or stopped:
        enqueue("billing.wake_pushes")
    return waiting + stopped


def request_new_draft(*, push_id: UUID, now: datetime) -> bool:
    """Have a worker throw a stopped push's draft away at Stripe and send the invoice anew.

    In scope. Returns False when the push goes its way by itself. What is final at Stripe is never
    thrown away: the worker finds that out and says so.
    """
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    mine = Push.objects.filter(
        free, pk=push_id, state__in=STOPPED, invoice__state=Invoice.State.FINAL
    ).exclude(step=Push.Step.PAID)
    if not mine.exclude(stripe_id=None).update(
        state=Push.State.QUEUED,
        step=Push.Step.VERIFY,
        sending=[START_ANEW],
        next_at=now,
        key_used_at=now,
    ):
        return bool(mine.filter(stripe_id=None).exists() and retry_push(push_id=push_id, now=now))
    enqueue("billing.wake_pushes")
    return True
