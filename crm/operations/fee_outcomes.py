"""What became of the application fee: kept in the transaction that records the money.

Payments calls these with its checkout or payment locked; they lock the application next.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_date

from core.money import Money
from crm.models import Application, ApplicationStage, PaymentRequest, Stage, TimelineEntry
from crm.operations.fee_requests import end_request, is_over, pending_request, stage_of
from crm.operations.fees import ENDED_UNPAID
from crm.operations.stages import enter_application_stage, lock_application
from crm.operations.timeline import Actor, record
from payments.gateway import DisputeFacts
from payments.models import Checkout, Payment
from payments.operations.claims import stop_checkout
from payments.words import paid_with

STRIPE = Actor(words="Stripe")

_DISPUTES = {
    "needs_response": "The payer disputes {amount} at their bank ({reason}).",
    "under_review": "The bank looks at the evidence in the dispute of {amount}.",
    "won": "The dispute was won: {amount} stay.",
    "lost": "The dispute was lost: the bank gave {amount} back to the payer.",
    "warning_needs_response": "The payer's bank asks about {amount} ({reason}).",
    "warning_under_review": "The bank looks at the answer about {amount}.",
    "warning_closed": "The bank's question about {amount} is closed.",
    "prevented": "A dispute of {amount} was prevented.",
}


def record_fee_paid(payment: Payment, now: datetime) -> None:
    """Keep that the fee was paid: the request, the application's stage, the timeline. Once.

    An application that went further meanwhile, or is over, stays where it is; the timeline says
    so. Other tries that are still open are closed.
    """
    request, application = _lock(payment.checkout)
    if request.state == PaymentRequest.State.PAID:
        return
    _mark_paid(request, payment)
    _close_other_tries(application, request, now)
    stages: dict[str, Stage] = {row.key: row for row in ApplicationStage.objects.all()}
    goes_on = _goes_on(stages, application.stage)
    is_there = application.stage == ApplicationStage.FEE_PAID
    stays = "" if goes_on or is_there else _stands(application)
    how = paid_with(method=payment.method, brand=payment.card_brand, last4=payment.last4)
    _tell(
        application,
        TimelineEntry.Kind.FEE_PAID,
        f"{payment.amount.display()}{f' by {how}' if how else ''}.{stays}",
        now,
        payment=payment,
        payment_request=str(request.pk),
    )
    if goes_on:
        _enter_fee_paid(application, stages, now)


def record_fee_unexpected(payment: Payment, now: datetime) -> None:
    """Keep that money came which payments put on its worklist of decisions."""
    request, application = _lock(payment.checkout)
    came = payment.amount.display()
    said = {
        Payment.Standing.SURPLUS: f"{came} came though the fee had been paid already.",
        Payment.Standing.LATE: f"{came} came after the fee was changed or given up.",
    }.get(
        Payment.Standing(payment.standing),
        f"{came} came where {request.amount.display()} was asked for.",
    )
    said += " It waits under Payments until an admin keeps it or sends it back."
    if request.state == PaymentRequest.State.PENDING:
        end_request(request, state=PaymentRequest.State.FAILED, reason=said, attended_at=now)
    is_surplus = payment.standing == Payment.Standing.SURPLUS
    kind = TimelineEntry.Kind.FEE_PAID if is_surplus else TimelineEntry.Kind.FEE_FAILED
    _tell(application, kind, said, now, payment=payment)


def record_fee_kept(payment: Payment, now: datetime) -> None:
    """Keep that somebody kept unexpected money: in another amount it pays the fee after all."""
    if payment.standing == Payment.Standing.MISMATCHED:
        record_fee_paid(payment, now)
        return
    _, application = _lock(payment.checkout)
    said = f"{payment.amount.display()} that came twice was kept."
    _tell(application, TimelineEntry.Kind.FEE_PAID, said, now, payment=payment)


def note_fee_declined(payment: Payment, now: datetime) -> None:
    """Keep why a try failed; the page is still open, and the applicant may try again."""
    request, _ = _lock(payment.checkout)
    if request.state == PaymentRequest.State.PENDING:
        request.reason = f"Declined: {_why(payment.checkout, payment)}"
        request.save(update_fields=["reason"])


def record_fee_ended(checkout: Checkout, now: datetime) -> None:
    """Keep that a try ended without money; it stands on the worklist until somebody attends.

    Of several failures of one application the last one stands there.
    """
    request, application = _lock(checkout)
    if request.state != PaymentRequest.State.PENDING:
        return
    is_failed = checkout.state == Checkout.State.FAILED
    state = PaymentRequest.State.FAILED if is_failed else PaymentRequest.State.EXPIRED
    reason = _why_ended(checkout)
    end_request(request, state=state, reason=reason)
    _attend_failures(application, but=request, now=now)
    kind = TimelineEntry.Kind.FEE_FAILED
    _tell(application, kind, reason, now, payment_request=str(request.pk))


def record_fee_refunded(payment: Payment, now: datetime) -> None:
    """Tell how much of the fee went back; the stage stays."""
    _, application = _lock(payment.checkout)
    back, whole = payment.refunded.display(), payment.amount.display()
    if payment.refunded == payment.amount:
        said = f"All of it went back: {back}."
    elif payment.refunded_minor:
        said = f"{back} of {whole} went back."
    else:
        said = f"The refund failed: all of {whole} is still here."
    kind = TimelineEntry.Kind.FEE_REFUNDED
    facts = {"refunded_minor": payment.refunded_minor}
    _tell(application, kind, f"{said}{_stands(application)}", now, payment=payment, **facts)


def record_fee_disputed(payment: Payment, dispute: DisputeFacts, now: datetime) -> None:
    """Tell of a dispute, once for each state that it takes; the stage stays."""
    _, application = _lock(payment.checkout)
    facts = {"dispute": dispute.dispute_id, "status": dispute.status}
    kind = TimelineEntry.Kind.FEE_DISPUTED
    told = TimelineEntry.objects.filter(application=application, kind=kind)
    if told.filter(facts__contains=facts).exists():
        return
    said = _dispute_words(dispute, application)
    _tell(application, kind, f"{said}{_stands(application)}", now, payment=payment, **facts)


def standing_of_fee(payment: Payment) -> Payment.Standing:
    """Return whether money for a fee is expected: once, and while this fee is asked for."""
    request, application = _lock(payment.checkout)
    others = PaymentRequest.objects.filter(application=application).exclude(pk=request.pk)
    if others.filter(state=PaymentRequest.State.PAID).exists():
        return Payment.Standing.SURPLUS
    if request.state == PaymentRequest.State.PENDING:
        return Payment.Standing.EXPECTED
    if application.fee != request.amount or is_over(application):
        return Payment.Standing.LATE
    return Payment.Standing.EXPECTED


def is_fee_wanted(checkout: Checkout) -> bool:
    """Return whether a checkout is the one by which its application's fee can be paid."""
    rows = PaymentRequest.objects.filter(checkout_id=checkout.pk)
    return rows.filter(state=PaymentRequest.State.PENDING).exists()


