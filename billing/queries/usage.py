"""What buckets are made of: which events count, and what they come to."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from billing.models import UsageBucket, UsageEvent

# An event counts unless another one corrects it; a void never does. Buckets worked out from events:
# one row for each id, also where no event is left. Keys are compared by code point, as Python does.
COUNTS = """e.kind <> 'void' AND NOT EXISTS (
    SELECT FROM billing_usageevent c
    WHERE c.tenant_id = e.tenant_id AND c.corrects = e.idempotency_key)"""
TOTALS = """
CASE m.aggregation
    WHEN 'sum' THEN coalesce(sum(e.quantity), 0)
    WHEN 'count' THEN count(e.bucket_id)
    WHEN 'max' THEN coalesce(max(e.quantity), 0)
    WHEN 'unique' THEN count(DISTINCT e.value)
    ELSE coalesce((array_agg(e.quantity
        ORDER BY e.time DESC, e.idempotency_key COLLATE "C" DESC)
        FILTER (WHERE e.bucket_id IS NOT NULL))[1], 0)
END AS quantity, count(e.bucket_id)::int AS events, max(e.time) AS last_at"""
RECOUNTED = f"""
SELECT b.id, {TOTALS}
FROM billing_usagebucket b JOIN billing_meter m ON m.id = b.meter_id
LEFT JOIN billing_usageevent e ON e.bucket_id = b.id AND {COUNTS}
WHERE b.id = ANY(%s) GROUP BY b.id, m.aggregation
"""  # noqa: S608 - made of constants


def events_of_bucket(bucket_id: int) -> QuerySet[UsageEvent]:
    """Return the events that count in a bucket, newest first."""
    return (
        UsageEvent.objects.filter(bucket_id=bucket_id)
        .exclude(kind=UsageEvent.Kind.VOID)
        .filter(~Exists(_corrections()))
        .order_by("-time", "-idempotency_key")
    )


def _corrections() -> QuerySet[UsageEvent]:
    return UsageEvent.objects.filter(
        tenant=OuterRef("tenant_id"), corrects=OuterRef("idempotency_key")
    )


def days_of_use(
    organization_id: UUID,
    *,
    since: date | None = None,
    until: date | None = None,
    meter_id: UUID | None = None,
) -> QuerySet[UsageBucket]:
    """Return an organization's buckets with events that count, within days inclusive."""
    found = UsageBucket.objects.filter(organization=organization_id, events__gt=0)
    if since is not None:
        found = found.filter(day__gte=since)
    if until is not None:
        found = found.filter(day__lte=until)
    return found if meter_id is None else found.filter(meter=meter_id)
