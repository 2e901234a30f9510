"""What Stripe is to know of residents, rooms and leases: the parameters of its calls."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import phonenumbers

from subscriptions.dumps.naming import same_name
from subscriptions.models import Lease, Resident, Room
from subscriptions.models.imported import ImportedRow
from subscriptions.operations.lease_import.people import is_email

_LONGEST_PHONE = 20
_LONGEST_NAME = 256


def metadata_of(row: ImportedRow, **more: str) -> dict[str, str]:
    """Return the metadata by which an object at Stripe is known as ours."""
    noun = row._meta.model_name or ""
    found = {f"taproom_{noun}": str(row.pk), "taproom_tenant": str(row.tenant_id), **more}
    if row.source_id:
        found |= {"source_table": SOURCES[type(row)], "source_id": row.source_id}
    return {name: value[:500] for name, value in found.items() if value}


SOURCES: dict[type[ImportedRow], str] = {Resident: "users", Room: "rooms", Lease: "leases"}


def customer_params(resident: Resident) -> dict[str, Any]:
    """Return all that a customer at Stripe is to know of a resident."""
    params: dict[str, Any] = {
        "name": resident.name[:_LONGEST_NAME],
        "email": resident.email if is_email(resident.email) else "",
        "phone": phone_of(resident),
        "metadata": metadata_of(
            resident,
            country=resident.country,
            zendesk_id=_told(resident, "zendeskid"),
            standing=_standing(resident),
        ),
    }
    if resident.address:
        params["address"] = {"line1": resident.address[:500]}
    if resident.locale:
        params["preferred_locales"] = [resident.locale]
    return {name: value for name, value in params.items() if value}


def _told(resident: Resident, name: str) -> str:
    """Return what a column without a field here says, whatever its spelling."""
    known = {same_name(column): value for column, value in resident.details.items()}
    return str(known.get(name) or "")


def _standing(resident: Resident) -> str:
    if resident.is_banned:
        return "banned"
    return "" if resident.is_active else "inactive"


def phone_of(resident: Resident) -> str:
    """Return a phone number in E.164 where it is a valid one, else as it is; "" if too long."""
    try:
        number = phonenumbers.parse(resident.phone, resident.country or None)
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    except phonenumbers.NumberParseException:
        pass
    return resident.phone if len(resident.phone) <= _LONGEST_PHONE else ""


def product_params(room: Room) -> dict[str, Any]:
    """Return what a product at Stripe is to know of a room."""
    name = str(room).capitalize()
    if room.house is not None:
        name = f"{name}, {room.house}"
    params = {
        "name": name[:250],
        "description": (room.description or room.location)[:500],
        "metadata": metadata_of(
            room,
            house_source_id=room.house_source_id,
            room_number="" if room.number is None else str(room.number),
            location=room.location,
        ),
    }
    return {name: value for name, value in params.items() if value}


def room_price_params(room: Room) -> dict[str, Any]:
    """Return a room's price: so much each month, in the currency of its house."""
    return {
        **_monthly(room.price_minor or 0, room.currency),
        "nickname": "Rent of the room",
        "product": room.stripe_product_id,
        "metadata": metadata_of(room),
    }


def lease_price_params(lease: Lease, amount_minor: int) -> dict[str, Any]:
    """Return the price of one lease, under the room's product; without a room under its own."""
    label = lease.number or lease.source_id
    params = {
        **_monthly(amount_minor, lease.currency),
        "nickname": f"Rent of lease {label}"[:250],
        "metadata": metadata_of(lease),
    }
    if lease.room is not None:
        return {**params, "product": lease.room.stripe_product_id}
    name = f"Lease {label}, {lease.house}"
    return {**params, "product_data": {"name": name[:250], "metadata": metadata_of(lease)}}


def _monthly(amount_minor: int, currency: str) -> dict[str, Any]:
    return {
        "currency": currency.lower(),
        "unit_amount": amount_minor,
        "recurring": {"interval": "month"},
    }


def subscription_metadata(lease: Lease, kind: str) -> dict[str, str]:
    """Return the metadata of a lease's subscription."""
    return metadata_of(
        lease,
        kind=kind,
        lease_number=str(lease.number or ""),
        starts_on=str(lease.starts_on or ""),
        ends_on=str(lease.last_day or ""),
        status=lease.status,
    )


def digest(params: Any) -> str:
    """Return a hash that differs when what Stripe is to know differs."""
    text = json.dumps(params, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
