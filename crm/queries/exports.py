"""Leads, applications and tasks as rows of a spreadsheet. In scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from core.models import Team, User
from core.money import Money
from crm.models import Application, ApplicationStage, Lead, LeadStage, Task
from crm.queries.leads import LeadFilter, leads
from crm.queries.people import leads_of_team
from crm.queries.pipeline import BoardFilter
from crm.queries.today import TodayFilter, due_tasks

MOST_ROWS = 50_000
AT_A_TIME = 2000
FAR_AWAY = timedelta(days=11 * 366)

LEAD_HEADER = (
    "Id", "Name", "E-mail", "Phone", "Stage", "Stage since", "Owner", "Team", "Source",
    "Source id", "Next action", "Next action at", "Last activity", "Added",
)  # fmt: skip
APPLICATION_HEADER = (
    "Id", "Lead", "Lead id", "E-mail", "Programme", "Stage", "Stage since", "Fee", "Currency",
    "Owner", "Added",
)  # fmt: skip
TASK_HEADER = (
    "Id", "Type", "Due", "Status", "Lead", "Lead id", "Programme", "Assignee", "Owner", "Note",
    "Outcome", "Completed", "Completed by",
)  # fmt: skip

Cells = Iterable[object]
R = TypeVar("R", Lead, Application, Task)


def lead_rows(chosen: LeadFilter, *, now: datetime, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield the leads of a filter, newest first, as LEAD_HEADER names their cells."""
    stages = dict(LeadStage.objects.values_list("key", "name"))
    teams = dict(Team.objects.values_list("pk", "name"))
    rows = leads(chosen, now=now, time_zone=str(zone)).select_related("owner")
    for lead in _some(rows.order_by("-created_at", "-id")):
        yield (
            lead.pk, lead.name, lead.email, lead.phone, stages.get(lead.stage, lead.stage),
            _moment(lead.stage_since, zone), lead.owner,
            ", ".join(teams[team] for team in lead.team_ids if team in teams), lead.source,
            lead.source_id, lead.next_action, _moment(lead.next_action_at, zone),
            _moment(lead.last_activity_at, zone), _moment(lead.created_at, zone),
        )  # fmt: skip


def application_rows(chosen: BoardFilter, *, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield applications, newest first, as APPLICATION_HEADER names their cells."""
    stages = dict(ApplicationStage.objects.values_list("key", "name"))
    rows = Application.objects.prefetch_related("lead__owner")
    if chosen.owner is not None:
        rows = rows.filter(lead__owner_id=chosen.owner)
    if chosen.team is not None:
        rows = rows.filter(lead_id__in=leads_of_team(chosen.team))
    for row in _some(rows.order_by("-created_at", "-id")):
        yield (
            row.pk, row.lead.name, row.lead_id, row.lead.email, row.programme,
            stages.get(row.stage, row.stage), _moment(row.stage_since, zone), _decimal(row.fee),
            row.currency, row.lead.owner, _moment(row.created_at, zone),
        )  # fmt: skip


def task_rows(chosen: TodayFilter, *, user: User, now: datetime, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield the open tasks of a filter, first due first, as TASK_HEADER names their cells."""
    rows = due_tasks(chosen, until=now + FAR_AWAY, now=now, user=user)
    rows = rows.prefetch_related("application", "lead__owner", "assignee", "completed_by")
    for task in _some(rows.order_by("due_at", "id")):
        yield (
            task.pk, task.get_type_display(), _moment(task.due_at, zone),
            task.get_status_display(), task.lead.name, task.lead_id, task.application.programme,
            task.assignee, task.lead.owner, task.note, task.outcome,
            _moment(task.completed_at, zone), task.completed_by,
        )  # fmt: skip


def _some(rows: QuerySet[R]) -> Iterator[R]:
    """Yield rows and what belongs to them, part by part.

    Joined, each table with its own rules of row-level security, all of a company's rows would be
    put together before the first is taken.
    """
    return rows[: MOST_ROWS + 1].iterator(AT_A_TIME)  # one more tells that there are more


def _moment(when: datetime | None, zone: ZoneInfo) -> str:
    return "" if when is None else when.astimezone(zone).isoformat(sep=" ", timespec="minutes")


def _decimal(amount: Money | None) -> str:
    return "" if amount is None else str(amount.decimal())
