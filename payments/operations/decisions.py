"""Decide about money that came late, twice or not as asked for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core.models import User
from payments import kinds
from payments.models import Payment
from payments.operations.refunds import request_refund


class NothingToDecide(Exception):
    """The payment was expected, or somebody has decided about it already."""


def keep_payment(*, payment_id: UUID, by: User | None, now: datetime) -> Payment:
    """Keep a late, surplus or mismatched payment. In scope. Raises NothingToDecide.

    A late one that is kept counts as paid after all, for its link and for what it was for; of
    money that came twice, or in another amount, its owner is told that it was kept.
    """
    payment = _decide(payment_id, Payment.Decision.KEPT, by, now)
    if payment.standing == Payment.Standing.LATE:
        if payment.link is not None:
            payment.link.count_payment()
        kinds.kind_of(payment).on_paid(payment, now)
    else:
        kinds.kind_of(payment).on_kept(payment, now)
    return payment


def return_payment(*, payment_id: UUID, by: User | None, now: datetime) -> Payment:
    """Send a late, surplus or mismatched payment back. In scope.

    Raises NothingToDecide, and RefundTooLarge when a refund of all of it is under way already;
    then nothing is decided either.
    """
    with transaction.atomic():
        payment = _decide(payment_id, Payment.Decision.REFUNDED, by, now)
        request_refund(
            payment_id=payment_id,
            amount_minor=None,
            reason=payment.get_standing_display(),
            by=by,
            now=now,
        )
    return payment


def _decide(
    payment_id: UUID, decision: Payment.Decision, by: User | None, now: datetime
) -> Payment:
    rows = Payment.objects.select_for_update(of=("self",)).select_related("checkout", "link")
    payment = rows.get(pk=payment_id)
    if not payment.needs_decision:
        raise NothingToDecide("There is nothing left to decide about this payment.")
    payment.decision = decision
    payment.decided_at = now
    payment.decided_by = by
    payment.save(update_fields=["decision", "decided_at", "decided_by"])
    return payment
