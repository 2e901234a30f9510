"""The inbox: keep every verified event, then act on each one once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet

from core.jobs import enqueue
from core.models import Entry
from core.models.by_hand import ByHand, fetch_one
from core.tenancy import scope
from payments.gateway import StripeRefused, StripeUnavailable, verify_signature
from payments.models import StripeAccount, StripeEvent

log = structlog.get_logger(__name__)

Handler = Callable[[StripeEvent, dict[str, Any], datetime], str]

LARGEST_BODY = 1_000_000
# Stripe's events are some ten levels deep. What is far deeper would be kept, and then break all
# who walk through it: the mirror, the admin, a rotation of keys.
DEEPEST = 60
LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=1)
# What a handler says of an object that belongs to somebody else.
NOT_OURS = "not ours"


HANDLERS: dict[str, list[Handler]] = {}

# What the endpoint at Stripe is subscribed to.
HANDLED_TYPES = HANDLERS.keys()

_INSERT = """
INSERT INTO payments_stripeevent
    (tenant_id, account_id, stripe_event_id, type, object_id, payload, stripe_created_at, next_at,
     outcome, attempts, last_error)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '', 0, '')
ON CONFLICT ON CONSTRAINT stripe_event_once_per_tenant DO NOTHING RETURNING id
"""

# By hand, like the insert, since deliveries come in bursts; without the key, which takes longest
# to decrypt and is of no use here.
_ACCOUNT = ByHand(StripeAccount, "id", "tenant_id", "stripe_account_id", "webhook_secrets")


def on(*types: str) -> Callable[[Handler], Handler]:
    """Register what an event type leads to; apps above may add theirs to the same type.

    All of them are run, in the order they were registered: each finds out whether the object is
    its own, and says "not ours" when it is not. What one did is safe to repeat when another fails.
    """

    def register(handler: Handler) -> Handler:
        for name in types:
            HANDLERS.setdefault(name, []).append(handler)
        return handler

    return register


class UnknownWebhook(Exception):
    """No account receives webhooks at this address."""


class NoWebhookSecret(Exception):
    """The account has no signing secret, so nothing can be believed."""


class UnreadableEvent(Exception):
    """Signed, but no event: truncated, nested too deeply, or of another shape."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery: stored, duplicate, or ignored with the reason."""

    status: str
    reason: str = ""


def receive_event(*, account_id: UUID, body: bytes, signature: str, now: datetime) -> Receipt:
    """Verify a delivery and keep its event, once; four statements, no call to Stripe.

    Raises UnknownWebhook, NoWebhookSecret, BadSignature, UnreadableEvent. A genuine event that is
    not for us (other mode, other account, thin) is ignored, so that Stripe does not repeat it.
    """
    entry = Entry.find(Entry.Kind.WEBHOOK, str(account_id))
    if entry is None:
        raise UnknownWebhook(str(account_id))
    with scope(entry.tenant_id):
        account = _account(entry.target_id)
        if account is None:
            raise UnknownWebhook(str(account_id))
        if not account.webhook_secrets:
            raise NoWebhookSecret(str(account_id))
        verify_signature(body, signature, secrets=account.webhook_secrets, now=now)
        event = _read_event(body)
        reason = _why_ignored(event, account)
        if reason:
            log.warning("webhook_ignored", event_id=str(event.get("id")), reason=reason)
            return Receipt("ignored", reason)
        is_new = store_event(account=account, event=event, now=now)
    return Receipt("stored" if is_new else "duplicate")


def _account(account_id: UUID) -> StripeAccount | None:
    found = fetch_one(
        f"SELECT {_ACCOUNT.columns('account')} FROM payments_stripeaccount account"  # noqa: S608 - ours
        " WHERE account.id = %s",
        [account_id],
    )
    return _ACCOUNT.row(found) if found else None


def _read_event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
        if not isinstance(event, dict):
            raise TypeError
        if event.get("object") == "event":
            _demand_shape(event)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise UnreadableEvent("The body is signed, but it is no event of Stripe's.") from None
    return event


