"""What the search finds of leases: houses, residents, leases and cases."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.http import urlencode

from core.backoffice.search import Found, Searcher, register_searcher
from core.models import User
from subscriptions.queries import look_up


def find_houses(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find a house by its name or an id."""
    for house in look_up.find_houses(query)[:limit]:
        url = reverse("house", args=[house.pk])
        yield Found("House", str(house), url, house.stripe_account_id or "No account at Stripe yet")


def find_residents(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find a resident by e-mail or whole words of the name."""
    for one in look_up.find_residents(query)[:limit]:
        yield Found("Resident", str(one), reverse("resident", args=[one.pk]), one.email)


def find_leases(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find a lease by its name, number or an id."""
    for lease in look_up.find_leases(query)[:limit]:
        known = urlencode({"id": lease.source_id or lease.name})
        url = f"{reverse('cases_look_up')}?{known}"
        detail = " · ".join(str(one) for one in (lease.resident, lease.house) if one)
        yield Found("Lease", str(lease), url, detail)


def find_cases(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find a case by why it was opened."""
    for case in look_up.find_cases(query)[:limit]:
        url = reverse("rent_case", args=[case.rent_id])
        lease = case.rent.lease
        resident = case.rent.resident or (lease.resident if lease else None)
        detail = " · ".join(str(one) for one in (resident, case.get_state_display()) if one)
        yield Found("Case", case.cause, url, detail)


register_searcher(Searcher("residents", find_residents, order=33))
register_searcher(Searcher("leases", find_leases, order=34))
register_searcher(Searcher("houses", find_houses, order=35))
register_searcher(Searcher("cases", find_cases, order=36))
