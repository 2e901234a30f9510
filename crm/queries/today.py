"""What waits today: tasks, next actions, news of fees, reminders. All in scope: the database
leaves out leads that a person does not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.models import User
from crm.models import Lead, PaymentRequest, Reminder, Task
from crm.queries.paging import Shown, page_of
from crm.queries.people import leads_of_team

PER_PAGE = 50
MOST_COUNTED = 1000
MOST_NEWS = 20
UNDO_FOR = timedelta(minutes=10)
SHOWN = ("application", "lead__owner", "assignee", "completed_by")
ME, NOBODY = "me", "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayFilter:
    """What the page is narrowed to.

    `assignee` is the id of who does the task - the assignee, or else the lead's owner -, or ME, or
    NOBODY for tasks that nobody has; `counselor` owns the lead, `team` is one of its teams.
    """

    type: str = ""
    assignee: str = ""
    counselor: UUID | None = None
    team: UUID | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tasks are overdue and how many are due later today, each up to MOST_COUNTED."""

    overdue: int
    later: int


def due_tasks(chosen: TodayFilter, *, until: datetime, now: datetime, user: User) -> QuerySet[Task]:
    """Return the open tasks due before `until`; those due before `now` are overdue."""
    end = now if chosen.overdue else until
    tasks = Task.objects.filter(status=Task.Status.OPEN, due_at__lt=end)
    if chosen.type:
        tasks = tasks.filter(type=chosen.type)
    if chosen.counselor is not None:
        tasks = tasks.filter(lead__owner_id=chosen.counselor)
    if chosen.team is not None:
        tasks = tasks.filter(lead_id__in=leads_of_team(chosen.team))
    if chosen.assignee:
        tasks = tasks.filter(_done_by(chosen.assignee, user))
    return tasks


def _done_by(assignee: str, user: User) -> Q:
    if assignee == NOBODY:
        return Q(assignee__isnull=True, lead__owner__isnull=True)
    person = user.pk if assignee == ME else UUID(assignee)
    # Their leads first: joined, the leads of all tasks would be looked up.
    theirs = Lead.objects.filter(owner_id=person).values("pk")
    return Q(assignee_id=person) | Q(assignee__isnull=True, lead__in=theirs)


def page_of_tasks(tasks: QuerySet[Task], *, cursor: str) -> Shown[Task]:
    """Return tasks with what their rows show, the longest overdue first.

    Which rows is asked first, since that an index answers; joined to what they show, the planner
    may put all tasks together before it counts to PER_PAGE.
    """
    page = page_of(tasks.only("id", "due_at"), by="due_at", cursor=cursor, limit=PER_PAGE)
    full = Task.objects.select_related(*SHOWN).in_bulk([task.pk for task in page.rows])
    return Shown([full[task.pk] for task in page.rows if task.pk in full], page.next)


def count_tasks(tasks: QuerySet[Task], *, now: datetime) -> Counts:
    """Count tasks; what lies beyond MOST_COUNTED is not looked at."""
    overdue = tasks.filter(due_at__lt=now).order_by()[: MOST_COUNTED + 1].count()
    later = tasks.filter(due_at__gte=now).order_by()[: MOST_COUNTED + 1].count()
    return Counts(overdue=overdue, later=later)


def task_row(task_id: UUID) -> Task:
    """Return one task with what its row shows. Raises Task.DoesNotExist."""
    return Task.objects.select_related(*SHOWN).get(pk=task_id)


def just_completed(*, user: User, now: datetime) -> list[Task]:
    """Return the tasks that a person completed so lately that they may take it back."""
    tasks = Task.objects.filter(
        status=Task.Status.COMPLETED, completed_at__gt=now - UNDO_FOR, completed_by=user
    )
    return list(tasks.select_related(*SHOWN).order_by("-completed_at")[:MOST_NEWS])


def next_actions(
    chosen: TodayFilter, *, until: datetime, now: datetime, user: User
) -> tuple[list[Lead], bool]:
    """Return leads whose next action is due before `until`, longest due first; and: are there more.

    A filter by type of task leaves none.
    """
    end = now if chosen.overdue else until
    leads = Lead.objects.standing().filter(next_action_at__lt=end)
    if chosen.assignee == NOBODY:
        leads = leads.filter(owner__isnull=True)
    elif chosen.assignee:
        leads = leads.filter(owner_id=user.pk if chosen.assignee == ME else UUID(chosen.assignee))
    if chosen.counselor is not None:
        leads = leads.filter(owner_id=chosen.counselor)
    if chosen.team is not None:
        leads = leads.filter(pk__in=leads_of_team(chosen.team))
    if chosen.type:
        leads = leads.none()
    found = list(leads.select_related("owner").order_by("next_action_at", "id")[: PER_PAGE + 1])
    return found[:PER_PAGE], len(found) > PER_PAGE


def fees_unpaid() -> list[PaymentRequest]:
    """Return fees that failed or ran out, that nobody attended to and that were not paid after."""
    state = PaymentRequest.State
    paid = PaymentRequest.objects.filter(application=OuterRef("application"), state=state.PAID)
    rows = PaymentRequest.objects.filter(
        ~Exists(paid), state__in=[state.FAILED, state.EXPIRED], attended_at__isnull=True
    )
    return list(rows.select_related("lead", "application").order_by("-updated_at")[:MOST_NEWS])


def fees_paid(*, since: datetime) -> list[PaymentRequest]:
    """Return fees paid since a moment that nobody took off the page, newest first."""
    rows = PaymentRequest.objects.filter(
        state=PaymentRequest.State.PAID, paid_at__gte=since, attended_at__isnull=True
    )
    return list(rows.select_related("lead", "application").order_by("-paid_at")[:MOST_NEWS])


def reminders_of(user: User) -> list[Reminder]:
    """Return a person's reminders that they have not seen off yet, newest first."""
    rows = Reminder.objects.filter(user=user, seen_at__isnull=True)
    return list(rows.select_related("lead").order_by("-created_at", "-id")[:MOST_NEWS])
