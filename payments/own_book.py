"""What payments expects of the balance at Stripe: payments, refunds and disputes of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Q

from payments.books import Book, Expected, register
from payments.models import Dispute, Payment, Refund
from payments.models.posting import TAKEN


def expected_of(sources: Collection[str]) -> Mapping[str, Expected]:
    """Return what is expected of these sources, as far as they are payments' own."""
    found: dict[str, Expected] = {}
    for payment in Payment.objects.filter(stripe_charge_id__in=sources, state="succeeded"):
        found[payment.stripe_charge_id] = _of_payment(payment)
    for refund in Refund.objects.filter(stripe_refund_id__in=sources):
        found[str(refund.stripe_refund_id)] = _of_refund(refund)
    for dispute in Dispute.objects.filter(stripe_dispute_id__in=sources):
        found[dispute.stripe_dispute_id] = _of_dispute(dispute)
    return found


def expected_between(since: datetime, until: datetime) -> Mapping[str, Expected]:
    """Return what must have moved the balance in a period."""
    period = Q(paid_at__gte=since, paid_at__lt=until)
    payments = Payment.objects.filter(period, state="succeeded").exclude(stripe_charge_id="")
    made = Q(created_at__gte=since, created_at__lt=until)
    refunds = Refund.objects.filter(made, state__in=["pending", "succeeded"])
    opened = Q(opened_at__gte=since, opened_at__lt=until)
    disputes = Dispute.objects.filter(opened, status__in=TAKEN)
    return {
        **{one.stripe_charge_id: _of_payment(one) for one in payments},
        **{str(r.stripe_refund_id): _of_refund(r) for r in refunds if r.stripe_refund_id},
        **{one.stripe_dispute_id: _of_dispute(one) for one in disputes},
    }


def _of_payment(payment: Payment) -> Expected:
    what = f"payment {payment.pk}"
    return Expected(payment.amount_minor, payment.currency, what, payment.paid_at)


def _of_refund(refund: Refund) -> Expected:
    is_gone = refund.state != Refund.State.FAILED
    amount = -refund.amount_minor if is_gone else 0
    what = f"refund {refund.pk} ({refund.get_state_display().lower()})"
    return Expected(amount, refund.currency, what, refund.created_at)


def _of_dispute(dispute: Dispute) -> Expected:
    amount = -dispute.amount_minor if dispute.status in TAKEN else 0
    what = f"dispute of payment {dispute.payment_id} ({dispute.get_status_display().lower()})"
    return Expected(amount, dispute.currency, what, dispute.opened_at)


register(Book("payments", of=expected_of, between=expected_between))
