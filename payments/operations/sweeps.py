"""Find again what a lost message, a crash or a silent Stripe left behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import F, Q

from core.jobs import enqueue
from core.models import Tenant, WebhookMessage
from core.tenancy import scope
from payments import kinds
from payments.announcements import tell_of_link
from payments.gateway import CUSTOMER, WORKER, Gateway, Patience, StripeRefused
from payments.models import Checkout, PaymentLink, Refund, StripeEvent
from payments.operations.checkouts import end_without_money, record_session
from payments.operations.choices import offered
from payments.operations.settle import settle_checkout

log = structlog.get_logger(__name__)

BATCH = 200
# Sweeps that stood still for longer have missed the moment.
TELL_OF_END_WITHIN = timedelta(hours=6)
ANSWER_EXPECTED_AFTER = timedelta(minutes=2)
# An attempt whose page Stripe never confirmed: after this the customer has gone.
ATTEMPT_GIVEN_UP_AFTER = timedelta(minutes=20)
CHECK_OPEN_EVERY = timedelta(minutes=5)
CHECK_PROCESSING_EVERY = timedelta(hours=1)  # a bank debit takes days


def tenants_to_sweep() -> list[UUID]:
    """Return all active tenants; sweeps look at each in its own scope."""
    return list(Tenant.objects.filter(is_active=True).values_list("pk", flat=True))


def sweep_events(*, tenant_id: UUID, now: datetime) -> int:
    """Send tasks for events that are due and unprocessed; returns how many."""
    with scope(tenant_id):
        due = StripeEvent.objects.filter(processed_at=None, next_at__lte=now)
        found = list(due.order_by("next_at").values_list("stripe_event_id", flat=True)[:BATCH])
        for stripe_event_id in found:
            enqueue("payments.process_event", stripe_event_id=stripe_event_id)
    return len(found)


def sweep_refunds(*, tenant_id: UUID, now: datetime) -> int:
    """Send tasks for refunds that are due; returns how many."""
    with scope(tenant_id):
        due = Refund.objects.filter(state=Refund.State.REQUESTED, next_at__lte=now)
        found = list(due.order_by("next_at").values_list("pk", flat=True)[:BATCH])
        for refund_id in found:
            enqueue("payments.push_refund", refund_id=refund_id)
    return len(found)


def sweep_ended_links(*, tenant_id: UUID, now: datetime) -> int:
    """Announce the links that ended lately without all their payments; returns how many.

    Once for each end: what was announced since then is not told again.
    """
    told = 0
    with scope(tenant_id):
        ended = PaymentLink.objects.with_status(PaymentLink.Status.EXPIRED, now)
        lately = ended.filter(expires_at__gt=now - TELL_OF_END_WITHIN).order_by("expires_at")
        for link in lately.select_for_update(skip_locked=True, of=("self",))[:BATCH]:
            known = WebhookMessage.objects.filter(event_type="link.expired", subject=str(link.pk))
            if link.expires_at and not known.filter(happened_at__gte=link.expires_at).exists():
                tell_of_link("link.expired", link, now)
                told += 1
    return told


def sweep_checkouts(*, tenant_id: UUID, now: datetime) -> int:
    """Send tasks for checkouts about which Stripe should be asked; returns how many.

    Those are: attempts without an answer, sessions that should have ended or whose link has, bank
    debits on their way, and now and then every open session, since a webhook may never come.
    """
    not_asked_lately = (
        Q(checked_at=None)
        | Q(checked_at__lte=now - CHECK_PROCESSING_EVERY)
        | Q(~Q(state=Checkout.State.PROCESSING), checked_at__lte=now - CHECK_OPEN_EVERY)
    )
    with scope(tenant_id):
        rows = Checkout.objects.filter(
            not_asked_lately,
            state__in=Checkout.UNSETTLED,
            created_at__lte=now - ANSWER_EXPECTED_AFTER,
        )
        oldest_first = rows.order_by(F("checked_at").asc(nulls_first=True))
        found = list(oldest_first.values_list("pk", flat=True)[:BATCH])
        for checkout_id in found:
            enqueue("payments.check_checkout", checkout_id=checkout_id)
        for link_id in _ended_links(now):
            enqueue("payments.close_link_checkouts", link_id=link_id)
    return len(found)


def _ended_links(now: datetime) -> list[UUID]:
    ended = PaymentLink.objects.filter(
        Q(expires_at__lte=now) | Q(deactivated_at__isnull=False),
        checkouts__state__in=[Checkout.State.CREATED, Checkout.State.OPEN],
    )
    return list(ended.distinct().values_list("pk", flat=True)[:BATCH])


def check_checkout(*, tenant_id: UUID, checkout_id: UUID, now: datetime) -> Checkout:
    """Ask Stripe about one checkout and settle it by the answer; safe to repeat.

    An attempt that never got its session is looked for by our id, and ended when it is nowhere.
    A session that its owner no longer wants to be paid is closed, unless it was paid meanwhile.
    """
    with scope(tenant_id):
        checkout = Checkout.objects.select_related("account", "link").get(pk=checkout_id)
        Checkout.objects.filter(pk=checkout_id).update(checked_at=now)
        is_wanted = checkout.is_settled or kinds.named(checkout.kind).is_wanted(checkout)
    if checkout.is_settled:
        return checkout
    if checkout.state == Checkout.State.OPEN and not is_wanted:
        return _close(checkout, now)
    gateway = Gateway(checkout.account, patience=WORKER)
    if checkout.stripe_session_id is None:
        return _look_for_session(gateway, checkout, now)
    facts = gateway.read_session(checkout.stripe_session_id)
    with scope(tenant_id):
        return settle_checkout(facts=facts, now=now) or checkout


def _look_for_session(gateway: Gateway, checkout: Checkout, now: datetime) -> Checkout:
    since = (checkout.key_used_at or checkout.created_at) - timedelta(minutes=5)
    facts = gateway.find_session(checkout_id=str(checkout.pk), since=since)
    with scope(checkout.tenant_id):
        if facts is not None:
            record_session(checkout_id=checkout.pk, facts=facts)
            return settle_checkout(facts=facts, now=now) or checkout
        if now - checkout.created_at < ATTEMPT_GIVEN_UP_AFTER:
            return checkout
        return end_without_money(
            checkout_id=checkout.pk,
            state=Checkout.State.EXPIRED,
            error="Stripe never confirmed this attempt; no session of it exists.",
            now=now,
        )


def close_link_checkouts(*, tenant_id: UUID, link_id: UUID, now: datetime) -> int:
    """Close all open sessions of a link that ended or was changed; returns how many were closed.

    A session cannot be made to end sooner than in 30 minutes, so that the end of a link has to
    be carried to Stripe. One that was paid meanwhile is settled instead.
    """
    with scope(tenant_id):
        link = PaymentLink.objects.get(pk=link_id)
        rows = link.checkouts.filter(state__in=[Checkout.State.CREATED, Checkout.State.OPEN])
        stale = [
            checkout
            for checkout in rows.select_related("account", "link_version__link")
            if _must_close(checkout, link, now)
        ]
    closed = 0
    for checkout in stale:
        closed += _close(checkout, now).state == Checkout.State.EXPIRED
    return closed


def close_checkout(*, tenant_id: UUID, checkout_id: UUID, now: datetime) -> Checkout:
    """Close one open session, unless it was paid meanwhile; then it is settled. Repeatable."""
    with scope(tenant_id):
        checkout = Checkout.objects.select_related("account", "link").get(pk=checkout_id)
    return _close(checkout, now) if checkout.is_open else checkout


def _must_close(checkout: Checkout, link: PaymentLink, now: datetime) -> bool:
    if not link.was_payable_at(now):
        return True
    if checkout.link_version is None:
        asked = (link.amount_minor, link.currency, link.title)
        return (checkout.amount_minor, checkout.currency, checkout.title) != asked
    is_current = checkout.link_version.number == link.terms_version
    return not is_current and offered(checkout.link_version.as_link()) != offered(link)


def drop_checkout(*, tenant_id: UUID, checkout_id: UUID, now: datetime) -> Checkout:
    """Close a checkout whose customer chose something else; one that was paid is settled instead.

    No transaction may be open. An attempt that Stripe has not answered is ended here at once:
    should its session come up later, it is closed then. Raises StripeUnavailable.
    """
    with scope(tenant_id):
        checkout = Checkout.objects.select_related("account", "link").get(pk=checkout_id)
    if checkout.is_settled:
        return checkout
    closed = _close(checkout, now, CUSTOMER)
    if closed.state != Checkout.State.CREATED:
        return closed
    with scope(tenant_id):
        return end_without_money(
            checkout_id=checkout_id, state=Checkout.State.EXPIRED, error="Chosen anew.", now=now
        )


def _close(checkout: Checkout, now: datetime, patience: Patience = WORKER) -> Checkout:
    gateway = Gateway(checkout.account, patience=patience)
    if checkout.stripe_session_id is None:
        return _look_for_session(gateway, checkout, now)
    try:
        facts = gateway.expire_session(checkout.stripe_session_id)
    except StripeRefused:
        facts = gateway.read_session(checkout.stripe_session_id)
    with scope(checkout.tenant_id):
        settled = settle_checkout(facts=facts, now=now) or checkout
    log.info("checkout_closed", checkout_id=str(checkout.pk), status=facts.status)
    return settled