def _demand_shape(event: dict[str, Any]) -> None:
    """Raise one of the errors `_read_event` knows unless the inbox can keep the event.

    PostgreSQL takes neither NUL nor half a character, and Stripe's names are plain ASCII.
    """
    if _is_deeper(event, DEEPEST):
        raise RecursionError
    thing = event["data"]["object"]
    if not isinstance(thing, dict) or isinstance(event["created"], bool):
        raise TypeError
    datetime.fromtimestamp(event["created"], UTC)
    names = (event["id"], event["type"], str(thing.get("id") or "-"))
    if not all(isinstance(name, str) and name for name in names):
        raise TypeError
    if not all(name.isascii() and name.isprintable() for name in names):
        raise ValueError


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether lists and objects lie in each other more than `levels` times."""
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(
        _is_deeper(child, levels - 1) for child in children if isinstance(child, dict | list)
    )


def _why_ignored(event: dict[str, Any], account: StripeAccount) -> str:
    if event.get("object") != "event":
        return "not a snapshot event"
    if event.get("livemode") is not settings.STRIPE_LIVE_MODE:
        return "the other mode"
    if event.get("account") not in (None, account.stripe_account_id):
        return "another account"
    return ""


def store_event(*, account: StripeAccount, event: dict[str, Any], now: datetime) -> bool:
    """Insert an event unless it is there; return whether it is new. In scope.

    Both ways in come through here: deliveries, and what `reconcile_stripe_events` finds. An event
    that was kept before and still waits is sent to the workers once more: the first message may
    have been lost with the broker, and the sweep comes only when the lease has run out.
    """
    values = [
        account.tenant_id,
        account.pk,
        event["id"][:255],
        event["type"][:120],
        str(event["data"]["object"].get("id") or "")[:255],
        StripeEvent._meta.get_field("payload").get_prep_value(event),
        datetime.fromtimestamp(event["created"], UTC),
        now + LEASE,
    ]
    # By hand, since the ORM cannot insert "unless it is there" and tell which it was.
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        is_new = cursor.fetchone() is not None
    if is_new or _claimable(event["id"][:255], now).exists():
        enqueue("payments.process_event", stripe_event_id=event["id"][:255])
    return is_new


def process_event(*, tenant_id: UUID, stripe_event_id: str, now: datetime) -> bool:
    """Act on an event: claim it, let its handler ask Stripe, stamp it. Returns whether it did.

    Two workers never act on one event at the same time; after a crash the lease runs out and the
    sweeper brings it again, which is safe, since handlers only bring rows to what Stripe says.
    """
    with scope(tenant_id):
        event = _claim(stripe_event_id, now)
    if event is None:
        return False
    try:
        outcome = _handle(event, now)
    except (StripeUnavailable, StripeRefused) as error:
        with scope(tenant_id):
            _postpone(event, str(error), now)
        return False
    except Exception as error:
        # A fault of ours: it must wait its turn like the others, and still be loud.
        with scope(tenant_id):
            _postpone(event, f"{type(error).__name__} while acting on it", now)
        raise
    with scope(tenant_id):
        StripeEvent.objects.filter(pk=event.pk).update(
            processed_at=now, next_at=None, outcome=outcome, last_error=""
        )
        enqueue("payments.mirror_event", stripe_event_id=stripe_event_id)
    log.info("event_processed", event_id=stripe_event_id, type=event.type, outcome=outcome)
    return True


def _handle(event: StripeEvent, now: datetime) -> str:
    """Run the handlers of the event's type; returns a word for what was done."""
    handlers = HANDLERS.get(event.type)
    if handlers is None or not event.object_id:
        return "not handled"
    outcomes = [_outcome(handler, event, now) for handler in handlers]
    ours = [outcome for outcome in outcomes if outcome != NOT_OURS]
    return (ours or outcomes)[0][:40]


def _outcome(handler: Handler, event: StripeEvent, now: datetime) -> str:
    """Run one handler; an object that Stripe does not know is a certain no."""
    try:
        return handler(event, event.payload["data"]["object"], now)
    except StripeRefused as refusal:
        if refusal.status != 404:
            raise
        log.warning("event_without_object", event_id=event.stripe_event_id, type=event.type)
        return "not at Stripe"


def _claimable(stripe_event_id: str, now: datetime) -> QuerySet[StripeEvent]:
    """Return the event if it waits and nobody works on it.

    `attempts == 0` is a first delivery, which need not wait for the sweeper's time.
    """
    free = Q(attempts=0) | Q(next_at__lte=now)
    return StripeEvent.objects.filter(free, stripe_event_id=stripe_event_id, processed_at=None)


def _claim(stripe_event_id: str, now: datetime) -> StripeEvent | None:
    taken = _claimable(stripe_event_id, now).update(attempts=F("attempts") + 1, next_at=now + LEASE)
    if not taken:
        return None
    return StripeEvent.objects.select_related("account").get(stripe_event_id=stripe_event_id)


def _postpone(event: StripeEvent, error: str, now: datetime) -> None:
    """Try again later, each time after a longer while; what is stuck stands on a worklist."""
    wait = min(timedelta(seconds=2 ** min(event.attempts, 12)), LONGEST_WAIT)
    StripeEvent.objects.filter(pk=event.pk).update(next_at=now + wait, last_error=error[:500])
    log.warning("event_postponed", event_id=event.stripe_event_id, seconds=wait.total_seconds())
    enqueue(
        "payments.process_event",
        countdown=wait.total_seconds() + 1,
        stripe_event_id=event.stripe_event_id,
    )
