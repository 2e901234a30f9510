"""The rows of pushes: who is at one, under which key, and what came of it.

A worker holds a push by a lease. Its number of attempts goes up with each claim, so it tells one
holder from the next: whoever was overtaken in a slow call finds the number changed, and writes
nothing any more.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import F, Q
from django.urls import reverse

from billing.models import Push, PushDesk, StripeCall
from billing.queries.push_desk import TOLD_AFTER
from core.jobs import enqueue
from core.models import Tenant
from core.operations.alarms import Alarm, tell_owners
from core.tenancy import scope

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

# Longer than the longest call: its turn, the connection and the answer. So soon after a worker was
# killed somebody else goes on with what it held.
LEASE = timedelta(seconds=45)
LONGEST_WAIT = timedelta(minutes=2)
# Stripe forgets keys after a day at the earliest; past this age, look before repeating.
KEY_LIFETIME = timedelta(hours=23)
# The desk's row is written at most this often to say that Stripe answers.
TOLD_EVERY = timedelta(seconds=10)
# What a call comes to that nobody answered.
UNANSWERED = ("no answer", "failed")


class LeaseLost(Exception):
    """Another worker has this push by now; what was just learned is theirs to find out."""


class Turn:
    """One worker's turn at one push: each method is a short transaction of its own."""

    def __init__(self, push: Push, clock: Clock) -> None:
        self.push = push
        self.clock = clock
        self.is_verified = False
        self.has_answer = False
        self._calls: list[StripeCall] = []

    @property
    def tenant_id(self) -> UUID:
        """Whose push it is."""
        return self.push.tenant_id

    def note(self, outcome: str, *, key: str = "", detail: str = "") -> None:
        """Remember what a call came to; the next write keeps it."""
        self.has_answer = self.has_answer or outcome not in UNANSWERED
        self._calls.append(
            StripeCall(
                tenant_id=self.tenant_id,
                push=self.push,
                step=self.push.step,
                idempotency_key=key,
                outcome=outcome[:12],
                detail=detail[:500],
            )
        )

    def hold(self, **changes: Any) -> None:
        """Write what is known and keep the lease; raises LeaseLost. Opens a scope."""
        with scope(self.tenant_id):
            self.write(leased_until=self.clock() + LEASE, next_at=self.clock() + LEASE, **changes)

    def write(self, **changes: Any) -> None:
        """Write changes if the lease is still ours; raises LeaseLost. In scope."""
        push = self.push
        ours = Push.objects.filter(pk=push.pk, attempts=push.attempts)
        if not ours.update(calls=F("calls") + len(self._calls), **changes):
            raise LeaseLost(str(push.pk))
        for name, value in changes.items():
            setattr(push, name, value)
        StripeCall.objects.bulk_create(self._calls)
        self._calls = []

    def use_new_key(self, **changes: Any) -> None:
        """Go on under another key: what the old one did is known by now, or over."""
        self.hold(generation=self.push.generation + 1, key_used_at=self.clock(), **changes)

    def end(self, **changes: Any) -> None:
        """Let go of a push that is done, or that a person must look at. In scope."""
        self.write(leased_until=None, next_at=None, **changes)

    def renew(self) -> None:
        """Keep the lease for one more call, where a step makes several; raises LeaseLost."""
        self.hold()

    def postpone(self, words: str, *, seconds: float | None = None) -> None:
        """Let go of a push that got no further; each time for longer, and not all at one moment.

        `seconds`: what Stripe asks for at least, if it does.
        """
        failures = self.push.failures + 1
        wait = max(seconds or 0.0, _backoff(failures))
        self._let_go(words, wait, failures=failures)
        log.info("push_postponed", push_id=str(self.push.pk), seconds=round(wait, 1), why=words)

    def wait(self, words: str, *, seconds: float) -> None:
        """Let go of a push for which it is not time yet; that is no failure."""
        self._let_go(words, seconds)

    def _let_go(self, words: str, seconds: float, **changes: Any) -> None:
        at = self.clock() + timedelta(seconds=seconds)
        with scope(self.tenant_id):
            self.write(
                state=Push.State.WAITING,
                leased_until=None,
                next_at=at,
                last_error=words[:500],
                **changes,
            )

    def block(self, words: str, *, state: str = Push.State.BLOCKED, **changes: Any) -> None:
        """Leave a push to a person, and say why."""
        with scope(self.tenant_id):
            self.end(state=state, last_error=words[:500], **changes)
            tell_stopped(self.push, words, self.clock())
        log.warning("push_needs_a_person", push_id=str(self.push.pk), state=state, why=words)


