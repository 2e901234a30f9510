"""Lists that pages, worklists and the search share."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from subscriptions.models import Charge, Club, Subscription

_LARGEST_INTEGER = 2**31 - 1


def find_subscriptions(query: str) -> QuerySet[Subscription]:
    """Return the subscriptions with this id or customer, both whole: a part finds nothing."""
    rows = Subscription.objects.select_related("club")
    return rows.filter(Q(reference=query) | Q(customer_store_id=query))


def find_clubs(query: str) -> QuerySet[Club]:
    """Return the clubs whose name holds a text, or whose id it is."""
    is_id = query.isascii() and query.isdigit() and len(query) <= 10
    number = Q(number=int(query)) if is_id and int(query) <= _LARGEST_INTEGER else Q()
    named = Q(name__icontains=query)
    return Club.objects.filter(named | number if number else named)


def unknown_charges() -> QuerySet[Charge]:
    """Return the charges about which the shop has not answered with certainty."""
    return Charge.objects.filter(state=Charge.State.UNKNOWN)


def charges_to_mend() -> QuerySet[Charge]:
    """Return the refusals that are ours to mend and whose month nobody has charged since."""
    later = Charge.objects.filter(
        subscription=OuterRef("subscription"), month=OuterRef("month"), state__in=Charge.HOLDING
    )
    refused = Charge.objects.filter(state=Charge.State.REFUSED, cause=Charge.Cause.OURS)
    return refused.filter(~Exists(later))
