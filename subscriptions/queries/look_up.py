"""Houses, residents, leases and cases, found by what people type."""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet

from core.encryption import email_key
from subscriptions.models import Case, House, Lease, Resident
from subscriptions.models.resident import search_key

MOST_WORDS = 8
_LARGEST = 2**63


def find_houses(query: str) -> QuerySet[House]:
    """Return houses by a part of the name, or by the id at their source or at Stripe."""
    whole = Q(source_id=query) | Q(stripe_account_id=query)
    return House.objects.filter(whole | Q(name__icontains=query))


def find_residents(query: str) -> QuerySet[Resident]:
    """Return residents by their e-mail, by whole words of their names, or by Stripe's id.

    Who they are lies encrypted, so a part of a word finds nothing.
    """
    words = [search_key(word) for word in re.split(r"[\s,;]+", query)[:MOST_WORDS] if word]
    wanted = Q(email_key=email_key(query)) if "@" in query else Q(search_keys__contains=words)
    return Resident.objects.filter(wanted | Q(stripe_customer_id=query))


def find_leases(query: str) -> QuerySet[Lease]:
    """Return leases by a part of the name, by number, or by the id at the source or at Stripe."""
    wanted = Q(name__icontains=query) | Q(source_id=query) | Q(stripe_subscription_id=query)
    if query.isascii() and query.isdigit() and int(query) < _LARGEST:
        wanted |= Q(number=int(query))
    return Lease.objects.filter(wanted).select_related("house", "resident")


def find_cases(query: str) -> QuerySet[Case]:
    """Return cases by a part of why they were opened or how they ended, open ones first."""
    wanted = Q(cause__icontains=query) | Q(outcome__icontains=query)
    rows = Case.objects.filter(wanted).select_related("rent__resident", "rent__lease__resident")
    return rows.order_by("-state", "-opened_at", "-id")