def _lock(checkout: Checkout) -> tuple[PaymentRequest, Application]:
    """Return the request of a checkout with its application, which is locked before it is read."""
    where = PaymentRequest.objects.filter(checkout_id=checkout.pk)
    application = lock_application(where.values_list("application_id", flat=True).get())
    return where.get(), application


def _mark_paid(request: PaymentRequest, payment: Payment) -> None:
    request.state = PaymentRequest.State.PAID
    request.stripe_session_id = payment.checkout.stripe_session_id
    request.stripe_payment_intent_id = payment.stripe_payment_intent_id
    request.method = payment.method
    request.paid_at = payment.paid_at
    request.reason = ""
    request.attended_at = None  # being paid is news again
    request.save()


def _close_other_tries(application: Application, paid: PaymentRequest, now: datetime) -> None:
    """Close what else is open, and take earlier failures off the worklist."""
    other = pending_request(application)
    if other is not None:
        said = "The fee was paid by another try."
        end_request(other, state=PaymentRequest.State.EXPIRED, reason=said, attended_at=now)
        if other.checkout_id is not None:
            stop_checkout(checkout_id=other.checkout_id)
    _attend_failures(application, but=paid, now=now)


def _attend_failures(application: Application, *, but: PaymentRequest, now: datetime) -> None:
    failures = PaymentRequest.objects.filter(application=application, attended_at=None)
    failures.filter(state__in=["failed", "expired"]).exclude(pk=but.pk).update(attended_at=now)


def _goes_on(stages: dict[str, Stage], here: str) -> bool:
    """Return whether the stage of paid fees lies ahead of an application that is still open."""
    target, stage = stages.get(ApplicationStage.FEE_PAID), stages.get(here)
    if target is None or stage is None:
        return False
    return stage.is_open and stage.position < target.position


def _enter_fee_paid(application: Application, stages: dict[str, Stage], now: datetime) -> None:
    enter_application_stage(
        application,
        ApplicationStage.FEE_PAID,
        stages=stages,
        note="The application fee was paid.",
        by=STRIPE,
        # Entries of one moment have no order, and this one follows from the payment.
        now=now + timedelta(microseconds=1),
    )


def _stands(application: Application) -> str:
    stage = stage_of(application)
    return f" The application stays on {stage.name if stage else application.stage}."


def _why(checkout: Checkout, payment: Payment) -> str:
    return payment.decline_message or checkout.last_error or "the bank gave no reason."


def _why_ended(checkout: Checkout) -> str:
    if checkout.decline_message:
        return f"Declined: {checkout.decline_message}"
    return checkout.last_error or ENDED_UNPAID


def _dispute_words(dispute: DisputeFacts, application: Application) -> str:
    amount = Money(dispute.amount_minor, dispute.currency).display()
    pattern = _DISPUTES.get(dispute.status, "The dispute of {amount} is now {status}.")
    said = pattern.format(
        amount=amount,
        reason=dispute.reason.replace("_", " ") or "no reason given",
        status=dispute.status.replace("_", " "),
    )
    if dispute.answer_by is None or not dispute.status.endswith("needs_response"):
        return said
    day = dispute.answer_by.astimezone(application.tenant.zone).date()
    return f"{said} Answer it at Stripe by {format_date(day, 'd MMM y', locale='en')}."


def _tell(
    application: Application,
    kind: TimelineEntry.Kind,
    text: str,
    now: datetime,
    *,
    payment: Payment | None = None,
    **facts: Any,
) -> None:
    if payment is not None:
        facts |= {"payment": str(payment.pk), "amount_minor": payment.amount_minor}
        facts |= {"currency": payment.currency}
    record(
        lead=application.lead,
        application=application,
        kind=kind,
        by=STRIPE,
        now=now,
        text=text,
        facts=facts,
    )
