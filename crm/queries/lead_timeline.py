"""One timeline over everything that concerns a person. In scope: each line is there only for who
may see the row that it is made of.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from core.backoffice.timelines import Happening, Person, timeline_of_person
from crm.models import Application, Lead, TimelineEntry
from crm.queries.leads import families_of, family_of

LEAD = "lead"
FEE = "application_fee"
SHORT, LONG = 30, 500
# What a lead's source says when the lead came from the shop.
SHOP = {"shop", "store", "webshop", "web shop", "online shop"}

_TONES = {
    TimelineEntry.Kind.FEE_PAID: "good",
    TimelineEntry.Kind.FEE_FAILED: "bad",
    TimelineEntry.Kind.FEE_DISPUTED: "bad",
    TimelineEntry.Kind.FEE_REFUNDED: "wait",
    TimelineEntry.Kind.NOTE: "note",
    TimelineEntry.Kind.MERGED: "note",
}


def person_of(lead: Lead) -> Person:
    """Return a lead as all apps may know the person: with the leads merged into it."""
    return _known_as(family_of(lead))


def known_as_leads(person: Person) -> Person:
    """Return what the CRM knows a person by besides: as leads, with those merged into them.

    Leads are found by e-mail, by the shop's id, and by their applications; six queries.
    """
    found = Lead.objects.filter(email_normalised__in=person.emails).exclude(email="")
    ids = {*person.ids(LEAD), *found.values_list("pk", flat=True)[:SHORT]}
    from_shop = Lead.objects.filter(source_id__in=person.accounts)
    ids |= {one.pk for one in from_shop[:SHORT] if _is_of_shop(one)}
    applications = Application.objects.filter(pk__in=person.ids(FEE))
    ids |= set(applications.values_list("lead_id", flat=True))
    return _known_as(families_of(ids))


def _known_as(family: list[Lead]) -> Person:
    applications = Application.objects.filter(lead__in=family).values_list("pk", flat=True)
    return Person(
        emails=frozenset(one.email_normalised for one in family if one.email),
        phones=frozenset(one.phone_normalised for one in family if one.phone_normalised),
        subjects=frozenset([(LEAD, one.pk) for one in family] + [(FEE, pk) for pk in applications]),
        accounts=frozenset(one.source_id for one in family if one.source_id and _is_of_shop(one)),
    )


def _is_of_shop(lead: Lead) -> bool:
    """Return whether the lead's id where it came from is the shop's id of a customer.

    An id from anywhere else could be a stranger's at the shop.
    """
    return lead.source.strip().casefold() in SHOP


def timeline_of_lead(lead: Lead, *, is_long: bool = False) -> tuple[list[Happening], bool]:
    """Return what happened with a lead's person, newest first; and whether there is more."""
    most = LONG if is_long else SHORT
    happened = timeline_of_person(person_of(lead), most=most + 1)
    return happened[:most], len(happened) > most


def story_of_leads(person: Person) -> Iterable[Happening]:
    """Tell what the CRM knows of a person."""
    entries = TimelineEntry.objects.filter(lead__in=person.ids(LEAD))
    for entry in entries.select_related("application", "by").order_by("-happened_at", "-id")[:LONG]:
        yield happening_of(entry)


def happening_of(entry: TimelineEntry) -> Happening:
    """Return an entry as a line of a timeline."""
    about = str(entry.application) if entry.application and entry.application.programme else ""
    what = _moved(entry) if entry.kind == TimelineEntry.Kind.MOVED else entry.get_kind_display()
    link = ""
    if entry.application_id is not None:
        link = reverse("application", args=[entry.application_id])
    return Happening(
        when=entry.happened_at,
        what=f"{what} · {about}" if about and about != entry.text else what,
        who=str(entry.by) if entry.by else entry.by_words,
        link=link,
        detail=entry.text,
        tone=_TONES.get(TimelineEntry.Kind(entry.kind), ""),
    )


def _moved(entry: TimelineEntry) -> str:
    names = entry.facts.get("names")
    was, stage = names if isinstance(names, list) else (entry.from_stage, entry.to_stage)
    return f"{was} → {stage}"