def tell_stopped(push: Push, words: str, now: datetime) -> int:
    """Tell the owners that an invoice does not go out: of the first one of their day. In scope.

    A run of thousands may stop for one reason; a letter for each would tell less.
    """
    zone = Tenant.objects.get(pk=push.tenant_id).zone
    alarm = Alarm(
        title="An invoice does not go out to Stripe",
        happened=f"{push.organization.name}: {words} There may be more today; this is the first.",
        money="Nothing wrong was sent, and nobody was charged for it. What you are owed waits.",
        todo="Read at the push desk what differs, then try again or delete the draft at Stripe.",
        path=reverse("billing_push"),
    )
    once = f"push:{now.astimezone(zone).date()}"
    return tell_owners(alarm, subject_id=push.pk, once=once, now=now)


def _backoff(failures: int) -> float:
    wait = min(2.0 ** min(failures, 12), LONGEST_WAIT.total_seconds())
    return wait * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


def claim(push_id: UUID, clock: Clock) -> Turn | None:
    """Take a push that is due, if nobody has it; None otherwise. In scope."""
    now = clock()
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    due = Push.objects.filter(free, pk=push_id, state__in=Push.OPEN, next_at__lte=now)
    return _taken(push_id, clock) if _take(due, now) else None


def claim_next(clock: Clock, *, at_once: int) -> Turn | None:
    """Take the push that has been due for longest, while fewer than `at_once` are held. In scope.

    Workers that look at the same moment each get another one.
    """
    now = clock()
    if Push.objects.filter(leased_until__gt=now).count() >= at_once:
        return None
    due = Push.objects.filter(state__in=Push.OPEN, next_at__lte=now).order_by("next_at")
    found = due.select_for_update(skip_locked=True).values_list("pk", flat=True).first()
    if found is None:
        return None
    _take(Push.objects.filter(pk=found), now)
    return _taken(found, clock)


def _take(rows: Any, now: datetime) -> int:
    # `next_at` moves too, so that what is held is not looked at by everybody else.
    taken: int = rows.update(
        attempts=F("attempts") + 1,
        leased_until=now + LEASE,
        next_at=now + LEASE,
    )
    return taken


def _taken(push_id: UUID, clock: Clock) -> Turn:
    rows = Push.objects.select_related(
        "organization", "invoice__period", "credit_note__invoice__push"
    )
    return Turn(rows.get(pk=push_id), clock)


def tell_answered(now: datetime) -> None:
    """Note on the desk that Stripe answers; what waited for that goes on at once. In scope."""
    away = PushDesk.objects.filter(down_since__lte=now - TOLD_AFTER)
    if away.update(down_since=None, answered_at=now):
        waiting = Push.objects.filter(state=Push.State.WAITING, leased_until=None)
        waiting.update(next_at=now, failures=0)
        enqueue("billing.wake_pushes")
        return
    stale = Q(down_since__isnull=False) | Q(answered_at=None) | Q(answered_at__lt=now - TOLD_EVERY)
    PushDesk.objects.filter(stale).update(down_since=None, answered_at=now)


def is_away(now: datetime) -> bool:
    """Return whether Stripe has given no answer for a while. In scope."""
    return PushDesk.objects.filter(down_since__lte=now - TOLD_AFTER).exists()


def tell_silent(tenant_id: UUID, now: datetime) -> None:
    """Note on the desk since when Stripe gives no certain answer. Opens a scope."""
    with scope(tenant_id):
        PushDesk.objects.filter(down_since=None).update(down_since=now)
