"""Charge members through the shop: claim, call, record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from core.models import User
from core.periods import local_date
from core.tenancy import scope
from subscriptions.models import Charge, ShopAccount, Subscription, SubscriptionStatus
from subscriptions.operations.clashes import broken_rule
from subscriptions.operations.status import SubscriptionUnknown
from subscriptions.queries.words import status_word
from subscriptions.shop import (
    NoCertainAnswer,
    Order,
    Shop,
    ShopDeclined,
    ShopRefused,
    ShopUnavailable,
)

log = structlog.get_logger(__name__)

# Longer than a call can take: who finds a claim older than this knows that its process died.
LEASE = timedelta(minutes=2)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
BATCH = 200

States = Charge.State
_RULES = {"charge_request_id_once_per_tenant", "charge_once_per_month"}


class NotActive(Exception):
    """The subscription is not active, so that nobody may be charged for it."""

    def __init__(self, subscription: Subscription, status: int | None) -> None:
        super().__init__(
            f"Subscription {subscription.reference} is {status_word(status)}, and only active "
            "ones are charged. The shop was not called."
        )


class RequestIdUsedElsewhere(Exception):
    """The request id belongs to the charge of another subscription."""

    def __init__(self, charge: Charge) -> None:
        super().__init__(
            f"The request id {charge.request_id} belongs to a charge of another subscription. "
            "The shop was not called. Use a request id of its own for each charge."
        )


class ChargeUnderWay(Exception):
    """A charge of this subscription for this month has no certain answer yet."""

    def __init__(self, charge: Charge) -> None:
        self.charge = charge
        super().__init__(
            f"The charge {charge.request_id} of this subscription for {charge.month:%B %Y} has "
            "no certain answer from the shop yet. No other one was started. Ask again later "
            f"with the request id {charge.request_id}."
        )


class ShopNotConnected(Exception):
    """The company has no key and secret for the shop."""

    def __init__(self) -> None:
        super().__init__(
            "No key and secret for the shop are stored. Nobody was charged. An admin enters them "
            "in the back office, under Shop accounts."
        )


@dataclass(frozen=True, slots=True)
class ChargeOutcome:
    """A charge as it is now. `is_first_answer`: this request had the shop called.

    Otherwise the answer is that of an earlier request, perhaps under another request id.
    """

    charge: Charge
    is_first_answer: bool
    retry_after: int = 30


def charge(
    *, tenant_id: UUID, reference: str, request_id: str, by: User | None, now: datetime
) -> ChargeOutcome:
    """Have the shop charge a member for the current month of the club, once. Outside any scope.

    Repeating is safe: an answered request id gives its answer again, and so does any request id
    in a month that is charged; one without certain answer is asked again. Raises
    SubscriptionUnknown, NotActive, RequestIdUsedElsewhere, ChargeUnderWay, ShopNotConnected.
    """
    with scope(tenant_id):
        subscription = _found(reference)
        shop = _shop()
        claimed = _claim(subscription, request_id, by, now)
    if not claimed.is_first_answer:
        return claimed
    return _call_and_record(claimed.charge, shop, now)


def ask_again(*, tenant_id: UUID, charge_id: UUID, now: datetime) -> Charge | None:
    """Ask the shop again about a charge that is due; safe to repeat. Outside any scope.

    Returns None when it is not due, or decided by now.
    """
    with scope(tenant_id):
        shop = _shop()
        due = Charge.objects.select_for_update().filter(
            pk=charge_id, state__in=Charge.OPEN, next_at__lte=now
        )
        found = due.first()
        if found is None:
            return None
        _take(found, now)
    return _call_and_record(found, shop, now).charge


def due_charges(*, tenant_id: UUID, now: datetime) -> list[UUID]:
    """Return the charges about which the shop should be asked again, longest waiting first."""
    with scope(tenant_id):
        due = Charge.objects.filter(state__in=Charge.OPEN, next_at__lte=now)
        return list(due.order_by("next_at").values_list("pk", flat=True)[:BATCH])


def _shop() -> Shop:
    account = ShopAccount.objects.first()
    if account is None:
        raise ShopNotConnected
    return Shop(api_key=account.api_key, api_secret=account.api_secret)


def month_of(moment: datetime, subscription: Subscription) -> date:
    """Return the first day of the calendar month that holds `moment` in the club's zone."""
    return local_date(moment, subscription.club.zone).replace(day=1)


def _found(reference: str) -> Subscription:
    rows = Subscription.objects.select_related("club__tenant")
    subscription = rows.filter(reference=reference).first()
    if subscription is None:
        raise SubscriptionUnknown(reference)
    return subscription


def _claim(
    subscription: Subscription, request_id: str, by: User | None, now: datetime
) -> ChargeOutcome:
    while True:  # again only when a rival was quicker; then its row says what is to be done
        found = _earlier(subscription, request_id, now)
        found = found or _new(subscription, request_id, by, now)
        if found is not None:
            return found


def _earlier(subscription: Subscription, request_id: str, now: datetime) -> ChargeOutcome | None:
    """Return what an earlier request has left to say or to ask again; None if there is none."""
    own = Charge.objects.select_for_update().filter(request_id=request_id).first()
    if own is not None and own.subscription_id != subscription.pk:
        raise RequestIdUsedElsewhere(own)
    if own is not None and own.state != States.UNSENT:
        return _said_or_asked_again(own, now)
    holder = Charge.objects.filter(
        subscription=subscription, month=month_of(now, subscription), state__in=Charge.HOLDING
    ).first()
    if holder is not None:
        if holder.state != States.CHARGED:
            raise ChargeUnderWay(holder)
        return ChargeOutcome(holder, is_first_answer=False)
    return _send_after_all(own, subscription, now) if own is not None else None


