"""Forget what is kept for a while only: windows that are over, decisions that are old."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from core.tenancy import scope
from payments.models import FraudDecision
from payments.operations.counting import forget_counts

BATCH = 5000


def forget_old(*, tenant_id: UUID, now: datetime) -> int:
    """Delete counts of windows that are over, and decisions past FRAUD_RETENTION_DAYS.

    Returns how many decisions went, at most BATCH at once. Repeating goes on where it stopped.
    """
    oldest = now - timedelta(days=settings.FRAUD_RETENTION_DAYS)
    with scope(tenant_id):
        forget_counts(now=now)
        old = FraudDecision.objects.filter(created_at__lt=oldest)
        gone = list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
        deleted, _ = FraudDecision.objects.filter(pk__in=gone).delete()
    return deleted
