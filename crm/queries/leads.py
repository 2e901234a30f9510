"""The list of leads and what can be looked for in it. In scope."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from core.tenancy import current
from crm.models import Application, Lead, LeadStage, NotDuplicate, Stage, Task
from crm.queries.duplicates import SAME_PHONE, Match, possible_duplicates
from crm.queries.lead_search import find_leads, leads_of_team, overdue_leads, quiet_leads
from crm.queries.paging import Shown, page_of

PER_PAGE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFilter:
    """What the list is narrowed to; `quiet` is a number of days, `late` a missed deadline."""

    text: str = ""
    stage: str = ""
    owner: UUID | None = None
    team: UUID | None = None
    quiet: int | None = None
    late: bool = False
    overdue: bool = False


def leads(chosen: LeadFilter, *, now: datetime, time_zone: str) -> QuerySet[Lead]:
    """Return standing leads, narrowed."""
    rows: QuerySet[Lead] = Lead.objects.standing()
    if chosen.text:
        rows = find_leads(rows, chosen.text, time_zone=time_zone)
    if chosen.stage:
        rows = rows.filter(stage=chosen.stage)
    if chosen.owner is not None:
        rows = rows.filter(owner_id=chosen.owner)
    if chosen.team is not None:
        rows = leads_of_team(rows, chosen.team)
    if chosen.quiet is not None:
        rows = quiet_leads(rows, days=chosen.quiet, now=now, time_zone=time_zone)
    if chosen.late:
        rows = rows.filter(past_deadline(LeadStage.objects.all(), now))
    if chosen.overdue:
        rows = overdue_leads(rows, is_overdue=True, now=now)
    return rows


def page_of_leads(rows: QuerySet[Lead], *, cursor: str) -> Shown[Lead]:
    """Return leads with what their rows show, newest first."""
    next_due = Task.objects.filter(lead=OuterRef("pk"), status=Task.Status.OPEN).order_by("due_at")
    shown = rows.select_related("owner").annotate(
        next_due_at=Subquery(next_due.values("due_at")[:1])
    )
    return page_of(shown, by="created_at", cursor=cursor, limit=PER_PAGE, is_descending=True)


def past_deadline(stages: Iterable[Stage], now: datetime) -> Q:
    """Return the condition for rows that stand on their stage for longer than it gives them."""
    wanted = Q(pk__in=[])
    for stage in stages:
        if stage.deadline_days is not None and stage.is_open:
            since = now - timedelta(days=stage.deadline_days)
            wanted |= Q(stage=stage.key, stage_since__lt=since)
    return wanted


def find_applications(text: str) -> QuerySet[Application]:
    """Return applications for a programme with this text, or of an id; newest first."""
    wanted = Q(programme__icontains=text)
    with suppress(ValueError):
        wanted = Q(pk=UUID(text))
    return Application.objects.filter(wanted).select_related("lead").order_by("-created_at", "-id")


def family_of(lead: Lead) -> list[Lead]:
    """Return a lead and all that were merged into it, at whatever remove, as far as in sight."""
    return families_of([lead.pk])


def families_of(leads: Iterable[UUID]) -> list[Lead]:
    """Return leads and all that were merged into them, at whatever remove, as far as in sight."""
    rows = Lead.objects.raw(
        "WITH RECURSIVE family AS (SELECT id FROM crm_lead WHERE id = ANY (%s) UNION"
        " SELECT other.id FROM crm_lead other JOIN family ON other.merged_into_id = family.id)"
        " SELECT lead.* FROM crm_lead lead JOIN family ON family.id = lead.id"
        " WHERE lead.tenant_id = %s",
        [list(leads), current().tenant_id],
    )
    return list(rows)


def applications_of(lead: Lead) -> list[Application]:
    """Return a lead's applications with their tasks: open ones by due time, then done ones."""
    done_last = F("completed_at").desc(nulls_first=True)
    tasks = Task.objects.select_related("assignee", "completed_by", "lead__owner")
    found = list(lead.applications.order_by("-created_at", "-id"))
    by_id = {application.pk: application for application in found}
    for application in found:
        application.shown_tasks = []  # type: ignore[attr-defined]
    for task in tasks.filter(lead=lead).order_by(done_last, "due_at", "id")[:200]:
        task.application = by_id[task.application_id]
        by_id[task.application_id].shown_tasks.append(task)  # type: ignore[attr-defined]
    return found


def same_person(lead: Lead) -> list[Match]:
    """Return leads with the same e-mail or phone, but for those that somebody looked at."""
    alike = possible_duplicates(name=lead.name, email=lead.email, phone=lead.phone, exclude=lead.pk)
    seen = NotDuplicate.objects.filter(Q(first=lead) | Q(second=lead))
    apart = {pk for pair in seen.values_list("first_id", "second_id") for pk in pair}
    return [match for match in alike if match[1] >= SAME_PHONE and match[0].pk not in apart]
