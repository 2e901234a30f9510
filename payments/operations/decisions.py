"""Decide about money that came late, twice or not as asked for, or that would not go back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core.models import User
from payments import kinds
from payments.announcements import tell_if_full
from payments.models import Payment, Refund
from payments.operations.refunds import request_refund


class NothingToDecide(Exception):
    """The payment was expected, or somebody has decided about it already."""


class RefundNotFailed(Exception):
    """The refund has not failed: its money went back, or is on its way."""


class RefundSettled(Exception):
    """Somebody said already how the customer got this money."""


class NoteMissing(Exception):
    """How the customer got the money must be said: nobody could tell later."""


LONGEST_NOTE = 300


def keep_payment(*, payment_id: UUID, by: User | None, now: datetime) -> Payment:
    """Keep a late, surplus or mismatched payment. In scope. Raises NothingToDecide.

    A late one that is kept counts as paid after all, for its link and for what it was for; of
    money that came twice, or in another amount, its owner is told that it was kept.
    """
    payment = _decide(payment_id, Payment.Decision.KEPT, by, now)
    if payment.standing == Payment.Standing.LATE:
        if payment.link is not None:
            payment.link.count_late_payment(payment.amount_minor)
            tell_if_full(payment.link, now)
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


def settle_refund(*, refund_id: UUID, note: str, by: User | None, now: datetime) -> Refund:
    """Note that the money of a failed refund went back in another way. In scope; no money moves.

    `note` says how (1 to 300 characters). The refund stays failed and leaves the worklist. Raises
    NoteMissing, RefundNotFailed, RefundSettled, Refund.DoesNotExist.
    """
    note = " ".join(note.replace("\0", " ").split())
    if not 0 < len(note) <= LONGEST_NOTE:
        raise NoteMissing(f"Say in 1 to {LONGEST_NOTE} characters how the customer got the money.")
    # The payment's lock is what all changes of its refunds take turns by.
    Payment.objects.select_for_update(of=("self",)).get(refunds=refund_id)
    refund = Refund.objects.get(pk=refund_id)
    if refund.state != Refund.State.FAILED:
        raise RefundNotFailed("This refund has not failed.")
    if refund.settled_at is not None:
        raise RefundSettled("Somebody has settled this refund already.")
    refund.settled_at, refund.settled_by, refund.settled_note = now, by, note
    refund.save(update_fields=["settled_at", "settled_by", "settled_note"])
    return refund


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
