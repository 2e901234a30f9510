"""Leads that may be the same person: found by what an index answers, judged by likeness."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Func, Value
from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from core.models import Tenant
from core.tenancy import current
from crm.contacts import normalise_email, normalise_phone
from crm.models import Lead
from crm.models.lead import NameKey

SAME_EMAIL, SAME_PHONE = 90, 80
ALIKE_FROM = 85
MOST_OF_A_KIND = 200
MOST_FOUND = 10
MOST_PAIRS = 200

Match = tuple[Lead, int, list[str]]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much speaks for one person, from 0 to 100, and what."""

    score: int
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two leads that may be one person; `older` came first."""

    older: Lead
    newer: Lead
    likeness: Likeness

    @property
    def both(self) -> tuple[Lead, Lead]:
        """The two, the one that came first before the other."""
        return self.older, self.newer


def possible_duplicates(
    *, name: str, email: str, phone: str, exclude: UUID | None = None
) -> list[Match]:
    """Return leads that may be this person, with a score from 0 to 100 and reasons, best first.

    Only leads that the scope shows: a colleague's lead that the caller may not see stays unsaid.
    Compared are leads with the same e-mail or phone and, of those whose names begin alike, at most
    MOST_OF_A_KIND; never all leads.
    """
    email = normalise_email(email)
    zone = Tenant.objects.only("time_zone").get(pk=current().tenant_id).time_zone
    phone = normalise_phone(phone, time_zone=zone)
    found: dict[UUID, Match] = {}
    for lead in _candidates(name.strip(), email, phone, exclude):
        like = likeness(lead, name=name, email=email, phone=phone)
        if like.score:
            found[lead.pk] = (lead, like.score, like.reasons)
    return sorted(found.values(), key=lambda m: (-m[1], m[0].created_at))[:MOST_FOUND]


def _candidates(name: str, email: str, phone: str, exclude: UUID | None) -> Iterable[Lead]:
    """Yield leads by one index each; one condition with OR would be answered by a full scan."""
    # In no order: the newest first would be read off the index by age, over all leads.
    leads = Lead.objects.standing().select_related("owner").order_by()
    if exclude is not None:
        leads = leads.exclude(pk=exclude)
    if email:
        yield from leads.exclude(email="").filter(email_normalised=email)[:MOST_OF_A_KIND]
    if phone:
        yield from leads.filter(phone_normalised=phone)[:MOST_OF_A_KIND]
    if name and "\0" not in name:
        key: Func = NameKey(Value(name))
        yield from leads.filter(name_key=key)[:MOST_OF_A_KIND]


def likeness(lead: Lead, *, name: str, email: str, phone: str) -> Likeness:
    """Judge one lead against a person; e-mail and phone in the form by which they are found."""
    alike = round(fuzz.token_sort_ratio(lead.name, name, processor=default_process))
    reasons, score = [], 0
    if email and lead.email_normalised == email:
        reasons.append("same e-mail")
        score = SAME_EMAIL
    if phone and lead.phone_normalised == phone:
        reasons.append("same phone")
        score = 95 if score else SAME_PHONE
    if alike >= ALIKE_FROM:
        reasons.append("same name" if alike == 100 else "similar name")
        score = min(100, score + 10) if score else round(alike * 0.6)
    return Likeness(score, reasons)


# Counted first and collected then: to collect all leads by address would sort them all. The pairs
# of one address are bounded: a shared office address of hundreds is no list of duplicates.
_PAIRS = """
WITH emails AS (
    SELECT email_normalised AS what FROM crm_lead
    WHERE tenant_id = %(tenant)s AND email <> '' AND merged_into_id IS NULL
    GROUP BY email_normalised HAVING count(*) BETWEEN 2 AND 20
), phones AS (
    SELECT phone_normalised AS what FROM crm_lead
    WHERE tenant_id = %(tenant)s AND phone_normalised <> '' AND merged_into_id IS NULL
    GROUP BY phone_normalised HAVING count(*) BETWEEN 2 AND 20
), shared AS (
    SELECT array_agg(id) AS ids FROM crm_lead JOIN emails ON email_normalised = what
    WHERE tenant_id = %(tenant)s AND email <> '' AND merged_into_id IS NULL GROUP BY what
    UNION ALL
    SELECT array_agg(id) FROM crm_lead JOIN phones ON phone_normalised = what
    WHERE tenant_id = %(tenant)s AND phone_normalised <> '' AND merged_into_id IS NULL GROUP BY what
), pairs AS (
    SELECT DISTINCT least(a, b) AS first, greatest(a, b) AS second
    FROM shared, unnest(ids) AS a, unnest(ids) AS b WHERE a < b
)
SELECT first, second FROM pairs WHERE NOT EXISTS (
    SELECT FROM crm_notduplicate n WHERE n.tenant_id = %(tenant)s
    AND n.first_id = pairs.first AND n.second_id = pairs.second)
LIMIT %(most)s
"""


def pairs_of_ids(*, most: int = MOST_PAIRS) -> list[tuple[UUID, UUID]]:
    """Return pairs of visible leads with the same e-mail or phone that nobody has told apart."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, {"tenant": current().tenant_id, "most": most})
        return [(first, second) for first, second in cursor.fetchall()]


def duplicate_pairs() -> list[Pair]:
    """Return the pairs to look at, most alike first, at most MOST_PAIRS."""
    ids = pairs_of_ids()
    wanted = {pk for pair in ids for pk in pair}
    leads: dict[Any, Lead] = Lead.objects.select_related("owner").in_bulk(list(wanted))
    pairs = [_pair(leads[a], leads[b]) for a, b in ids if a in leads and b in leads]
    return sorted(pairs, key=lambda pair: (-pair.likeness.score, pair.older.created_at))


def _pair(one: Lead, other: Lead) -> Pair:
    older, newer = sorted((one, other), key=lambda lead: (lead.created_at, lead.pk))
    like = likeness(
        older, name=newer.name, email=newer.email_normalised, phone=newer.phone_normalised
    )
    return Pair(older, newer, like)
