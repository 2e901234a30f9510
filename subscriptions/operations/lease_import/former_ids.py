"""Ids of Stripe's that come with a dump: kept beside, since nothing tells which account's."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from subscriptions.models import FormerStripeId

Kind = FormerStripeId.Kind


class FormerIds:
    """Keeps former ids of one import."""

    def __init__(self, tenant_id: UUID, file_name: str, now: datetime) -> None:
        self.tenant_id = tenant_id
        self.reason = f"Came with {file_name}"[:300]
        self.now = now

    def keep_of(self, kind: str, owner: str, ids: dict[str, UUID], found: dict[str, str]) -> None:
        """Keep the ids that rows came with: `found` and `ids` are by source id."""
        self.keep(kind, owner, {ids[source_id]: one for source_id, one in found.items()})

    def keep(self, kind: str, owner: str, ids: dict[UUID, str]) -> None:
        """Keep one id each for rows; `owner` is the foreign key: house, resident, room, lease.

        In scope; repeating changes nothing.
        """
        FormerStripeId.objects.bulk_create(
            [
                FormerStripeId(
                    tenant_id=self.tenant_id,
                    kind=kind,
                    stripe_id=stripe_id,
                    reason=self.reason,
                    noted_at=self.now,
                    **{f"{owner}_id": pk},
                )
                for pk, stripe_id in ids.items()
            ],
            ignore_conflicts=True,
        )
