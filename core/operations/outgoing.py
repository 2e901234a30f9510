"""Tell programs of a company what happened: announced with the work, delivered after it.

Source of the rules: standard-webhooks/standard-webhooks, spec/standard-webhooks.md, "Payload
structure", "Operational considerations" (deliverability and reliability; 2xx is success; 410
switches the endpoint off; the schedule of retries) and "Server-side request forgery".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from core import event_types
from core.invalid import WrongField
from core.jobs import enqueue
from core.models import Tenant, WebhookDelivery, WebhookEndpoint, WebhookMessage
from core.models.webhook import LONGEST_EXCERPT
from core.outside_http import AddressRefused, NoAnswer, post
from core.signatures import signed_headers
from core.tenancy import current, scope

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=1)
BATCH = 200
# At one go; the next hour takes the rest.
MOST_DELETED = 5000
GONE = 410
TEST = "webhook.test"
# The waits after the first, second, ... try; after the last of them it is given up.
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
OFF_AFTER = timedelta(days=5)


class UnknownEventType(ValueError):
    """Code announced a type that nobody registered; no program could ask for it."""


class DeliveryUnderWay(Exception):
    """A worker is sending this delivery at this moment."""


class EndpointOff(Exception):
    """The endpoint is switched off; nothing is sent to it."""


def announce(
    event_type: str, payload: Mapping[str, Any], *, subject: str, now: datetime
) -> WebhookMessage | None:
    """Have all endpoints that listen to this type told; a worker sends it. In scope.

    Call it in the transaction of the change itself: both are kept or neither. `payload` must be
    JSON as it is; ids and figures, no payer's details. `subject` is the id of what it is about.
    Not safe to repeat: each call is an event. Returns None, and stores nothing, when nobody
    listens. Raises UnknownEventType.
    """
    if event_type not in event_types.known():
        raise UnknownEventType(event_type)
    rows = WebhookEndpoint.objects.filter(is_active=True)
    listening = rows.filter(Q(event_types=[]) | Q(event_types__contains=[event_type]))
    endpoints = list(listening.values_list("pk", flat=True))
    if not endpoints:
        return None
    return _post_to(endpoints, event_type, payload, subject, now)


def announce_test(*, endpoint_id: UUID, now: datetime) -> WebhookMessage:
    """Send the event `webhook.test` to one endpoint alone, whatever it listens to. In scope.

    Raises EndpointOff.
    """
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    if not endpoint.is_active:
        raise EndpointOff("The endpoint is switched off. Switch it on first.")
    payload = {"endpoint": str(endpoint.pk)}
    return _post_to([endpoint.pk], TEST, payload, str(endpoint.pk), now)


def _post_to(
    endpoints: list[UUID],
    event_type: str,
    payload: Mapping[str, Any],
    subject: str,
    now: datetime,
) -> WebhookMessage:
    moment = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"type": event_type, "timestamp": moment, "data": dict(payload)}
    message = WebhookMessage.objects.create(
        tenant_id=current().tenant_id,
        event_type=event_type,
        subject=subject,
        body=json.dumps(body, separators=(",", ":")),
        happened_at=now,
    )
    for endpoint_id in endpoints:
        delivery = WebhookDelivery.objects.create(
            tenant_id=message.tenant_id, message=message, endpoint_id=endpoint_id, next_at=now
        )
        enqueue("core.deliver_webhook", delivery_id=delivery.pk)
    return message


@dataclass(frozen=True, slots=True)
class _Claim:
    delivery_id: UUID
    attempts: int
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: int | None
    words: str

    @property
    def is_heard(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def deliver_webhook(*, tenant_id: UUID, delivery_id: UUID, now: datetime) -> bool:
    """Send one delivery that is due: claim, call, record. Returns whether it was heard.

    Repeating is safe: a delivery that is not due, or that another worker sends, is left alone;
    one whose worker died is sent again, with the same `webhook-id`.
    """
    with scope(tenant_id):
        claim = _claim(delivery_id, now)
    if claim is None:
        return False
    outcome = _call(claim)
    with scope(tenant_id):
        _record(claim, outcome, now)
    log.info("webhook_tried", delivery_id=str(delivery_id), status=outcome.status, n=claim.attempts)
    return outcome.is_heard


def _claim(delivery_id: UUID, now: datetime) -> _Claim | None:
    rows = WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    due = rows.filter(free, pk=delivery_id, state=WebhookDelivery.State.WAITING, next_at__lte=now)
    delivery = due.select_related("message", "endpoint").first()
    if delivery is None:
        return None
    if not delivery.endpoint.is_active:
        delivery.state, delivery.next_at = WebhookDelivery.State.GIVEN_UP, None
        delivery.last_answer = "The endpoint was switched off."
        delivery.save(update_fields=["state", "next_at", "last_answer"])
        return None
    delivery.attempts += 1
    delivery.leased_until, delivery.tried_at = now + LEASE, now
    delivery.save(update_fields=["attempts", "leased_until", "tried_at"])
    body = delivery.message.body.encode()
    headers = signed_headers(
        secrets_in_use(delivery.endpoint, now),
        reference=delivery.message.reference,
        now=now,
        body=body,
    )
    return _Claim(delivery.pk, delivery.attempts, delivery.endpoint.url, body, headers)


def secrets_in_use(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Return the secrets that sign at `now`, newest first."""
    former, until = endpoint.former_secret, endpoint.former_secret_until
    return [endpoint.secret, *([former] if former and until and now < until else [])]


