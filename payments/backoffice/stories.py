"""Stories of links and payments, for timelines: what was made, tried, paid and given back."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from core.backoffice.timelines import Happening
from payments import queries
from payments.models import (
    Checkout,
    Dispute,
    EarlyWarning,
    FraudAlarm,
    Payment,
    PaymentLink,
    Refund,
)
from payments.words import words_of_term

MOST = 30


def _payment_url(payment: Payment) -> str:
    return reverse("payment", args=[payment.pk])


def story_of_link(link: PaymentLink) -> Iterable[Happening]:
    """Tell of a link's making, its end, and all that customers did."""
    yield Happening(link.created_at, "Made", str(link.created_by or ""))
    for version in queries.versions_of(link).filter(number__gt=1)[:MOST]:
        changed = ", ".join(words_of_term(name) for name in version.changed)
        yield Happening(version.made_at, f"Edited: {changed}", str(version.made_by or ""))
    for off in link.times_off:
        yield Happening(off.lower, "Off until it was switched on again")
        yield Happening(off.upper, "On again")
    if link.deactivated_at is not None:
        yield Happening(link.deactivated_at, "Off since then")
    for alarm in link.alarms.select_related("ended_by")[:MOST]:
        yield from story_of_alarm(alarm)
    for checkout in link.checkouts.all()[:MOST]:
        yield story_of_checkout(checkout)
    for payment in queries.payments_of(link)[:MOST]:
        yield from story_of_money(payment, link=_payment_url(payment))
    refunds = Refund.objects.filter(payment__link=link).select_related("requested_by", "payment")
    for refund in refunds[:MOST]:
        yield story_of_refund(refund, link=_payment_url(refund.payment))


def story_of_payment(payment: Payment) -> Iterable[Happening]:
    """Tell of a payment's try, its money and its refunds."""
    yield story_of_checkout(payment.checkout)
    yield from story_of_money(payment)
    yield from story_of_trouble(payment)
    for refund in payment.refunds.select_related("requested_by")[:MOST]:
        yield story_of_refund(refund)


def story_of_checkout(checkout: Checkout) -> Happening:
    """Tell that a customer began to pay."""
    return Happening(checkout.created_at, f"A customer began to pay {checkout.amount.display()}")


def story_of_money(payment: Payment, *, link: str = "") -> Iterable[Happening]:
    """Tell how a payment went, and what was decided about it."""
    amount = payment.amount.display()
    if payment.paid_at is not None:
        standing = "" if payment.standing == "expected" else f" ({payment.get_standing_display()})"
        # Stripe's clock shows whole seconds: without this a quick payment came before its try.
        when = max(payment.paid_at, payment.checkout.created_at)
        yield Happening(when, f"{amount} paid{standing}", link=link)
    elif payment.state == Payment.State.FAILED:
        why = payment.decline_message or "no reason given"
        yield Happening(payment.updated_at, f"Payment of {amount} failed: {why}", link=link)
    else:
        yield Happening(payment.created_at, f"{amount} on its way from a bank", link=link)
    if payment.decided_at is not None:
        what = "Kept" if payment.decision == Payment.Decision.KEPT else "Sent back"
        who = str(payment.decided_by or "")
        yield Happening(payment.decided_at, f"{what}, though unexpected", who, link)


def story_of_alarm(alarm: FraudAlarm) -> Iterable[Happening]:
    """Tell that stolen cards may have been tried, and when somebody saw to it."""
    what = "Paused for safety" if alarm.step == "pause" else "Fraud alarm"
    yield Happening(alarm.raised_at, f"{what}: {alarm.reason}", tone="bad")
    if alarm.ended_at is not None:
        done = "Opened again" if alarm.step == "pause" else "Fraud alarm seen to"
        yield Happening(alarm.ended_at, done, str(alarm.ended_by or ""))


def story_of_trouble(payment: Payment) -> Iterable[Happening]:
    """Tell of a payment's warnings and disputes, and what was done about them."""
    for warning in payment.early_warnings.select_related("decided_by"):
        yield from story_of_warning(warning)
    for dispute in payment.disputes.prefetch_related("answers__asked_by"):
        yield from story_of_dispute(dispute)


def story_of_warning(warning: EarlyWarning) -> Iterable[Happening]:
    """Tell that an issuer warned of a payment, and what was decided."""
    yield Happening(warning.warned_at, str(warning), tone="bad")
    if warning.decided_at is not None:
        what = f"Warning: {warning.get_decision_display().lower()}"
        yield Happening(warning.decided_at, what, str(warning.decided_by or ""))


def story_of_dispute(dispute: Dispute) -> Iterable[Happening]:
    """Tell that a bank disputed a payment, and how it was answered."""
    link = reverse("dispute", args=[dispute.pk])
    yield Happening(dispute.opened_at, f"Disputed: {dispute}", link=link, tone="bad")
    for answer in dispute.answers.all():
        who = str(answer.asked_by or "")
        yield Happening(answer.asked_at, str(answer), who, link)


def story_of_refund(refund: Refund, *, link: str = "") -> Happening:
    """Tell of a refund and how far it has come."""
    what = f"Refund of {refund.amount.display()}: {refund.get_state_display().lower()}"
    return Happening(refund.created_at, what, str(refund.requested_by or ""), link)
