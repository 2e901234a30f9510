"""The endpoint for usage events as one would first write it: serializers, the ORM, one transaction.

The outcome is the same - each key stored once, buckets equal to their events, a verdict for each
event - for new events of sums, which is all that the benchmark sends.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from benchmarks.usage_twin import Fields, VerdictFields
from billing.models import Meter, Organization, UsageBucket, UsageEvent
from core.api.views import ApiView

Row = dict[str, Any]
Key = tuple[UUID, date, UUID, tuple[tuple[str, str], ...]]


class UsageByOrm(ApiView):
    """The same batch, read, stored and answered as the frameworks' books have it."""

    required_scopes: ClassVar = {"POST": "usage:write"}
    parser_classes: ClassVar = [JSONParser]

    def post(self, request: Request) -> Response:
        """Store a batch."""
        form = Fields(data=request.data, many=True)
        form.is_valid(raise_exception=True)
        found = list(_store(form.validated_data, self.tenant.pk, self.now))
        return Response({"results": VerdictFields(found, many=True).data})


def _store(rows: list[Row], tenant_id: UUID, now: datetime) -> Iterator[Row]:
    stored = {
        one.idempotency_key: one
        for one in UsageEvent.objects.filter(
            idempotency_key__in=[row["idempotency_key"] for row in rows]
        )
    }
    new = [row for row in rows if row["idempotency_key"] not in stored]
    buckets = _buckets(new, tenant_id)
    UsageEvent.objects.bulk_create(
        [
            UsageEvent(
                tenant_id=tenant_id, bucket_id=row["bucket"].pk, time=row["time"], received_at=now,
                idempotency_key=row["idempotency_key"], quantity=row["quantity"],
            )
            for row in new
        ]
    )  # fmt: skip
    for row in new:
        _count(row["bucket"], row)
    UsageBucket.objects.bulk_update(buckets, ["quantity", "events", "last_at"], batch_size=500)
    for index, row in enumerate(rows):
        before = stored.get(row["idempotency_key"])
        is_same = before is not None and before.quantity == row["quantity"]
        word = "accepted" if before is None else "duplicate" if is_same else "conflict"
        yield {"index": index, "idempotency_key": row["idempotency_key"], "verdict": word}


def _buckets(rows: list[Row], tenant_id: UUID) -> list[UsageBucket]:
    """Put its bucket, locked, into each row; returns all of them."""
    codes = {row["organization"] for row in rows}
    # Not the payer, which lies encrypted.
    known = Organization.objects.only("code", "time_zone").filter(code__in=codes)
    organizations = {one.code: one for one in known}
    meters = {
        one.code: one for one in Meter.objects.filter(code__in={row["meter"] for row in rows})
    }
    wanted: dict[Key, list[Row]] = {}
    for row in rows:
        organization = organizations[row["organization"]]
        day = row["time"].astimezone(organization.zone).date()
        dimensions = tuple(sorted(row["dimensions"].items()))
        key = (organization.pk, day, meters[row["meter"]].pk, dimensions)
        wanted.setdefault(key, []).append(row)
    found = _locked(wanted)
    missing = [key for key in wanted if key not in found]
    UsageBucket.objects.bulk_create(
        [
            UsageBucket(
                tenant_id=tenant_id, organization_id=organization, day=day, meter_id=meter,
                dimensions=dict(dimensions),
            )
            for organization, day, meter, dimensions in missing
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    if missing:
        found = _locked(wanted)
    for key, several in wanted.items():
        for row in several:
            row["bucket"] = found[key]
    return [found[key] for key in wanted]


def _locked(wanted: dict[Key, list[Row]]) -> dict[Key, UsageBucket]:
    rows = UsageBucket.objects.filter(
        organization_id__in={key[0] for key in wanted}, day__in={key[1] for key in wanted}
    )
    return {
        (
            one.organization_id,
            one.day,
            one.meter_id,
            tuple(sorted(one.dimensions.items())),
        ): one
        for one in rows.order_by("pk").select_for_update()
    }


def _count(bucket: UsageBucket, row: Row) -> None:
    bucket.quantity += row["quantity"]
    bucket.events += 1
    bucket.last_at = max(bucket.last_at or row["time"], row["time"])
