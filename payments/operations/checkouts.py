"""Open a checkout: claim a slot, ask Stripe for its page, record the answer."""

from __future__ import annotations

import hashlib
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
    Customers,
    Gateway,
    Patience,
    SessionFacts,
    StripeRefused,
    StripeUnavailable,
)
from payments.models import Checkout, PaymentLink, StripeAccount
from payments.operations.choices import (
    NOTHING_CHOSEN,
    Choice,
    Order,
    check_seen,
    read_order,
)
from payments.operations.versions import version_of

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


class ChoiceChanged(Exception):
    """The visitor has another checkout open, which must be closed before this choice is paid."""

    def __init__(self, checkout_id: UUID) -> None:
        super().__init__("An earlier choice of this customer is still open.")
        self.checkout_id = checkout_id


class NoStripeAccount(Exception):
    """The tenant has not connected an account that money could go to."""


class CheckoutRefused(Exception):
    """Stripe will not take this payment; the reason is on the checkout, for staff."""


class CheckoutOver(Exception):
    """The checkout ended while its page was being asked for; the next try gets a new one."""


def claim_link_checkout(
    *,
    link_id: UUID,
    visitor_hash: str,
    now: datetime,
    choice: Choice = NOTHING_CHOSEN,
    language: str = "",
) -> Checkout:
    """Return the checkout that this visitor may use: their open one, or a new one with a slot.

    Runs in the scope of the link's tenant. The link's row lock makes claims of one link take
    turns, so that two tabs or a double click find each other's checkout. A link for one payment
    has one checkout at a time, whoever looks at it. What is asked for is reckoned from the link
    and frozen on the checkout. Raises LinkNotPayable, LinkChanged, LinkBusy, ChoiceInvalid,
    ChoiceChanged, NoStripeAccount.
    """
    link = PaymentLink.objects.select_for_update().get(pk=link_id)
    status = link.status_at(now)
    if status not in PaymentLink.PAYABLE:
        raise LinkNotPayable(status)
    check_seen(link, choice.seen_version)
    own = _open_checkouts(link, visitor_hash, now)
    unclaimed_minor = link.unclaimed_minor + sum(one.amount_minor for one in own)
    if link.is_in_parts and unclaimed_minor == 0:
        raise _busy(link)
    order = read_order(link, choice, unclaimed_minor=unclaimed_minor, now=now)
    for checkout in own:
        if order.is_that_of(checkout, link):
            return checkout
    if own:
        raise ChoiceChanged(own[0].pk)
    account = StripeAccount.objects.first()
    if account is None:
        raise NoStripeAccount("Connect a Stripe account before customers can pay.")
    if not link.take_slot(order.amount_minor):
        raise _busy(link)
    return _new_link_checkout(
        link, account, order, visitor_hash=visitor_hash, language=language, now=now
    )


def _busy(link: PaymentLink) -> LinkBusy:
    ends = link.checkouts.filter(state__in=Checkout.UNSETTLED).order_by("session_expires_at")
    first = ends.first()
    return LinkBusy(first.session_expires_at if first else None)


def _open_checkouts(link: PaymentLink, visitor_hash: str, now: datetime) -> list[Checkout]:
    """Return the open checkouts that are this visitor's; those of a link for one are anybody's."""
    candidates = link.checkouts.filter(state__in=[Checkout.State.CREATED, Checkout.State.OPEN])
    if link.max_payments != 1:
        candidates = (
            candidates.filter(visitor_hash=visitor_hash) if visitor_hash else (candidates.none())
        )
    return [checkout for checkout in candidates if checkout.can_be_used_at(now)]


def _new_link_checkout(
    link: PaymentLink,
    account: StripeAccount,
    order: Order,
    *,
    visitor_hash: str,
    language: str,
    now: datetime,
) -> Checkout:
    return_url = settings.PUBLIC_URL + reverse("pay_return", args=[link.token])
    checkout = Checkout(
        tenant_id=link.tenant_id,
        kind=kinds.LINK.name,
        subject_id=link.pk,
        link=link,
        link_version=version_of(link),
        account=account,
        title=link.title,
        amount_minor=order.amount_minor,
        currency=link.currency,
        holds_slot=True,
        visitor_hash=visitor_hash,
        session_expires_at=_session_end(link, now),
        success_url=return_url + "?session={CHECKOUT_SESSION_ID}",
        cancel_url=link.url,
        language=language,
    )
    checkout.items, checkout.answers, checkout.consent = order.items, order.answers, order.consent
    payer = {"name": link.customer_name, "email": link.customer_email}
    checkout.expected_payer = {name: text for name, text in payer.items() if text}
    checkout.save(force_insert=True)
    return checkout


def _session_end(link: PaymentLink | None, now: datetime) -> datetime:
    """Return when the session shall end: with the link, if that is as soon as Stripe allows."""
    is_limited = link is not None and (link.max_payments is not None or link.is_in_parts)
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
        _name_customer(checkout, patience)
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


def _name_customer(checkout: Checkout, patience: Patience) -> None:
    """Make a customer at Stripe of the name that is expected to pay: only one carries a name.

    The key is that of the link's own customer, so that each try of a day finds the same one.
    """
    payer = checkout.expected_payer
    if not payer.get("name") or payer.get("customer"):
        return
    digest = hashlib.sha256(f"{payer}".encode()).hexdigest()[:16]
    try:
        facts = Customers(checkout.account, patience=patience).create(
            {**payer, "metadata": {"taproom_link": str(checkout.subject_id)}},
            key=f"taproom:link-customer:{checkout.subject_id}:{digest}",
        )
    except StripeRefused as refusal:
        # Nobody is kept from paying because a name cannot be told in advance.
        log.warning("customer_not_named", checkout_id=str(checkout.pk), reason=str(refusal))
        return
    checkout.expected_payer = {**payer, "customer": facts.customer_id}
    with scope(checkout.tenant_id):
        Checkout.objects.filter(pk=checkout.pk).update(details=checkout.details)


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
        checkout.link.give_back_slot(checkout.amount_minor)
    checkout.holds_slot = False
