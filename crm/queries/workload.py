"""Who is behind: the work of each person of the company. In scope."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from core.models import User
from core.periods import Period
from core.tenancy import current
from crm.models import Lead, LeadStage, Task

QUIET_AFTER = timedelta(days=14)


@dataclass(slots=True)
class Workload:
    """What one person has to do and did today; `person` is None for what nobody has."""

    person: User | None
    open: int = 0
    overdue: int = 0
    quiet: int = 0
    completed: int = 0

    @property
    def is_behind(self) -> bool:
        """Whether something of theirs should have been done by now."""
        return bool(self.overdue or self.quiet)


def workloads(*, day: Period, now: datetime) -> list[Workload]:
    """Return the work of each person, whoever is furthest behind first.

    Tasks count for their assignee, or else for the owner of the lead; quiet leads, with nothing
    in their timeline for QUIET_AFTER, for their owner. People without work follow, by name.
    """
    loads: dict[UUID | None, Workload] = defaultdict(lambda: Workload(None))
    people = User.objects.filter(tenant_id=current().tenant_id).order_by("name", "email")
    for person in people:
        loads[person.pk].person = person
    _count_tasks(loads, now)
    _count_completed(loads, day)
    _count_quiet(loads, now)
    shown = [load for load in loads.values() if _is_shown(load)]
    return sorted(shown, key=lambda load: (-load.overdue, -load.quiet, -load.open))


def _is_shown(load: Workload) -> bool:
    has_work = bool(load.open or load.quiet or load.completed)
    return has_work or (load.person is not None and load.person.is_active)


def _count_tasks(loads: dict[UUID | None, Workload], now: datetime) -> None:
    tasks = Task.objects.filter(status=Task.Status.OPEN).order_by()
    by_person = tasks.values_list(Coalesce("assignee_id", "lead__owner_id")).annotate(
        in_all=Count("id"), overdue=Count("id", filter=Q(due_at__lt=now))
    )
    for person_id, in_all, overdue in by_person:
        loads[person_id].open, loads[person_id].overdue = in_all, overdue


def _count_completed(loads: dict[UUID | None, Workload], day: Period) -> None:
    tasks = Task.objects.filter(
        status=Task.Status.COMPLETED, completed_at__gte=day.starts_at, completed_at__lt=day.ends_at
    ).order_by()
    for person_id, done in tasks.values_list("completed_by_id").annotate(Count("id")):
        loads[person_id].completed = done


def _count_quiet(loads: dict[UUID | None, Workload], now: datetime) -> None:
    open_stages = LeadStage.objects.filter(outcome=LeadStage.Outcome.OPEN).values("key")
    leads = Lead.objects.standing().filter(
        last_activity_at__lt=now - QUIET_AFTER, stage__in=open_stages
    )
    for owner_id, quiet in leads.order_by().values_list("owner_id").annotate(Count("id")):
        loads[owner_id].quiet = quiet
