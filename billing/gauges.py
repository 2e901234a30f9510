"""What /metrics shows about pushes to Stripe, and about the books, of all tenants together."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Min

from billing.models import AuditReport, Push, PushDesk
from core.observe import gauges


def pushes_by_state(now: datetime) -> gauges.Reading:
    """Yield how many pushes there are in each state."""
    rows = Push.objects.order_by().values_list("state").annotate(n=Count("pk"))
    for state, count in rows:
        yield (state,), count


def push_age(now: datetime) -> gauges.Reading:
    """Yield for how many seconds the oldest open push has waited; 0 if none does."""
    oldest = Push.objects.filter(state__in=Push.OPEN).aggregate(at=Min("created_at"))["at"]
    yield (), max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def mismatches(now: datetime) -> gauges.Reading:
    """Yield how many pushes differ at Stripe from ours."""
    yield (), Push.objects.filter(state=Push.State.MISMATCH).count()


def silence(now: datetime) -> gauges.Reading:
    """Yield for how many seconds Stripe has given no certain answer; 0 while it answers."""
    since = PushDesk.objects.filter(down_since__isnull=False).aggregate(at=Min("down_since"))["at"]
    yield (), max(0.0, (now - since).total_seconds()) if since else 0.0


gauges.register("billing_pushes", "Pushes to Stripe by state.", pushes_by_state, labels=("state",))
gauges.register(
    "billing_push_oldest_seconds", "How long the oldest open push has waited.", push_age, join=max
)
gauges.register(
    "billing_stripe_silent_seconds", "How long Stripe has not answered pushes.", silence, join=max
)
gauges.register("billing_push_mismatches", "Pushes that differ at Stripe from ours.", mismatches)


def violations(now: datetime) -> gauges.Reading:
    """Yield how many rows broke a promise at the last audit, 0 for sound books."""
    report = AuditReport.objects.first()
    if report is not None:
        yield (), sum(report.violations.values())


def hours_since_audit(now: datetime) -> gauges.Reading:
    """Yield how long ago the books were audited last."""
    report = AuditReport.objects.first()
    if report is not None:
        yield (), (now - report.ended_at).total_seconds() / 3600


gauges.register(
    "billing_audit_violations", "Rows that broke a promise at the last audit.", violations
)
gauges.register(
    "billing_audit_age_hours", "Hours since the books were audited.", hours_since_audit, join=max
)