def _said_or_asked_again(own: Charge, now: datetime) -> ChargeOutcome:
    if own.state not in Charge.OPEN:
        return ChargeOutcome(own, is_first_answer=False)
    if own.state == States.CLAIMED and own.next_at is not None and own.next_at > now:
        raise ChargeUnderWay(own)
    _take(own, now)
    return ChargeOutcome(own, is_first_answer=True)


def _take(charge: Charge, now: datetime) -> None:
    """Hold a charge for the length of a call, so that no other process calls meanwhile."""
    charge.state = States.CLAIMED
    charge.next_at = now + LEASE
    charge.attempts += 1
    charge.save(update_fields=["state", "next_at", "attempts"])


def _send_after_all(own: Charge, subscription: Subscription, now: datetime) -> ChargeOutcome | None:
    """Try a charge again that never left the house; it counts for the month it is now.

    Returns None when a rival took the month meanwhile.
    """
    _refuse_inactive(subscription, now)
    own.month = month_of(now, subscription)
    own.attempts = 0
    try:
        with transaction.atomic():
            own.save(update_fields=["month"])
            _take(own, now)
    except IntegrityError as error:
        _refuse_other(error)
        return None
    return ChargeOutcome(own, is_first_answer=True)


def _new(
    subscription: Subscription, request_id: str, by: User | None, now: datetime
) -> ChargeOutcome | None:
    _refuse_inactive(subscription, now)
    try:
        with transaction.atomic():
            made = Charge.objects.create(
                tenant_id=subscription.tenant_id,
                subscription=subscription,
                request_id=request_id,
                month=month_of(now, subscription),
                customer_store_id=subscription.customer_store_id,
                store_sku=subscription.club.store_sku,
                attempts=1,
                next_at=now + LEASE,
                requested_by=by,
            )
    except IntegrityError as error:
        _refuse_other(error)
        return None
    return ChargeOutcome(made, is_first_answer=True)


def _refuse_other(error: IntegrityError) -> None:
    """Let pass that a rival took the request id or the month; raise any other broken rule."""
    if broken_rule(error) not in _RULES:
        raise error


def _refuse_inactive(subscription: Subscription, now: datetime) -> None:
    status = subscription.status_at(now)
    if status != SubscriptionStatus.ACTIVE:
        raise NotActive(subscription, status)


def _call_and_record(charge: Charge, shop: Shop, now: datetime) -> ChargeOutcome:
    order = Order(charge.request_id, charge.customer_store_id, charge.store_sku)
    retry_after = 30
    try:
        found = _charged(shop.order(order), now)
    except ShopDeclined as no:
        found = _decided(States.DECLINED, Charge.Cause.CUSTOMER, str(no), now)
    except ShopRefused as no:
        found = _refused(no, charge, now)
    except ShopUnavailable as down:
        retry_after = down.retry_after
        found = _unsent(str(down), charge, now)
    except NoCertainAnswer as unsure:
        found = _unsure(str(unsure), charge, now)
    with scope(charge.tenant_id):
        return ChargeOutcome(_record(charge, found), True, retry_after)


def _charged(answer: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {**_decided(States.CHARGED, Charge.Cause.NONE, "", now), "answer": answer}


def _decided(state: str, cause: str, reason: str, now: datetime) -> dict[str, Any]:
    return {
        "state": state,
        "cause": cause,
        "reason": reason[:500],
        "next_at": None,
        "decided_at": now,
    }


def _refused(no: ShopRefused, charge: Charge, now: datetime) -> dict[str, Any]:
    """Take a refusal as certain, unless it is about us while an earlier try is in the dark."""
    if no.is_credentials and charge.attempts > 1:
        return _unsure(f"{no} (our key or secret was refused)", charge, now)
    cause = Charge.Cause.CUSTOMER if no.status == 404 else Charge.Cause.OURS
    return _decided(States.REFUSED, cause, str(no), now)


def _unsent(words: str, charge: Charge, now: datetime) -> dict[str, Any]:
    """Nothing happened this time; what an earlier try did stays in the dark."""
    if charge.attempts > 1:
        return _unsure(words, charge, now)
    return _decided(States.UNSENT, Charge.Cause.RETRY, words, now)


def _unsure(words: str, charge: Charge, now: datetime) -> dict[str, Any]:
    wait = min(FIRST_WAIT * 2 ** min(charge.attempts - 1, 10), LONGEST_WAIT)
    return {
        "state": States.UNKNOWN,
        "cause": Charge.Cause.RETRY,
        "reason": words[:500],
        "next_at": now + wait,
        "decided_at": None,
    }


def _record(charge: Charge, found: dict[str, Any]) -> Charge:
    """Write what the shop said, unless another process has had a certain answer meanwhile.

    Anything but an order counts only while no later try was begun: a process that was held up for
    longer than its lease must not call certain what another one has left in the dark.
    """
    rows = Charge.objects.filter(pk=charge.pk, state__in=Charge.OPEN)
    if found["state"] != States.CHARGED:
        rows = rows.filter(attempts=charge.attempts)
    rows.update(**found)
    charge.refresh_from_db()
    log.info("charge_recorded", charge_id=str(charge.pk), state=charge.state)
    return charge
