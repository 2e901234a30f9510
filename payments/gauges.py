"""What /metrics shows about the inbox and the payments of all tenants together."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Min

from core.observe import gauges
from payments.models import Payment, StripeEvent
from payments.queries import worklist_counts


def unprocessed_events(now: datetime) -> gauges.Reading:
    """Yield how many events of the inbox wait."""
    yield (), StripeEvent.objects.filter(processed_at=None).count()


def inbox_age(now: datetime) -> gauges.Reading:
    """Yield for how many seconds the oldest unprocessed event has waited; 0 if none does."""
    oldest = StripeEvent.objects.filter(processed_at=None).aggregate(at=Min("created_at"))["at"]
    yield (), max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def payments_by_state(now: datetime) -> gauges.Reading:
    """Yield how many payments there are in each state and currency."""
    rows = Payment.objects.order_by().values_list("state", "currency").annotate(n=Count("pk"))
    for state, currency, count in rows:
        yield (state, currency), count


def money_waiting(now: datetime) -> gauges.Reading:
    """Yield how many payments, refunds and events wait for a person."""
    counts = worklist_counts()
    yield ("to_decide",), counts.to_decide
    yield ("failed_refunds",), counts.failed_refunds
    yield ("stuck_events",), counts.stuck_events


gauges.register(
    "money_waiting", "What waits for a person, by worklist.", money_waiting, labels=("worklist",)
)
gauges.register("inbox_unprocessed", "Stripe events that wait to be processed.", unprocessed_events)
gauges.register(
    "inbox_oldest_seconds", "How long the oldest of them has waited.", inbox_age, join=max
)
gauges.register(
    "payments", "Payments by state and currency.", payments_by_state, labels=("state", "currency")
)
