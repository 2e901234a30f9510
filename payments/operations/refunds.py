"""Send money back: whole or part, never more than came, also when two people ask at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import F, Q, Sum

from core.jobs import enqueue
from core.models import User
from core.observe.money import tell_money
from core.tenancy import current, scope
from payments import kinds
from payments.announcements import tell_of_payment
from payments.gateway import Gateway, RefundFacts, StripeRefused, StripeUnavailable
from payments.models import Payment, Refund, StripeAccount
from payments.models.posting import TAKEN
from payments.operations.settle import refresh_checkout

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=1)
# Stripe forgets keys after a day at the earliest; past this age, look before repeating.
KEY_LIFETIME = timedelta(hours=23)

_STATES = {
    "succeeded": Refund.State.SUCCEEDED,
    "failed": Refund.State.FAILED,
    "canceled": Refund.State.FAILED,
}
_MONEY_LEFT = (Refund.State.PENDING, Refund.State.SUCCEEDED)


class NotRefundable(Exception):
    """The payment has not succeeded, so there is nothing to send back."""


class PaymentDisputed(NotRefundable):
    """The payer's bank has taken the money: a refund besides would give it twice."""


class RefundTooLarge(Exception):
    """More than what is left of the payment; `left_minor` says what that is."""

    def __init__(self, left_minor: int) -> None:
        super().__init__(f"Only {left_minor} (minor units) of this payment can still be refunded.")
        self.left_minor = left_minor


def request_refund(
    *, payment_id: UUID, amount_minor: int | None, reason: str, by: User | None, now: datetime
) -> Refund:
    """Ask for a refund of `amount_minor`, or of all that is left; a worker sends it to Stripe.

    In scope. The payment's row lock makes requests take turns, so that together they never
    exceed what was paid. Raises NotRefundable, PaymentDisputed, RefundTooLarge,
    Payment.DoesNotExist.
    """
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    if payment.state != Payment.State.SUCCEEDED:
        raise NotRefundable("Only a payment that succeeded can be refunded.")
    if payment.disputes.filter(status__in=TAKEN).exists():
        raise PaymentDisputed(
            "The payer disputes this payment, and their bank has taken the money back: a refund"
            " would give it twice. Accept the dispute instead, or answer it."
        )
    left = payment.amount_minor - _asked_for(payment)
    amount = left if amount_minor is None else amount_minor
    if not 0 < amount <= left:
        raise RefundTooLarge(left)
    refund = Refund.objects.create(
        tenant_id=current().tenant_id,
        payment=payment,
        amount_minor=amount,
        currency=payment.currency,
        reason=reason,
        requested_by=by,
        next_at=now,
    )
    enqueue("payments.push_refund", refund_id=refund.pk)
    return refund


def _asked_for(payment: Payment) -> int:
    """Return what refunds that have not failed add up to, in minor units."""
    rows = payment.refunds.exclude(state=Refund.State.FAILED)
    return int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)


def push_refund(*, tenant_id: UUID, refund_id: UUID, now: datetime) -> bool:
    """Send a requested refund to Stripe: claim, call, record. Returns whether Stripe has it now.

    Repeating is safe: the key stays the same until the answer is certain, and after a replayed
    failure or a day the refund is looked for at Stripe before anything is sent again.
    """
    with scope(tenant_id):
        refund = _claim(refund_id, now)
    if refund is None:
        return False
    payment = refund.payment
    gateway = Gateway(payment.checkout.account)
    try:
        facts = _send(gateway, refund, now)
    except StripeUnavailable as error:
        with scope(tenant_id):
            _postpone(refund, str(error), now)
        return False
    except StripeRefused as refusal:
        with scope(tenant_id):
            _fail(refund, str(refusal))
            _ask_again_if_nothing_went_back(payment)
        return False
    with scope(tenant_id):
        _record(payment.pk, [facts], now)
    return True


def _claim(refund_id: UUID, now: datetime) -> Refund | None:
    due = Q(next_at__lte=now)
    taken = Refund.objects.filter(due, pk=refund_id, state=Refund.State.REQUESTED).update(
        attempts=F("attempts") + 1, next_at=now + LEASE
    )
    if not taken:
        return None
    rows = Refund.objects.select_related("payment__checkout__account")
    return rows.get(pk=refund_id)


def _send(gateway: Gateway, refund: Refund, now: datetime) -> RefundFacts:
    intent = refund.payment.stripe_payment_intent_id or ""
    if refund.key_used_at is not None and now - refund.key_used_at > KEY_LIFETIME:
        return _find(gateway, refund, intent) or _send_anew(gateway, refund, intent, now)
    if refund.key_used_at is None:
        _remember_key(refund, now)
    try:
        return gateway.make_refund(refund, payment_intent_id=intent)
    except StripeRefused as refusal:
        found = _find(gateway, refund, intent)
        if found is not None:
            return found
        if refusal.replayed or refusal.code == "idempotency_error":
            return _send_anew(gateway, refund, intent, now)
        raise


def _find(gateway: Gateway, refund: Refund, intent: str) -> RefundFacts | None:
    """Look for this refund at Stripe by our id in its metadata."""
    ours = str(refund.pk)
    refunds = gateway.list_refunds(intent)
    return next((found for found in refunds if found.metadata.get("taproom_refund") == ours), None)


