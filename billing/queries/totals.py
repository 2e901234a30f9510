"""How much of one meter an organization used in some days, all dimensions together."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Max, QuerySet, Sum

from billing.models import Meter, UsageBucket
from billing.queries.calendar import Days

# Different values of several days are not the sum of each day's. As billing.queries.charges.
_DIFFERENT = """
SELECT count(DISTINCT e.value) FROM billing_usagebucket b
JOIN billing_usageevent e ON e.bucket_id = b.id AND e.kind <> 'void'
WHERE b.organization_id = %s AND b.meter_id = %s AND b.day >= %s AND b.day < %s AND b.events > 0
  AND NOT EXISTS (SELECT FROM billing_usageevent c
                  WHERE c.tenant_id = e.tenant_id AND c.corrects = e.idempotency_key)
"""


def used_in(organization_id: UUID, meter: Meter, days: Days) -> Decimal:
    """Return the quantity of a meter in a period so far; one query."""
    kinds = Meter.Aggregation
    if meter.aggregation == kinds.UNIQUE:
        with connection.cursor() as cursor:
            cursor.execute(_DIFFERENT, [organization_id, meter.pk, days.starts_on, days.ends_on])
            return Decimal(cursor.fetchone()[0])
    rows = UsageBucket.objects.filter(
        organization_id=organization_id,
        meter=meter,
        day__gte=days.starts_on,
        day__lt=days.ends_on,
        events__gt=0,
    )
    if meter.aggregation == kinds.LATEST:
        return _latest(rows)
    how = Max("quantity") if meter.aggregation == kinds.MAX else Sum("quantity")
    return rows.aggregate(found=how)["found"] or Decimal(0)


def _latest(rows: QuerySet[UsageBucket]) -> Decimal:
    newest = rows.order_by("-last_at", "-quantity").values_list("quantity", flat=True).first()
    return newest if newest is not None else Decimal(0)
