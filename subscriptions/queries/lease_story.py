"""What leases know of a person: where they lived, their rents, and what went wrong with those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, tzinfo
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from core.backoffice.timelines import Happening, Person
from core.encryption import email_key
from core.money import Money
from subscriptions.models import Case, HouseEntry, Lease, RentDispute, RentPayment, Resident

Kind = HouseEntry.Kind
RESIDENT = "resident"
MOST = 200
_MOVED = {
    Kind.RECEIVED: ("paid", "good"),
    Kind.RETURNED: ("went back", "bad"),
    Kind.REINSTATED: ("given back by the bank", "good"),
    Kind.WRITTEN_OFF: ("written off", "wait"),
}


def person_of_resident(resident: Resident | None) -> Person:
    """Return a resident as other apps may know them; nobody where none is known."""
    if resident is None:
        return Person()
    return Person.known_by(resident.email, (RESIDENT, resident.pk))


def person_of_rent(rent: RentPayment) -> Person:
    """Return the person whose rent it is."""
    return person_of_resident(rent.resident or (rent.lease.resident if rent.lease else None))


def residents_of(person: Person) -> list[UUID]:
    """Return the ids of residents that are the person, or have an e-mail of theirs."""
    keys = sorted(email_key(email) for email in person.emails)
    theirs = Q(email_key__in=keys) | Q(pk__in=person.ids(RESIDENT))
    return list(Resident.objects.filter(theirs).values_list("pk", flat=True)[:MOST])


def story_of_resident(person: Person) -> Iterable[Happening]:
    """Tell of a person's leases, rents, disputes and cases; six queries."""
    residents = residents_of(person)
    leases = Lease.objects.filter(resident__in=residents).select_related("house", "tenant")
    for lease in leases[:MOST]:
        yield from _lease(lease)
    whose = Q(resident__in=residents) | Q(lease__resident__in=residents)
    found = RentPayment.objects.filter(whose, duplicate_of=None)
    rents = {rent.pk: rent for rent in found.select_related("lease")[:MOST]}
    yield from _money(rents)
    for dispute in RentDispute.objects.filter(rent__in=rents).select_related("rent")[:MOST]:
        if dispute.rent is not None:
            yield from _dispute(dispute, dispute.rent)
    for case in Case.objects.filter(rent__in=rents).select_related("owner")[:MOST]:
        yield from _case(case, rents[case.rent_id])


def _lease(lease: Lease) -> Iterator[Happening]:
    link = reverse("house", args=[lease.house_id]) if lease.house_id else ""
    place = f" in {lease.house}" if lease.house else ""
    rent = f": {lease.rent.display()} a month" if lease.rent else ""
    if lease.starts_on is not None:
        when = _at(lease.starts_on, lease.zone)
        yield Happening(when, f"Lease {_name(lease)} begins{place}{rent}", link=link)
    if lease.last_day is not None:
        when = _at(lease.last_day, lease.zone, time.max)
        yield Happening(when, f"Lease {_name(lease)} ends{place}", link=link)


def _money(rents: dict[UUID, RentPayment]) -> Iterator[Happening]:
    booked = set()
    for entry in HouseEntry.objects.filter(rent__in=rents, kind__in=_MOVED)[: MOST * 2]:
        rent = rents[entry.rent_id]
        said, tone = _MOVED[Kind(entry.kind)]
        booked.add((rent.pk, entry.kind))
        amount = Money(abs(entry.amount_minor), entry.currency).display()
        what = f"{_title(rent)}: {amount} {said}"
        yield Happening(entry.happened_at, what, link=_link(rent), detail=entry.words, tone=tone)
    for rent in rents.values():
        if rent.paid_on is not None and (rent.pk, Kind.RECEIVED) not in booked:
            amount = Money(rent.paid_minor, rent.currency).display()
            what = f"{_title(rent)}: {amount} marked as paid"
            yield Happening(_at(rent.paid_on, UTC, time(12)), what, link=_link(rent), tone="good")
        elif rent.state == RentPayment.State.FAILED:
            what = f"{_title(rent)}: payment failed"
            yield Happening(rent.updated_at, what, link=_link(rent), tone="bad")


def _dispute(dispute: RentDispute, rent: RentPayment) -> Iterator[Happening]:
    verb = "asked about by the bank" if dispute.is_inquiry else "disputed"
    what = f"{_title(rent)}: {dispute.amount.display()} {verb}"
    yield Happening(dispute.opened_at, what, link=_link(rent), tone="bad")
    if dispute.ended_at is not None:
        what = f"{_title(rent)}: dispute {dispute.get_status_display().lower()}"
        yield Happening(dispute.ended_at, what, link=_link(rent))


def _case(case: Case, rent: RentPayment) -> Iterator[Happening]:
    link = _link(rent)
    yield Happening(case.opened_at, f"{_title(rent)}: case opened", link=link, detail=case.cause)
    if case.closed_at is not None:
        what = f"{_title(rent)}: case closed"
        yield Happening(case.closed_at, what, str(case.owner or ""), link, detail=case.outcome)


def _at(day: date, zone: tzinfo, clock: time = time.min) -> datetime:
    return datetime.combine(day, clock, zone)


def _name(lease: Lease) -> str:
    return lease.name or str(lease.number or lease.source_id or "")


def _title(rent: RentPayment) -> str:
    name = str(rent)
    return name[:1].upper() + name[1:]


def _link(rent: RentPayment) -> str:
    return reverse("rent_case", args=[rent.pk])
