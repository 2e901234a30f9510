"""Reminders: what the calendar brings up, told to the right person, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from core.models import TeamMembership, Tenant, User
from core.tenancy import current, scope
from crm.models import Application, Lead, Reminder, Task
from crm.queries.deadlines import quiet_leads, stage_missed

BEFORE_DUE = timedelta(minutes=15)
# What is older was told, or lies on a worklist since before reminders ran.
LOOK_BACK = timedelta(days=7)
AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Cause:
    """What somebody should be reminded of; `occasion` is what makes it come once."""

    kind: Reminder.Kind
    lead: Lead
    occasion: str
    text: str
    task: Task | None = None

    @property
    def first_choice(self) -> UUID | None:
        """Who does the task, if somebody named does."""
        return self.task.assignee_id if self.task else None


def remind(*, tenant_id: UUID, now: datetime) -> int:
    """Remind the people of a company of tasks that are due, quiet leads and missed deadlines.

    Told is whoever does the task, else the lead's owner, else the members of its teams, else the
    admins; never somebody whose login is switched off. Each person is told once per occasion,
    also when two run at once: the database holds `reminded_once`. Returns how many rows were made
    or, when another run was quicker, would have been.
    """
    told = 0
    with scope(tenant_id):
        causes = iter(_causes(now))
        while part := list(islice(causes, AT_A_TIME)):
            told += _tell(part)
    return told


def _causes(now: datetime) -> Iterator[Cause]:
    zone = Tenant.objects.only("time_zone").get(pk=current().tenant_id).zone
    yield from _tasks_due(now, zone)
    yield from _leads_quiet(now, zone)
    yield from _deadlines_missed(now, zone)


def _tasks_due(now: datetime, zone: ZoneInfo) -> Iterator[Cause]:
    tasks = Task.objects.filter(
        status=Task.Status.OPEN, due_at__gt=now - LOOK_BACK, due_at__lte=now + BEFORE_DUE
    )
    for task in tasks.select_related("lead").iterator(AT_A_TIME):
        when = moment(task.due_at, now, zone)
        is_over = task.due_at <= now
        yield Cause(
            kind=Reminder.Kind.TASK_DUE,
            lead=task.lead,
            task=task,
            occasion=f"{task.pk}:{task.due_at.isoformat()}",
            text=f"{task} with {_name(task.lead)} {'was' if is_over else 'is'} due {when}",
        )


def _leads_quiet(now: datetime, zone: ZoneInfo) -> Iterator[Cause]:
    for lead in quiet_leads(now, within=LOOK_BACK).iterator(AT_A_TIME):
        since = lead.last_activity_at
        yield Cause(
            kind=Reminder.Kind.LEAD_QUIET,
            lead=lead,
            occasion=f"{lead.pk}:{since.isoformat()}",
            text=f"Nothing happened with {_name(lead)} since {moment(since, now, zone)}",
        )


def _deadlines_missed(now: datetime, zone: ZoneInfo) -> Iterator[Cause]:
    rows: tuple[Iterable[Lead | Application], ...] = (
        stage_missed(Lead.objects.standing(), now, within=LOOK_BACK).iterator(AT_A_TIME),
        stage_missed(Application.objects.select_related("lead"), now, within=LOOK_BACK).iterator(
            AT_A_TIME
        ),
    )
    for row in (row for found in rows for row in found):
        lead = row if isinstance(row, Lead) else row.lead
        what = _name(lead) if isinstance(row, Lead) else f"{row} of {_name(lead)}"
        yield Cause(
            kind=Reminder.Kind.STAGE_DEADLINE,
            lead=lead,
            occasion=f"{row.pk}:{row.stage_since.isoformat()}",
            text=f"{what} has been too long on one stage, since "
            f"{moment(row.stage_since, now, zone)}",
        )


def _name(lead: Lead) -> str:
    return lead.name if len(lead.name) <= 80 else f"{lead.name[:79]}…"


def moment(when: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return a moment as the company's clocks show it: `at 14:30`, or `on 3 Nov at 14:30`.

    Where clocks show an hour twice, the zone's name says which one is meant.
    """
    local = when.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.replace(fold=1).utcoffset() != local.replace(fold=0).utcoffset():
        clock += f" {local.tzname()}"
    day = "" if local.date() == now.astimezone(zone).date() else f"on {local.day} {local:%b} "
    return f"{day}at {clock}"


def _tell(causes: list[Cause]) -> int:
    """Make the reminders that are missing, with a few queries for all causes."""
    people = _People([cause.lead for cause in causes])
    known = set(
        Reminder.objects.filter(occasion__in=[cause.occasion for cause in causes]).values_list(
            "kind", "occasion", "user_id"
        )
    )
    rows = [
        Reminder(
            tenant_id=cause.lead.tenant_id,
            kind=cause.kind,
            lead=cause.lead,
            task=cause.task,
            user_id=user_id,
            occasion=cause.occasion,
            text=cause.text[:300],
        )
        for cause in causes
        for user_id in people.for_cause(cause)
        if (cause.kind.value, cause.occasion, user_id) not in known
    ]
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


class _People:
    """Who is told: looked up once for many causes."""

    def __init__(self, leads: list[Lead]) -> None:
        active = User.objects.filter(tenant_id=current().tenant_id, is_active=True)
        self._active = set(active.values_list("pk", flat=True))
        self._admins = sorted(active.filter(role=User.Role.ADMIN).values_list("pk", flat=True))
        teams = {team for lead in leads for team in lead.team_ids}
        self._members: dict[UUID, set[UUID]] = {}
        pairs = TeamMembership.objects.filter(team_id__in=teams).values_list("team_id", "user_id")
        for team_id, user_id in pairs:
            self._members.setdefault(team_id, set()).add(user_id)

    def for_cause(self, cause: Cause) -> list[UUID]:
        """Return who is told of a cause: one person, or all who could take it on."""
        for person in (cause.first_choice, cause.lead.owner_id):
            if person in self._active and person is not None:
                return [person]
        members = {m for team in cause.lead.team_ids for m in self._members.get(team, ())}
        return sorted(members & self._active) or self._admins
