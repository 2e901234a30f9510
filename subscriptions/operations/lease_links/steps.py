"""One object at Stripe for one row: claim, call, record.

The link row says what is being tried, with its idempotency key, before Stripe is called; the id is
stored after. A try that was cut off is repeated under the same key with the same parameters; once
the key may be forgotten, or when its stored answer is an error, Stripe is read first and what is
there is adopted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection

from core.tenancy import scope
from payments.gateway import StripeRefused, StripeUnavailable
from subscriptions.models import StripeLink

log = structlog.get_logger(__name__)

Step = StripeLink.Step
State = StripeLink.State
# How long one who has claimed a row has for its calls: longer than all retries of one call.
LEASE = timedelta(minutes=3)
_LONGEST_WAIT = timedelta(minutes=10)
_SUBJECT = {
    Step.CUSTOMER: "resident_id",
    Step.PRODUCT: "room_id",
    Step.PRICE: "room_id",
    Step.LEASE_PRICE: "lease_id",
    Step.SUBSCRIPTION: "lease_id",
    Step.CANCELLATION: "lease_id",
}


class BeingLinked(Exception):
    """Another process is at this row; it will be done by that one."""


class NotLinked(Exception):
    """Stripe said no, or gave no certain answer; `is_certain` says which."""

    def __init__(self, message: str, *, is_certain: bool) -> None:
        super().__init__(message)
        self.is_certain = is_certain


@dataclass(frozen=True, slots=True)
class Work:
    """One step for one row.

    `params` gives the parameters at the moment when the key was first used; `create` calls Stripe
    and returns the new id; `find` looks there for what is ours; `keep` stores the id on the row,
    in scope.
    """

    tenant_id: UUID
    step: Step
    subject_id: UUID
    params: Callable[[datetime], dict[str, Any]]
    create: Callable[[dict[str, Any], str], str]
    find: Callable[[datetime], str | None]
    keep: Callable[[str], None]
    digest: str = ""


def do_step(work: Work, *, now: datetime) -> str:
    """Make the object at Stripe unless it is there, and store its id. Returns the id.

    Safe to repeat and to be killed anywhere. Raises BeingLinked, NotLinked.
    """
    with scope(work.tenant_id):
        link = _claim(work, now)
        if link.state == State.DONE:
            work.keep(link.stripe_id)
            return link.stripe_id
    try:
        stripe_id = _call(work, link, now)
    except StripeUnavailable as error:
        _postpone(link, str(error), now)
        raise NotLinked(str(error), is_certain=False) from error
    except StripeRefused as refusal:
        _refuse(link, str(refusal))
        raise NotLinked(str(refusal), is_certain=True) from refusal
    with scope(work.tenant_id):
        record(work.tenant_id, work.step, work.subject_id, stripe_id, work.digest)
        work.keep(stripe_id)
    return stripe_id


def record(tenant_id: UUID, step: Step, subject_id: UUID, stripe_id: str, digest: str) -> None:
    """Note that Stripe has the object of a step. In scope; repeating is safe."""
    done = {
        "state": State.DONE, "stripe_id": stripe_id, "sent_digest": digest, "last_error": "",
        "leased_until": None, "next_at": None,
    }  # fmt: skip
    subject: dict[str, Any] = {_SUBJECT[step]: subject_id}
    StripeLink.objects.update_or_create(tenant_id=tenant_id, step=step, **subject, defaults=done)


def reopen(link: StripeLink) -> None:
    """Have a step done anew, under a new key: what it made is to be replaced. In scope."""
    StripeLink.objects.filter(pk=link.pk, state=State.DONE).update(
        state=State.WAITING, epoch=link.epoch + 1, key_used_at=None, attempts=0
    )


def link_of(step: Step, subject_id: UUID) -> StripeLink | None:
    """Return the link of a step. In scope."""
    return StripeLink.objects.filter(step=step, **{_SUBJECT[step]: subject_id}).first()


def _claim(work: Work, now: datetime) -> StripeLink:
    subject: dict[str, Any] = {_SUBJECT[work.step]: work.subject_id}
    with connection.cursor() as cursor:
        # There may be no row yet that could be locked.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"lease_link:{work.step}:{work.subject_id}"],
        )
    link, _ = StripeLink.objects.get_or_create(tenant_id=work.tenant_id, step=work.step, **subject)
    if link.state == State.DONE:
        return link
    if link.leased_until is not None and link.leased_until > now:
        raise BeingLinked
    link.state = State.WAITING
    link.leased_until = now + LEASE
    link.attempts += 1
    link.save(update_fields=["state", "leased_until", "attempts"])
    return link


def _call(work: Work, link: StripeLink, now: datetime) -> str:
    """Return the id of the object, made now, by an earlier try, or by nobody knows whom."""
    if link.has_old_key(now):
        return work.find(_first_try(link, now)) or _anew(work, link, now)
    if link.key_used_at is None:
        _remember_key(link, now)
    try:
        return work.create(work.params(_key_time(link)), link.idempotency_key)
    except StripeRefused as refusal:
        if not _may_hide_success(link, refusal, now):
            raise
        return work.find(_first_try(link, now)) or _anew(work, link, now)


def _may_hide_success(link: StripeLink, refusal: StripeRefused, now: datetime) -> bool:
    """Return whether a refusal says nothing certain about an earlier try under the same key."""
    return refusal.replayed or refusal.code == "idempotency_error" or link.attempts > 1


def _anew(work: Work, link: StripeLink, now: datetime) -> str:
    link.epoch += 1
    _remember_key(link, now)
    return work.create(work.params(now), link.idempotency_key)


def _remember_key(link: StripeLink, now: datetime) -> None:
    link.key_used_at = now
    with scope(link.tenant_id):
        link.save(update_fields=["epoch", "key_used_at"])


def _key_time(link: StripeLink) -> datetime:
    assert link.key_used_at is not None  # noqa: S101 - _remember_key has set it
    return link.key_used_at


def _first_try(link: StripeLink, now: datetime) -> datetime:
    """Return a moment before which no try can have made the object."""
    return min(link.created_at, link.key_used_at or now) - timedelta(days=2)


def _postpone(link: StripeLink, error: str, now: datetime) -> None:
    wait = min(timedelta(seconds=2 ** min(link.attempts, 10)), _LONGEST_WAIT)
    with scope(link.tenant_id):
        StripeLink.objects.filter(pk=link.pk, state=State.WAITING).update(
            leased_until=None, next_at=now + wait, last_error=error[:500]
        )
    log.warning("lease_link_postponed", link_id=str(link.pk), step=link.step, reason=error)


def _refuse(link: StripeLink, error: str) -> None:
    with scope(link.tenant_id):
        StripeLink.objects.filter(pk=link.pk, state=State.WAITING).update(
            state=State.REFUSED, leased_until=None, next_at=None, last_error=error[:500]
        )
    log.warning("lease_link_refused", link_id=str(link.pk), step=link.step, reason=error)
