"""Reads about fraud and disputes: what waits, and what was decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import OuterRef, QuerySet, Subquery

from payments.models import (
    CardTry,
    Dispute,
    EarlyWarning,
    FraudAlarm,
    FraudDecision,
    Payment,
)

# So long before a dispute's answer is due somebody is told.
DUE_SOON: Final = timedelta(days=3)


def open_alarms() -> QuerySet[FraudAlarm]:
    """Return the alarms that nobody has seen to, those that pause a link first."""
    rows = FraudAlarm.objects.filter(ended_at=None).select_related("rule", "link")
    return rows.order_by("-step", "-last_at")


def decisions() -> QuerySet[FraudDecision]:
    """Return what was decided about tries, newest first, without those let through as ever."""
    rows = FraudDecision.objects.exclude(outcome="allowed", rule=None)
    return rows.select_related("link", "rule", "checkout").order_by("-created_at", "-id")


def decisions_about(payment: Payment) -> QuerySet[FraudDecision]:
    """Return what was decided about the checkout of a payment, newest first."""
    rows = FraudDecision.objects.filter(checkout=payment.checkout_id)
    return rows.select_related("rule")


def tries_of(payment: Payment) -> QuerySet[CardTry]:
    """Return the cards that were tried for a payment, newest first."""
    return CardTry.objects.filter(checkout=payment.checkout_id).select_related("cleared_by")


def suspicious_tries() -> QuerySet[CardTry]:
    """Return paid charges that wait for a look: of blocked parties, or risky by Radar."""
    paid = Payment.objects.filter(stripe_charge_id=OuterRef("stripe_charge_id"))
    rows = CardTry.objects.filter(is_paid=True, cleared_at=None).exclude(suspicion="")
    return (
        rows.annotate(payment_id=Subquery(paid.values("pk")[:1]))
        .select_related("checkout")
        .order_by("made_at", "id")
    )


def warnings_to_decide() -> QuerySet[EarlyWarning]:
    """Return early warnings that a refund could still spare a dispute, oldest first.

    What is disputed already or refunded by now cannot be spared.
    """
    rows = EarlyWarning.objects.filter(is_actionable=True, decision="")
    rows = rows.exclude(payment__disputes__isnull=False)
    rows = rows.select_related("payment__checkout", "payment__link")
    return rows.order_by("warned_at", "id")


def disputes_to_answer() -> QuerySet[Dispute]:
    """Return disputes whose bank waits for an answer that nobody has given, soonest due first."""
    rows = Dispute.objects.filter(status__in=Dispute.ANSWERABLE, submissions=0)
    rows = rows.exclude(answers__state__in=["asked", "done"])
    return rows.select_related("payment__checkout").order_by("answer_by", "id")


def disputes_due(now: datetime) -> QuerySet[Dispute]:
    """Return those of them whose answer is due within DUE_SOON, or overdue."""
    return disputes_to_answer().filter(answer_by__lte=now + DUE_SOON)
