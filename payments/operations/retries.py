"""Try again at once what waits for its next turn."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.jobs import enqueue
from payments.models import StripeEvent


class EventProcessed(Exception):
    """The event was acted on already; there is nothing to repeat."""


def process_again(*, event_id: UUID, now: datetime) -> StripeEvent:
    """Make an unprocessed event due now and send its task. In scope; repeating is safe.

    Raises EventProcessed, StripeEvent.DoesNotExist.
    """
    event = StripeEvent.objects.select_for_update(of=("self",)).get(pk=event_id)
    if event.processed_at is not None:
        raise EventProcessed("This event has been acted on already.")
    event.next_at = now
    event.save(update_fields=["next_at"])
    enqueue("payments.process_event", stripe_event_id=event.stripe_event_id)
    return event
