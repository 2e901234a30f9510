"""Take off a person's page what they have seen."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.models import User
from crm.models import PaymentRequest, Reminder


def dismiss_reminder(*, reminder_id: UUID, user: User, now: datetime) -> None:
    """Mark a reminder of a person's own as seen. Repeating changes nothing.

    Raises Reminder.DoesNotExist for one that is somebody else's.
    """
    reminder = Reminder.objects.select_for_update().get(pk=reminder_id, user=user)
    if reminder.seen_at is None:
        reminder.seen_at = now
        reminder.save(update_fields=["seen_at"])


def dismiss_paid_fee(*, request_id: UUID, now: datetime) -> None:
    """Take the good news of a paid fee off everybody's page. Repeating changes nothing.

    Raises PaymentRequest.DoesNotExist, also for a fee that was not paid.
    """
    paid = PaymentRequest.objects.filter(state=PaymentRequest.State.PAID)
    request = paid.select_for_update(of=("self",)).get(pk=request_id)
    if request.attended_at is None:
        request.attended_at = now
        request.save(update_fields=["attended_at"])
