"""Disputes: what Stripe says of them, told to what was paid."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.urls import reverse

from core.observe.money import tell_money
from core.tenancy import scope
from payments import kinds
from payments.announcements import tell_of_dispute
from payments.gateway import DisputeFacts, Gateway
from payments.models import Dispute, Payment, StripeAccount
from payments.operations.owners import Objection, tell_of_objection
from payments.operations.settle import refresh_checkout


def refresh_dispute(*, tenant_id: UUID, dispute_id: str, now: datetime) -> Payment | None:
    """Ask Stripe about a dispute and tell the kind of its payment; returns the payment.

    It is kept as Stripe said it last; kinds and programs are told where that is news, however many
    events speak of it. A dispute whose payment is not known yet brings that in first, since events
    come in any order. Returns None when the payment is not one of ours. Raises StripeUnavailable,
    StripeRefused.
    """
    with scope(tenant_id):
        account = StripeAccount.objects.get()
    facts = Gateway(account).read_dispute(dispute_id)
    if not facts.payment_intent_id:
        return None
    payment = _tell(tenant_id, facts, now)
    if payment is not None:
        return payment
    refresh_checkout(tenant_id=tenant_id, payment_intent_id=facts.payment_intent_id, now=now)
    return _tell(tenant_id, facts, now)


def _tell(tenant_id: UUID, facts: DisputeFacts, now: datetime) -> Payment | None:
    with scope(tenant_id):
        rows = Payment.objects.select_for_update(of=("self",)).select_related("checkout")
        payment = rows.filter(stripe_payment_intent_id=facts.payment_intent_id).first()
        if payment is not None and _keep(payment, facts, now):
            kinds.kind_of(payment).on_disputed(payment, facts, now)
            tell_of_dispute(payment, facts, now)
            tell_money(
                "payment_disputed",
                amount_minor=facts.amount_minor,
                currency=facts.currency,
                payment_id=payment.pk,
                stripe_dispute_id=facts.dispute_id,
                status=facts.status,
            )
        return payment


def _keep(payment: Payment, facts: DisputeFacts, now: datetime) -> bool:
    """Keep a dispute; returns whether it is new, or another one than was kept before.

    The payment is locked, so that two events make one row.
    """
    said: dict[str, object] = {
        "payment_id": payment.pk,
        "stripe_charge_id": facts.charge_id,
        "status": facts.status[:22],
        "reason": facts.reason[:60],
        "amount_minor": facts.amount_minor,
        "currency": facts.currency,
        "fee_minor": facts.fee_minor,
        "submissions": facts.submissions,
        "answer_by": facts.answer_by,
    }
    rows = Dispute.objects.filter(stripe_dispute_id=facts.dispute_id)
    before = rows.values(*said).first()
    Dispute.objects.update_or_create(
        tenant_id=payment.tenant_id,
        stripe_dispute_id=facts.dispute_id,
        defaults={**said, "opened_at": facts.opened_at or now, "read_at": now},
    )
    if before is None:
        _tell_owners(payment, facts, now)
    return dict(before or {}) != said


def _tell_owners(payment: Payment, facts: DisputeFacts, now: datetime) -> None:
    tell_of_objection(
        Objection(
            stripe_dispute_id=facts.dispute_id,
            status=facts.status,
            reason=facts.reason,
            amount_minor=facts.amount_minor,
            currency=facts.currency,
            answer_by=facts.answer_by,
        ),
        what=f"“{payment.checkout.title}”",
        subject_id=payment.pk,
        path=reverse("payment", args=[payment.pk]),
        now=now,
    )
