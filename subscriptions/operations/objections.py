"""Fraud warnings that a person clears, and deadlines of disputes that are told in time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import User
from core.tenancy import scope
from subscriptions.models import FraudWarning, RentDispute, RentPayment
from subscriptions.operations.cases import open_case, tell_case
from subscriptions.operations.transfers import weigh_transfer
from subscriptions.queries.rent_case import days_left

# Days before the deadline at which it is told, once each.
TOLD_BEFORE = (7, 3, 1)


def clear_warning(*, warning: FraudWarning, note: str, by: User, now: datetime) -> FraudWarning:
    """Let a warning hold the rent no longer, with the reason. In scope; repeating changes nothing.

    Raises FieldsInvalid.
    """
    errors = list(wrong_texts({"text": note}, {"text": 300}))
    if not note.strip():
        errors.append(WrongField("text", "required", "Say why the payment is genuine."))
    if errors:
        raise FieldsInvalid(*errors)
    rent = None
    if warning.rent_id is not None:
        rents = RentPayment.objects.select_for_update(of=("self",)).select_related("lease__house")
        rent = rents.get(pk=warning.rent_id)
    found = FraudWarning.objects.select_for_update(of=("self",)).get(pk=warning.pk)
    if found.cleared_at is not None:
        return found
    found.cleared_at, found.cleared_note = now, note.strip()
    found.save(update_fields=["cleared_at", "cleared_note"])
    if rent is not None:
        case = open_case(rent, cause="The card's issuer warns of fraud", now=now)
        tell_case(case, f"Cleared the fraud warning: {found.cleared_note}", by=by, now=now)
        weigh_transfer(rent, now=now)
    return found


def remind_of_deadlines(*, tenant_id: UUID, now: datetime) -> int:
    """Tell, in their cases, of disputes whose deadline is near; returns how many were told of.

    Each number of days is told once; after an outage of a week only the nearest one is.
    """
    told = 0
    with scope(tenant_id):
        waiting = RentDispute.objects.select_for_update(of=("self",)).filter(
            status__in=RentDispute.ANSWERABLE, submissions=0, answer_by__gt=now, rent__isnull=False
        )
        for dispute in waiting.select_related("rent"):
            told += _remind(dispute, now)
    return told


def _remind(dispute: RentDispute, now: datetime) -> bool:
    left = days_left(dispute.answer_by, now)
    assert left is not None  # noqa: S101 - the query says so
    assert dispute.rent is not None  # noqa: S101 - the query says so
    reached = [days for days in TOLD_BEFORE if left < days]
    if not reached or set(reached) <= set(dispute.reminded_for):
        return False
    dispute.reminded_for = sorted({*reached, *dispute.reminded_for}, reverse=True)
    dispute.save(update_fields=["reminded_for"])
    days = min(reached)
    words = (
        f"The bank must have an answer by {dispute.answer_by:%Y-%m-%d %H:%M} UTC: less than"
        f" {days} day{'s' if days > 1 else ''} left. Submit the evidence, or accept the dispute."
    )
    case = open_case(dispute.rent, cause="Disputed", now=now)
    tell_case(case, words, once=f"deadline {dispute.stripe_dispute_id} {days}", now=now)
    return True
