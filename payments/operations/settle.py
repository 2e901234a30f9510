"""Settle a checkout from what Stripe says when asked. The only place where money becomes a row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from core.observe.money import tell_money
from core.tenancy import scope
from payments import kinds
from payments.announcements import tell_if_full, tell_of_payment
from payments.gateway import Gateway, SessionFacts, SoldLine
from payments.models import Checkout, Payment, StripeAccount
from payments.operations.checkouts import release_slot
from payments.operations.receipts import issue_receipt

log = structlog.get_logger(__name__)

# A debit that can still go through; any other status of a completed, unpaid session has failed.
ON_ITS_WAY = {"processing", "requires_action", "requires_capture", "requires_confirmation", ""}

# Events are stamped by the database's clock and readings by the worker's.
CLOCKS_DIFFER = timedelta(seconds=1)


def refresh_checkout(
    *,
    tenant_id: UUID,
    now: datetime,
    session_id: str = "",
    payment_intent_id: str = "",
    failed_try_at: datetime | None = None,
) -> Checkout | None:
    """Ask Stripe about a session, named by its id or payment intent, and settle by the answer.

    A failed try, heard of at `failed_try_at`, changes nothing of a page that was closed, nor of
    one that was read after it, and is not asked about: who tries thousands of cards on one page
    shall not cost as many calls, behind which the declines wait that close it.

    Returns None when the session is not one of ours. Neither the content nor the order of events
    matters, since the object itself is read. Raises StripeUnavailable, StripeRefused.
    """
    with scope(tenant_id):
        account = StripeAccount.objects.get()
        if payment_intent_id and not session_id:
            known = Checkout.objects.filter(stripe_payment_intent_id=payment_intent_id).first()
            if known and failed_try_at is not None and _knows_of(known, failed_try_at):
                return known
            session_id = (known and known.stripe_session_id) or ""
    gateway = Gateway(account)
    if session_id:
        facts: SessionFacts | None = gateway.read_session(session_id)
    else:
        facts = gateway.find_session(payment_intent_id=payment_intent_id)
    if facts is None:
        return None
    with scope(tenant_id):
        return settle_checkout(facts=facts, now=now)


def _knows_of(checkout: Checkout, failed_try_at: datetime) -> bool:
    if checkout.state == Checkout.State.EXPIRED:
        return True
    read_at = checkout.checked_at
    return read_at is not None and read_at > failed_try_at + CLOCKS_DIFFER


def settle_checkout(*, facts: SessionFacts, now: datetime) -> Checkout | None:
    """Bring the checkout of a session, and its payment, to what the facts say. In scope.

    Repeating changes nothing; money that came stays, whatever is said later. Returns None when
    the session belongs to no checkout here.
    """
    checkout = _lock_checkout(facts)
    if checkout is None:
        log.info("session_not_ours", session_id=facts.session_id)
        return None
    before = checkout.state
    _adopt_session(checkout, facts)
    checkout.checked_at = now
    if facts.is_paid:
        _succeed(checkout, facts, now)
    elif checkout.state == Checkout.State.SUCCEEDED:
        pass
    elif facts.status == "complete":
        _process_or_fail(checkout, facts, now)
    elif facts.decline_code or facts.decline_message:
        _decline(checkout, facts, now)
    if facts.status == "expired" and not checkout.is_settled:
        checkout.state = Checkout.State.EXPIRED
        release_slot(checkout)
    checkout.save()
    if checkout.state != before:
        _tell_end(checkout, now)
        log.info("checkout_moved", checkout_id=str(checkout.pk), was=before, now=checkout.state)
    return checkout


def _tell_end(checkout: Checkout, now: datetime) -> None:
    if checkout.state in {Checkout.State.FAILED, Checkout.State.EXPIRED}:
        kinds.named(checkout.kind).on_ended(checkout, now)


def _lock_checkout(facts: SessionFacts) -> Checkout | None:
    """Find the checkout by the session; by our id in its metadata only if it has no session yet.

    An answer that was lost leaves a checkout without its session: the first event brings it.
    """
    rows = Checkout.objects.select_for_update(of=("self",)).select_related("link")
    checkout = rows.filter(stripe_session_id=facts.session_id).first()
    if checkout is not None:
        return checkout
    try:
        ours = UUID(facts.metadata.get("taproom_checkout", ""))
    except ValueError:
        return None
    return rows.filter(pk=ours, stripe_session_id=None).first()


def _adopt_session(checkout: Checkout, facts: SessionFacts) -> None:
    checkout.stripe_session_id = facts.session_id
    checkout.stripe_payment_intent_id = facts.payment_intent_id or None
    if facts.url:
        checkout.session_url = facts.url
    if checkout.state == Checkout.State.CREATED:
        checkout.state = Checkout.State.OPEN


def _succeed(checkout: Checkout, facts: SessionFacts, now: datetime) -> None:
    payment = _payment_of(checkout)
    if payment.state == Payment.State.SUCCEEDED:
        return
    _copy_facts(payment, facts)
    payment.state = Payment.State.SUCCEEDED
    payment.paid_at = facts.paid_at or now
    payment.decline_code = payment.decline_message = ""
    payment.mismatch = _mismatch(checkout, facts)
    payment.standing = _standing(checkout, payment)
    payment.save()
    issue_receipt(payment=payment, now=now)
    tell_of_payment("payment.succeeded", payment, now)
    checkout.state = Checkout.State.SUCCEEDED
    checkout.last_error = ""
    if payment.standing != Payment.Standing.EXPECTED:
        tell_money("payment_needs_decision", **_told(payment), why=payment.standing)
        kinds.kind_of(payment).on_unexpected(payment, now)
        return
    if checkout.link is not None:
        checkout.link.count_payment(checkout.amount_minor)
        tell_if_full(checkout.link, now)
    kinds.kind_of(payment).on_paid(payment, now)
    tell_money("payment_succeeded", **_told(payment))


def _mismatch(checkout: Checkout, facts: SessionFacts) -> str:
    """Say in words what differs from what was asked for; empty when all is as it should be."""
    asked = f"{checkout.amount_minor} {checkout.currency}"
    paid = f"{facts.amount_minor} {facts.currency}"
    reasons = [f"asked for {asked}, paid {paid} (minor units)"] if asked != paid else []
    if facts.livemode != settings.STRIPE_LIVE_MODE:
        reasons.append("paid in live mode" if facts.livemode else "paid in test mode")
    if facts.metadata.get("taproom_checkout") != str(checkout.pk):
        reasons.append("the session carries another checkout's id")
    if checkout.items and facts.lines is not None and facts.lines != _lines(checkout):
        reasons.append("the session holds other items than were chosen")
    return "; ".join(reasons)


def _lines(checkout: Checkout) -> tuple[SoldLine, ...]:
    return tuple(
        SoldLine(
            name=line["name"],
            unit_amount_minor=line["unit_amount_minor"],
            quantity=line["quantity"],
            amount_minor=line["unit_amount_minor"] * line["quantity"],
        )
        for line in checkout.items
    )


def _standing(checkout: Checkout, payment: Payment) -> Payment.Standing:
    """Tell whether this money was expected; unless it was, its slot is given back."""
    if payment.mismatch:
        release_slot(checkout)
        return Payment.Standing.MISMATCHED
    link = checkout.link
    if link is None:
        return kinds.kind_of(payment).standing_of(payment)
    if payment.paid_at is not None and not link.was_payable_at(payment.paid_at):
        release_slot(checkout)
        return Payment.Standing.LATE
    if not checkout.holds_slot:
        # The slot went back when the session ended; perhaps it is still free.
        if not link.take_slot(checkout.amount_minor):
            return Payment.Standing.SURPLUS
        checkout.holds_slot = True
    return Payment.Standing.EXPECTED


def _process_or_fail(checkout: Checkout, facts: SessionFacts, now: datetime) -> None:
    if facts.intent_status in ON_ITS_WAY:
        payment = _payment_of(checkout)
        _copy_facts(payment, facts)
        is_new = payment.state != Payment.State.PENDING
        payment.state = Payment.State.PENDING
        payment.save()
        if is_new:
            tell_of_payment("payment.pending", payment, now)
        checkout.state = Checkout.State.PROCESSING
        kinds.kind_of(payment).on_pending(payment, now)
        return
    _decline(checkout, facts, now)
    if checkout.state != Checkout.State.FAILED:
        checkout.state = Checkout.State.FAILED
        release_slot(checkout)


def _decline(checkout: Checkout, facts: SessionFacts, now: datetime) -> None:
    """Keep why the last try failed; while the session is open, the customer may try again."""
    checkout.decline_code = facts.decline_code[:64]
    checkout.decline_message = facts.decline_message
    payment = _payment_of(checkout)
    is_new = payment.state != Payment.State.FAILED
    _copy_facts(payment, facts)
    payment.state = Payment.State.FAILED
    payment.save()
    if is_new:
        kinds.kind_of(payment).on_failed(payment, now)
        tell_of_payment("payment.failed", payment, now)
    tell_money("payment_failed", **_told(payment), code=facts.decline_code)


def _told(payment: Payment) -> dict[str, Any]:
    """Return what the log says of a payment."""
    return {
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "payment_id": payment.pk,
        "checkout_id": payment.checkout_id,
        "kind": payment.checkout.kind,
        "subject_id": payment.checkout.subject_id,
        "stripe_payment_intent_id": payment.stripe_payment_intent_id,
    }


def _payment_of(checkout: Checkout) -> Payment:
    """Return the checkout's payment, or a new one that is not saved; the checkout is locked."""
    return Payment.objects.filter(checkout=checkout).first() or Payment(
        tenant_id=checkout.tenant_id, checkout=checkout, link=checkout.link
    )


def _copy_facts(payment: Payment, facts: SessionFacts) -> None:
    payment.amount_minor = facts.amount_minor
    payment.currency = facts.currency
    payment.stripe_payment_intent_id = facts.payment_intent_id or None
    payment.stripe_charge_id = facts.charge_id
    payment.method = facts.method[:40]
    payment.card_brand = facts.card_brand[:40]
    payment.last4 = facts.last4[:4]
    payment.payer = facts.payer or payment.payer
    payment.decline_code = facts.decline_code[:64]
    payment.decline_message = facts.decline_message
