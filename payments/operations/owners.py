"""What the owners are told by e-mail about cards, warnings and disputes of payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from core.models import Tenant
from core.money import Money
from core.operations.alarms import Alarm, tell_owners
from core.tenancy import current
from payments.models import EarlyWarning, FraudAlarm, FraudRule

_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A dispute, whoever keeps it. `status` and `reason` are Stripe's words."""

    stripe_dispute_id: str
    status: str
    reason: str
    amount_minor: int
    currency: str
    answer_by: datetime | None


def tell_of_alarm(alarm: FraudAlarm, now: datetime) -> int:
    """Tell the owners that a rule against stolen cards was broken. In scope, once an alarm."""
    is_paused = alarm.step == FraudRule.Step.PAUSE and alarm.link is not None
    where = f"the link “{alarm.link.title}”" if alarm.link else "your pages"
    words = Alarm(
        title=f"{'A link is paused' if is_paused else 'Signs of stolen cards'}: {alarm.rule.name}",
        happened=f"Somebody seems to try cards on {where}. {alarm.reason}",
        money="The link takes no money until you open it again; nobody can pay with it."
        if is_paused
        else "No money was lost by this. Payments that went through may be disputed later.",
        todo="Look at the tries. Refund payments that you do not trust, block who tries, and open"
        " the link again when it is over.",
        path=reverse("safety"),
    )
    return tell_owners(words, subject_id=alarm.pk, once=f"fraud:{alarm.pk}", now=now)


def tell_of_warning(warning: EarlyWarning, now: datetime) -> int:
    """Tell the owners of an issuer's early warning. In scope, once a warning."""
    return tell_of_fraud(
        warning.payment.amount,
        fraud_type=warning.fraud_type,
        is_actionable=warning.is_actionable,
        stripe_warning_id=warning.stripe_warning_id,
        subject_id=warning.pk,
        path=reverse("payment", args=[warning.payment_id]),
        now=now,
    )


def tell_of_fraud(
    amount: Money,
    *,
    fraud_type: str,
    is_actionable: bool,
    stripe_warning_id: str,
    subject_id: UUID,
    path: str,
    now: datetime,
) -> int:
    """Tell the owners that an issuer warns of an amount, whoever keeps it. Once a warning."""
    words = Alarm(
        title=f"Early fraud warning about {amount.display()}",
        happened=f"The card's bank says that a payment of {amount.display()} may be fraud"
        f" ({fraud_type.replace('_', ' ')}).",
        money="The money is still yours. If the payer disputes it, it is taken back, with a fee."
        if is_actionable
        else "It is refunded or disputed already: a refund does not help any more.",
        todo="Refund it now to spare the dispute and its fee, or keep it if you know the payer.",
        path=path,
    )
    once = f"warning:{stripe_warning_id}"
    return tell_owners(words, subject_id=subject_id, once=once, now=now)


def tell_of_objection(
    objection: Objection, *, what: str, subject_id: UUID, path: str, now: datetime
) -> int:
    """Tell the owners that a payer objects to `what`. In scope, once a dispute.

    What is decided already by the time that it is heard of is not told.
    """
    if objection.status not in _OPEN:
        return 0
    amount = Money(objection.amount_minor, objection.currency).display()
    is_inquiry = objection.status.startswith("warning_")
    reason = objection.reason.replace("_", " ") or "no reason given"
    words = Alarm(
        title=f"{'An inquiry' if is_inquiry else 'A dispute'} about {amount}",
        happened=f"The payer of {what} objects to {amount} at their bank: {reason}.",
        money="Nothing was taken yet; it becomes a dispute if nobody answers."
        if is_inquiry
        else "The bank has taken the money back, and Stripe a fee. You get it again if you win.",
        todo=f"{_answer(objection.answer_by)} Or accept it, if the payer is right.",
        path=path,
    )
    once = f"dispute:{objection.stripe_dispute_id}"
    return tell_owners(words, subject_id=subject_id, once=once, now=now)


def _answer(answer_by: datetime | None) -> str:
    if answer_by is None:
        return "Give evidence."
    zone = Tenant.objects.get(pk=current().tenant_id).zone
    last = f"{answer_by.astimezone(zone):%d %B %Y, %H:%M} ({zone.key})"
    return f"Give evidence before {last}: afterwards the bank takes none, and the money is lost."