def _send_anew(gateway: Gateway, refund: Refund, intent: str, now: datetime) -> RefundFacts:
    refund.epoch += 1
    _remember_key(refund, now)
    return gateway.make_refund(refund, payment_intent_id=intent)


def _remember_key(refund: Refund, now: datetime) -> None:
    with scope(refund.tenant_id):
        refund.key_used_at = now
        refund.save(update_fields=["epoch", "key_used_at"])


def _postpone(refund: Refund, error: str, now: datetime) -> None:
    wait = min(timedelta(seconds=2 ** min(refund.attempts, 12)), LONGEST_WAIT)
    Refund.objects.filter(pk=refund.pk, state=Refund.State.REQUESTED).update(
        next_at=now + wait, last_error=error[:500]
    )
    log.warning("refund_postponed", refund_id=str(refund.pk), reason=error)
    enqueue("payments.push_refund", countdown=wait.total_seconds() + 1, refund_id=refund.pk)


def _fail(refund: Refund, error: str) -> None:
    Refund.objects.filter(pk=refund.pk, state=Refund.State.REQUESTED).update(
        state=Refund.State.FAILED, next_at=None, last_error=error[:500]
    )
    log.warning("refund_refused", refund_id=str(refund.pk), reason=error)


def refresh_refunds(*, tenant_id: UUID, payment_intent_id: str, now: datetime) -> Payment | None:
    """Ask Stripe for all refunds of a payment, also those made in its dashboard, and keep them.

    A payment that is not known yet is brought in first, since events come in any order. Returns
    None when it is not one of ours.
    """
    if not payment_intent_id:
        return None
    with scope(tenant_id):
        account = StripeAccount.objects.first()
        payment = _payment_of(payment_intent_id)
    if account is None:
        return None
    if payment is None:
        refresh_checkout(tenant_id=tenant_id, payment_intent_id=payment_intent_id, now=now)
        with scope(tenant_id):
            payment = _payment_of(payment_intent_id)
        if payment is None:
            return None
    facts = Gateway(account).list_refunds(payment_intent_id)
    with scope(tenant_id):
        return _record(payment.pk, facts, now)


def _payment_of(payment_intent_id: str) -> Payment | None:
    return Payment.objects.filter(stripe_payment_intent_id=payment_intent_id).first()


def _record(payment_id: UUID, facts: list[RefundFacts], now: datetime) -> Payment:
    """Bring the refunds of a payment, and their sum, to what Stripe says. In scope."""
    payment = (
        Payment.objects.select_for_update(of=("self",))
        .select_related("checkout")
        .get(pk=payment_id)
    )
    before = payment.refunded_minor
    for fact in facts:
        _keep(payment, fact)
    money_left = payment.refunds.filter(state__in=_MONEY_LEFT)
    total = int(money_left.aggregate(total=Sum("amount_minor"))["total"] or 0)
    payment.refunded_minor = min(total, payment.amount_minor)
    if payment.needs_decision and payment.refunded_minor == payment.amount_minor:
        payment.decision = Payment.Decision.REFUNDED
        payment.decided_at = now
    payment.save(update_fields=["refunded_minor", "decision", "decided_at"])
    _ask_again_if_nothing_went_back(payment)
    if payment.refunded_minor != before:
        _tell(payment, before)
        kinds.kind_of(payment).on_refunded(payment, now)
        tell_of_payment("payment.refunded", payment, now)
    return payment


def _tell(payment: Payment, before: int) -> None:
    """Write how much went back since it was looked at last; less than nothing if one failed."""
    tell_money(
        "payment_refunded",
        amount_minor=payment.refunded_minor - before,
        currency=payment.currency,
        payment_id=payment.pk,
        stripe_payment_intent_id=payment.stripe_payment_intent_id,
        refunded_in_all=payment.refunded_minor,
    )


def _ask_again_if_nothing_went_back(payment: Payment) -> None:
    """Put a payment back on the worklist whose return was decided, but failed."""
    is_returned = payment.refunds.exclude(state=Refund.State.FAILED).exists()
    if payment.decision == Payment.Decision.REFUNDED and not is_returned:
        Payment.objects.filter(pk=payment.pk).update(decision="", decided_at=None, decided_by=None)


def _keep(payment: Payment, facts: RefundFacts) -> None:
    refund = _known_refund(payment, facts) or Refund(
        tenant_id=payment.tenant_id, payment=payment, reason="Made at Stripe"
    )
    refund.stripe_refund_id = facts.refund_id
    refund.amount_minor = facts.amount_minor
    refund.currency = facts.currency
    refund.state = _STATES.get(facts.status, Refund.State.PENDING)
    refund.next_at = None
    refund.last_error = facts.failure_reason
    refund.save()


def _known_refund(payment: Payment, facts: RefundFacts) -> Refund | None:
    found = payment.refunds.filter(stripe_refund_id=facts.refund_id).first()
    if found is not None:
        return found
    try:
        ours = UUID(facts.metadata.get("taproom_refund", ""))
    except ValueError:
        return None
    return payment.refunds.filter(pk=ours, stripe_refund_id=None).first()