def _call(claim: _Claim) -> _Outcome:
    headers = {"Content-Type": "application/json", "User-Agent": "Taproom-Webhooks/1"}
    try:
        answer = post(claim.url, claim.body, {**headers, **claim.headers})
    except (NoAnswer, AddressRefused) as error:
        return _Outcome(None, str(error))
    if 300 <= answer.status < 400:
        return _Outcome(answer.status, "It redirects; redirects are not followed.")
    return _Outcome(answer.status, answer.excerpt)


def _record(claim: _Claim, outcome: _Outcome, now: datetime) -> None:
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("endpoint")
    delivery = rows.get(pk=claim.delivery_id)
    if delivery.attempts != claim.attempts:
        return  # the lease ran out and another worker took over
    delivery.leased_until = None
    delivery.last_status = outcome.status
    delivery.last_answer = outcome.words.replace("\0", "")[:LONGEST_EXCERPT]
    states = WebhookDelivery.State
    wait = WAITS[claim.attempts - 1] if claim.attempts <= len(WAITS) else None
    if outcome.is_heard:
        delivery.state, delivery.next_at, delivery.delivered_at = states.DELIVERED, None, now
    elif wait is None or outcome.status == GONE:
        delivery.state, delivery.next_at = states.GIVEN_UP, None
    else:
        delivery.next_at = now + wait
    delivery.save()
    _judge_endpoint(delivery.endpoint_id, outcome, now)


def _judge_endpoint(endpoint_id: UUID, outcome: _Outcome, now: datetime) -> None:
    """Note that an endpoint works or fails; switch one off that is gone or has failed for days."""
    rows = WebhookEndpoint.objects.filter(pk=endpoint_id)
    if outcome.is_heard:
        rows.exclude(failing_since=None).update(failing_since=None)
        return
    rows.filter(failing_since=None).update(failing_since=now)
    if outcome.status == GONE:
        _switch_off(rows, "It answered 410 Gone: it wants no more events.")
    else:
        lasting = rows.filter(failing_since__lte=now - OFF_AFTER)
        _switch_off(lasting, f"Nothing sent to it was heard for {OFF_AFTER.days} days.")


def _switch_off(rows: Any, why: str) -> None:
    rows.filter(is_active=True).update(is_active=False, off_reason=why, version=F("version") + 1)


def replay_delivery(*, delivery_id: UUID, now: datetime) -> WebhookDelivery:
    """Send a delivery once more from its first try on, with the same `webhook-id`. In scope.

    For one that was heard, too: whoever lost it asks for it. Raises DeliveryUnderWay, EndpointOff.
    """
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("endpoint")
    delivery = rows.get(pk=delivery_id)
    if delivery.leased_until is not None and delivery.leased_until > now:
        raise DeliveryUnderWay("It is being sent at this moment; look again in a minute.")
    if not delivery.endpoint.is_active:
        raise EndpointOff("The endpoint is switched off. Switch it on first.")
    delivery.state, delivery.next_at, delivery.attempts = WebhookDelivery.State.WAITING, now, 0
    delivery.save(update_fields=["state", "next_at", "attempts"])
    enqueue("core.deliver_webhook", delivery_id=delivery.pk)
    return delivery


def sweep_webhooks(*, tenant_id: UUID, now: datetime) -> int:
    """Send tasks for deliveries that are due and that nobody sends; returns how many."""
    with scope(tenant_id):
        free = Q(leased_until=None) | Q(leased_until__lte=now)
        due = WebhookDelivery.objects.filter(
            free, state=WebhookDelivery.State.WAITING, next_at__lte=now
        )
        found = list(due.order_by("next_at").values_list("pk", flat=True)[:BATCH])
        for pk in found:
            enqueue("core.deliver_webhook", delivery_id=pk)
    return len(found)


def delete_old_messages(*, now: datetime) -> int:
    """Delete messages whose time is over, with their deliveries; returns how many. In scope.

    A delivery that is still tried keeps its message.
    """
    before = now - timedelta(days=settings.KEEP_MESSAGES_DAYS)
    old = WebhookMessage.objects.filter(created_at__lt=before)
    waiting = WebhookDelivery.objects.filter(
        message=OuterRef("pk"), state=WebhookDelivery.State.WAITING
    )
    ids = list(old.exclude(Exists(waiting)).values_list("pk", flat=True)[:MOST_DELETED])
    WebhookMessage.objects.filter(pk__in=ids).delete()
    return len(ids)


def tenants_that_send() -> list[UUID]:
    """Return all active tenants; a sweep looks at each in its own scope."""
    return list(Tenant.objects.filter(is_active=True).values_list("pk", flat=True))


def wrong_event_types(names: list[str]) -> list[WrongField]:
    """Return what is wrong with the types an endpoint asks for."""
    unknown = sorted(set(names) - set(event_types.known()))
    if not unknown:
        return []
    listed = ", ".join(event_types.known())
    words = f"There is no type {', '.join(unknown)[:200]}. There are: {listed}."
    return [WrongField("event_types", "unknown_type", words)]
