"""Open a checkout: claim a slot, ask Stripe for its page, record the answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic, sleep
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from core.tenancy import current, scope
from payments import kinds
from payments.gateway import (
    CUSTOMER,
    Gateway,
    Patience,
    SessionFacts,
    StripeRefused,
    StripeUnavailable,
)
from payments.models import Checkout, PaymentLink, StripeAccount

log = structlog.get_logger(__name__)

# Stripe lets a session live from 30 minutes to 24 hours. A limited link's slot should come back
# soon when a customer wanders off; the margin leaves time to repeat the call.
LIMITED_LIFETIME = timedelta(minutes=45)
UNLIMITED_LIFETIME = timedelta(hours=23, minutes=50)
SHORTEST_LIFETIME = timedelta(minutes=31)
_LOOK_AGAIN_SECONDS = 0.2


class LinkNotPayable(Exception):
    """The link is not open for payment; `status` says why."""

    def __init__(self, status: PaymentLink.Status) -> None:
        super().__init__(status.label)
        self.status = status


class LinkBusy(Exception):
    """All that is left to pay is being paid at this moment; a slot may come back `free_at`."""

    def __init__(self, free_at: datetime | None) -> None:
        super().__init__("Every place is taken by a payment that is under way.")
        self.free_at = free_at


class NoStripeAccount(Exception):
    """The tenant has not connected an account that money could go to."""


class CheckoutRefused(Exception):
    """Stripe will not take this payment; the reason is on the checkout, for staff."""


class CheckoutOver(Exception):
    """The checkout ended while its page was being asked for; the next try gets a new one."""


def claim_link_checkout(
    *, link_id: UUID, visitor_hash: str, now: datetime, language: str = ""
) -> Checkout:
    """Return the checkout that this visitor may use: their open one, or a new one with a slot.

    Runs in the scope of the link's tenant. The link's row lock makes claims of one link take
    turns, so that two tabs or a double click find each other's checkout. A link for one payment
    has one checkout at a time, whoever looks at it. Raises LinkNotPayable, LinkBusy,
    NoStripeAccount.
    """
    link = PaymentLink.objects.select_for_update().get(pk=link_id)
    status = link.status_at(now)
    if status != PaymentLink.Status.ACTIVE:
        raise LinkNotPayable(status)
    usable = _usable_checkout(link, visitor_hash, now)
    if usable is not None:
        return usable
    account = StripeAccount.objects.first()
    if account is None:
        raise NoStripeAccount("Connect a Stripe account before customers can pay.")
    if not link.take_slot():
        ends = link.checkouts.filter(state__in=Checkout.UNSETTLED).order_by("session_expires_at")
        first = ends.first()
        raise LinkBusy(first.session_expires_at if first else None)
    return _new_link_checkout(link, account, visitor_hash, now, language)


def _usable_checkout(link: PaymentLink, visitor_hash: str, now: datetime) -> Checkout | None:
    candidates = link.checkouts.filter(state__in=[Checkout.State.CREATED, Checkout.State.OPEN])
    if link.max_payments != 1:
        candidates = candidates.filter(visitor_hash=visitor_hash)
    return next(
        (
            checkout
            for checkout in candidates
            if checkout.can_be_used_at(now)
            and (checkout.amount_minor, checkout.currency) == (link.amount_minor, link.currency)
        ),
        None,
    )


def _new_link_checkout(
    link: PaymentLink, account: StripeAccount, visitor_hash: str, now: datetime, language: str
) -> Checkout:
    return_url = settings.PUBLIC_URL + reverse("pay_return", args=[link.token])
    return Checkout.objects.create(
        tenant_id=link.tenant_id,
        kind=kinds.LINK.name,
        subject_id=link.pk,
        link=link,
        account=account,
        title=link.title,
        amount_minor=link.amount_minor,
        currency=link.currency,
        holds_slot=True,
        visitor_hash=visitor_hash,
        session_expires_at=_session_end(link, now),
        success_url=return_url + "?session={CHECKOUT_SESSION_ID}",
        cancel_url=link.url,
        language=language,
    )


def _session_end(link: PaymentLink | None, now: datetime) -> datetime:
    """Return when the session shall end: with the link, if that is as soon as Stripe allows."""
    is_limited = link is not None and link.max_payments is not None
    end = now + (LIMITED_LIFETIME if is_limited else UNLIMITED_LIFETIME)
    if link is not None and link.expires_at is not None:
        end = max(min(end, link.expires_at), now + SHORTEST_LIFETIME)
    return end


def open_checkout(
    *, tenant_id: UUID, checkout_id: UUID, now: datetime, patience: Patience = CUSTOMER
) -> Checkout:
    """Return the checkout with the address of Stripe's page; asks Stripe unless it has answered.

    Opens its own short scopes: no transaction is open during the call. Repeating is always safe,
    since the same key is sent until the answer is certain. Who clicks while another click's call
    is under way gets what that one brings. Raises StripeUnavailable (the attempt is kept),
    CheckoutRefused (it is over), CheckoutOver.
    """
    with scope(tenant_id):
        checkout = _start_call(checkout_id, now)
    if checkout.state != Checkout.State.CREATED:
        return _with_page(checkout)
    gateway = Gateway(checkout.account, patience=patience)
    try:
        facts = _ask_for_session(gateway, checkout, now)
    except StripeUnavailable as error:
        opened = _opened_meanwhile(checkout, error, patience)
        if opened is not None:
            return opened
        _note_error(checkout, str(error))
        raise
    except StripeRefused as refusal:
        _give_up(checkout, refusal, now)
        raise CheckoutRefused(str(refusal)) from refusal
    with scope(tenant_id):
        recorded = record_session(checkout_id=checkout.pk, facts=facts)
    if recorded is None:
        _close_orphan(gateway, facts)
        raise CheckoutOver("This attempt ended meanwhile.")
    return recorded


def _start_call(checkout_id: UUID, now: datetime) -> Checkout:
    """Note when the key is first used: after a day Stripe may have forgotten it."""
    checkout = Checkout.objects.select_related("account", "link").get(pk=checkout_id)
    if checkout.state == Checkout.State.CREATED and checkout.key_used_at is None:
        Checkout.objects.filter(pk=checkout_id, key_used_at=None).update(key_used_at=now)
        checkout.refresh_from_db(fields=["key_used_at"])
    return checkout


def _ask_for_session(gateway: Gateway, checkout: Checkout, now: datetime) -> SessionFacts:
    """Ask once, and once more under a new key if a refusal shows that this is safe and of use."""
    try:
        return gateway.open_session(checkout)
    except StripeRefused as refusal:
        if refusal.status in {401, 403}:
            # Our key's fault, not the payment's: nothing happened and nothing is over.
            raise StripeUnavailable("Stripe does not accept the account's key.") from refusal
        if refusal.replayed or refusal.code == "idempotency_error":
            # A stored failure hides what the first try did, so look before asking anew.
            found = gateway.find_session(checkout_id=str(checkout.pk), since=checkout.key_used_at)
            if found is not None:
                return found
        elif refusal.param != "expires_at":
            raise
    with scope(checkout.tenant_id):
        _use_new_key(checkout, now)
    return gateway.open_session(checkout)


def _opened_meanwhile(
    checkout: Checkout, error: StripeUnavailable, patience: Patience
) -> Checkout | None:
    """Return the checkout if another click has opened it; wait for a call that is under way.

    Stripe does not answer the second of two calls with one key before the first is done, but
    refuses it: only the row tells what the first one got.
    """
    ends = monotonic() + (patience.read if error.is_busy else 0)
    while True:
        with scope(checkout.tenant_id):
            found = Checkout.objects.get(pk=checkout.pk)
        if found.state != Checkout.State.CREATED:
            return _with_page(found)
        if monotonic() >= ends:
            return None
        sleep(_LOOK_AGAIN_SECONDS)


def _with_page(checkout: Checkout) -> Checkout:
    if not checkout.session_url:
        raise CheckoutOver("This attempt ended meanwhile.")
    return checkout


def _use_new_key(checkout: Checkout, now: datetime) -> None:
    checkout.epoch += 1
    checkout.key_used_at = now
    checkout.session_expires_at = _session_end(checkout.link, now)
    checkout.save(update_fields=["epoch", "key_used_at", "session_expires_at"])


def record_session(*, checkout_id: UUID, facts: SessionFacts) -> Checkout | None:
    """Store the session of a checkout; None when the checkout has ended meanwhile."""
    checkout = Checkout.objects.select_for_update(of=("self",)).get(pk=checkout_id)
    if checkout.stripe_session_id not in (None, facts.session_id):
        return None
    if checkout.state == Checkout.State.CREATED:
        checkout.state = Checkout.State.OPEN
        checkout.stripe_session_id = facts.session_id
        checkout.stripe_payment_intent_id = facts.payment_intent_id or None
        checkout.session_url = facts.url
        checkout.last_error = ""
        checkout.save()
        log.info("checkout_opened", checkout_id=str(checkout.pk), session_id=facts.session_id)
        return checkout
    return None if checkout.stripe_session_id is None else checkout


def _note_error(checkout: Checkout, text: str) -> None:
    with scope(checkout.tenant_id):
        Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.CREATED).update(
            last_error=text[:500]
        )
    log.warning("checkout_not_opened", checkout_id=str(checkout.pk), reason=text)


def _give_up(checkout: Checkout, refusal: StripeRefused, now: datetime) -> None:
    with scope(checkout.tenant_id):
        end_without_money(
            checkout_id=checkout.pk, state=Checkout.State.FAILED, error=str(refusal), now=now
        )
    log.warning("checkout_refused", checkout_id=str(checkout.pk), code=refusal.code)


def _close_orphan(gateway: Gateway, facts: SessionFacts) -> None:
    """Close a session that came for a checkout given up; if that fails, its own end does."""
    try:
        gateway.expire_session(facts.session_id)
    except (StripeRefused, StripeUnavailable) as error:
        log.warning("orphan_session_left", session_id=facts.session_id, reason=str(error))


def end_without_money(
    *, checkout_id: UUID, state: Checkout.State, error: str = "", now: datetime
) -> Checkout:
    """End a checkout without money: give its slot back and tell its owner, once. In scope."""
    current()
    with transaction.atomic():
        checkout = (
            Checkout.objects.select_for_update(of=("self",))
            .select_related("link")
            .get(pk=checkout_id)
        )
        if checkout.is_settled:
            return checkout
        checkout.state = state
        checkout.last_error = error[:500]
        release_slot(checkout)
        checkout.save()
        kinds.named(checkout.kind).on_ended(checkout, now)
    return checkout


def release_slot(checkout: Checkout) -> None:
    """Give the slot back if the (locked) checkout holds one; the caller saves the checkout."""
    if checkout.holds_slot and checkout.link is not None:
        checkout.link.give_back_slot()
    checkout.holds_slot = False
