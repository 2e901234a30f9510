"""Evidence for a dispute: texts from the lease, the receipts and what happened, by Stripe's fields.

Source of the field names: Stripe docs, "Dispute evidence".
"""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_date

from core.money import Money
from subscriptions.models import HouseEntry, RentPayment
from subscriptions.queries.case_story import case_story
from subscriptions.queries.rent_case import RentCase

# Stripe takes 20,000 signs a field.
LONGEST = 19_000
RECEIPTS = 24


def evidence_texts(case: RentCase, now: datetime) -> dict[str, str]:
    """Return Stripe's evidence fields with what goes into them; empty ones are left out."""
    rent = case.rent
    resident = rent.resident or (rent.lease.resident if rent.lease else None)
    texts = {
        "customer_name": resident.name if resident else "",
        "customer_email_address": resident.email if resident else "",
        "product_description": what_was_sold(case),
        "service_date": _month(rent),
        "uncategorized_text": "\n\n".join(
            part for part in (lease_words(case), receipts_words(case), story_words(case)) if part
        ),
    }
    return {field: text[:LONGEST] for field, text in texts.items() if text}


def what_was_sold(case: RentCase) -> str:
    """Return what the resident got for the money, in a sentence."""
    lease = case.rent.lease
    if lease is None:
        return f"Rent of {case.due.display()}."
    room = f"{lease.room} of " if lease.room else ""
    house = lease.house or "the house"
    return (
        f"Furnished accommodation: {room}{house}, rent of {_month(case.rent)} under lease {lease}."
    )


def _month(rent: RentPayment) -> str:
    return format_date(rent.month, "MMMM y", locale="en") if rent.month else ""


def lease_words(case: RentCase) -> str:
    """Return what was agreed."""
    lease = case.rent.lease
    if lease is None:
        return ""
    lines = [f"THE LEASE: {lease}"]
    if lease.signed_on:
        lines.append(f"Signed on {lease.signed_on}.")
    if lease.starts_on:
        until = f" until {lease.last_day}" if lease.last_day else ", without an end"
        lines.append(f"From {lease.starts_on}{until}.")
    if lease.has_moved_in or lease.moved_in_on:
        when = f" on {lease.moved_in_on}" if lease.moved_in_on else ""
        lines.append(f"The resident moved in{when}.")
    if lease.rent is not None:
        lines.append(f"Monthly rent: {lease.rent.display()}.")
    return "\n".join(lines)


def receipts_words(case: RentCase) -> str:
    """Return the rents of the same lease that were paid, this one and others, newest first."""
    lines = [f"- {line}" for line in receipts(case)]
    return "\n".join(["RECEIPTS OF THIS LEASE", *lines]) if lines else ""


def receipts(case: RentCase) -> list[str]:
    """Return one line for each rent of the lease that was paid."""
    rents = RentPayment.objects.filter(lease=case.rent.lease_id, paid_minor__gt=0)
    if case.rent.lease_id is None:
        rents = RentPayment.objects.filter(pk=case.rent.pk, paid_minor__gt=0)
    return [
        f"{_month(one)}: {Money(one.paid_minor, one.currency).display()}"
        + (f" paid on {one.paid_on}" if one.paid_on else "")
        + (f", charge {one.stripe_charge_id}" if one.stripe_charge_id else "")
        for one in rents.filter(duplicate_of=None)[:RECEIPTS]
    ]


def story_words(case: RentCase) -> str:
    """Return what happened that concerns the bank: movements of money, not our own notes."""
    moved = [step for step in case_story(case) if step.theirs]
    kinds = HouseEntry.Kind
    inner = {entry.source for entry in case.entries if entry.kind in (kinds.SENT, kinds.REVERSED)}
    lines = [
        f"- {step.when:%Y-%m-%d %H:%M} UTC: {step.what} ({step.theirs})"
        for step in moved
        if step.theirs not in inner
    ]
    return "\n".join(["WHAT HAPPENED", *lines]) if lines else ""
