"""Movements of a house's rents, each written once."""

from __future__ import annotations

from datetime import datetime

from subscriptions.models import HouseEntry, RentPayment

Kind = HouseEntry.Kind


def enter(
    rent: RentPayment,
    kind: HouseEntry.Kind,
    amount_minor: int,
    *,
    source: str,
    happened_at: datetime,
    words: str = "",
) -> bool:
    """Write a movement unless its source is there already; returns whether it is new. In scope."""
    house_id = rent.lease.house_id if rent.lease else None
    _, is_new = HouseEntry.objects.get_or_create(
        tenant_id=rent.tenant_id,
        rent=rent,
        kind=kind,
        source=source[:255],
        defaults={
            "house_id": house_id,
            "amount_minor": amount_minor,
            "currency": rent.currency,
            "happened_at": happened_at,
            "words": words[:300],
        },
    )
    return is_new
