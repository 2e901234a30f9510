"""What the data of the CRM puts on the back office: worklists and timelines of rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode

from core.backoffice.timelines import Happening, register_timeline
from core.backoffice.worklists import Worklist, register_worklist
from core.models import User
from crm.models import Application, Lead, TimelineEntry
from crm.queries import deadlines
from crm.queries.duplicates import pairs_of_ids
from crm.queries.lead_timeline import happening_of

ADMINS = frozenset({User.Role.ADMIN.value})
MOST = 50


def story_of_lead(lead: Lead) -> Iterable[Happening]:
    """Tell what happened to a lead and to those that were merged into it."""
    whose = Q(lead=lead) | Q(lead__in=Lead.objects.filter(merged_into=lead).values("pk"))
    yield from _entries(TimelineEntry.objects.filter(whose))


def story_of_application(application: Application) -> Iterable[Happening]:
    """Tell what happened to an application."""
    yield from _entries(TimelineEntry.objects.filter(application=application))


def _entries(entries: Any) -> Iterable[Happening]:
    for entry in entries.select_related("application", "by").order_by("-happened_at", "-id")[:MOST]:
        yield happening_of(entry)


def count_duplicates(now: datetime) -> int:
    """Count pairs of leads that may be one person."""
    return len(pairs_of_ids())


def count_quiet(now: datetime) -> int:
    """Count leads that fell quiet."""
    return deadlines.quiet_leads(now).order_by().count()


def count_missed(now: datetime) -> int:
    """Count leads with a missed deadline, of their own or of an application."""
    return deadlines.with_deadline_missed(Lead.objects.standing(), now).order_by().count()


def count_without_owner(now: datetime) -> int:
    """Count leads that nobody looks after by name."""
    return deadlines.leads_without_owner().order_by().count()


def count_left(now: datetime) -> int:
    """Count leads whose owner can no longer log in."""
    return deadlines.leads_of_people_who_left().order_by().count()


def _waiting(kind: str) -> str:
    return f"{reverse('admin:crm_lead_changelist')}?{urlencode({'waiting': kind})}"


register_timeline(Lead, story_of_lead)
register_timeline(Application, story_of_application)
register_worklist(
    Worklist(
        name="leads_left",
        title="Leads of people who left",
        count=count_left,
        url=lambda: reverse("leads_left"),
        why="Their owner can no longer log in: hand them to somebody.",
        order=60,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="leads_without_owner",
        title="Leads without owner",
        count=count_without_owner,
        url=lambda: _waiting("nobody"),
        why="Nobody looks after them by name: give each to somebody.",
        order=62,
    )
)
register_worklist(
    Worklist(
        name="stage_deadlines_missed",
        title="Stage deadlines missed",
        count=count_missed,
        url=lambda: _waiting("deadline"),
        why="The lead or an application is on one stage for too long: move it on, or say why not.",
        order=64,
    )
)
register_worklist(
    Worklist(
        name="quiet_leads",
        title="Quiet leads",
        count=count_quiet,
        url=lambda: _waiting("quiet"),
        why="Nothing happened for as long as the stage allows, or for 14 days: get in touch.",
        order=66,
    )
)
register_worklist(
    Worklist(
        name="possible_duplicates",
        title="Possible duplicates",
        count=count_duplicates,
        url=lambda: reverse("duplicates"),
        why="The same e-mail or phone twice: merge the pair, or say that they are two people.",
        order=68,
    )
)
