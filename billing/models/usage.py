"""Usage: events as they came, and their sums by day.

These two tables grow with traffic. Their rows have no `updated_at`, no uuid of their own and no
foreign key that PostgreSQL would check for each event (docs/adr tells why and what holds instead).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing.models.fields import ExactField
from billing.models.meter import Meter
from billing.models.organization import Organization
from core.models import Tenant
from core.models.base import DatabaseNow

LONGEST_KEY = 200


class UsageBucket(models.Model):
    """What one organization used of one meter on one day of its zone, by dimensions.

    `quantity` is the sum, the count, the largest, the latest or the number of different values,
    as the meter says, over the events that count; `events` is their number and `last_at` the
    latest of their times. Kept in the transaction that stores the events.
    """

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="+")
    dimensions = models.JSONField(default=dict)
    quantity = ExactField(default=0)
    events = models.IntegerField(default=0)
    last_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "day", "meter", "dimensions"], name="bucket_once_per_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} · {self.quantity:f}"


class UsageEvent(models.Model):
    """One event, as it was sent. Append-only (trigger); its key is unique in the tenant.

    `bucket_id` says organization, meter, dimensions and day. An event of kind `void` takes the
    event `corrects` out of the count, one of kind `replace` also stands in for it; each event is
    corrected once at most. `value` is what a meter of different values looks at.
    """

    class Kind(models.TextChoices):
        USAGE = "usage", "Usage"
        REPLACE = "replace", "Replaces another event"
        VOID = "void", "Voids another event"

    pk = models.CompositePrimaryKey("tenant_id", "idempotency_key")
    # The tenant is proved by the bucket; see the module.
    tenant = models.ForeignKey(
        Tenant, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    bucket_id = models.BigIntegerField()
    time = models.DateTimeField()
    received_at = models.DateTimeField(db_default=DatabaseNow())
    idempotency_key = models.CharField(max_length=LONGEST_KEY)
    quantity = ExactField()
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.USAGE)
    value = models.CharField(max_length=200, null=True)
    corrects = models.CharField(max_length=LONGEST_KEY, null=True)
    reason = models.CharField(max_length=300, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="correcting_event_has_reason",
                condition=Q(kind="usage", corrects=None, reason=None)
                | (~Q(kind="usage") & Q(corrects__isnull=False, reason__isnull=False)),
            ),
            models.UniqueConstraint(
                fields=["tenant", "corrects"],
                condition=Q(corrects__isnull=False),
                name="event_corrected_once",
            ),
        ]
        indexes = [models.Index(fields=["bucket_id"], name="event_by_bucket")]

    def __str__(self) -> str:
        return self.idempotency_key
