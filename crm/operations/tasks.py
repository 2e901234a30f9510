"""Add, complete, reopen, move and hand on tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import TeamMembership, User
from crm.models import Application, Lead, Task, TimelineEntry
from crm.operations.leads import is_colleague
from crm.operations.timeline import Actor, record

LONGEST_TEXT = 2000
LATEST_DUE = timedelta(days=10 * 366)
# What an edit may change, and the words of the timeline for it.
EDITABLE = {"task_type": "type", "due_at": "due", "note": "note", "assignee_id": "assignee"}


class TaskCompletedAlready(Exception):
    """Somebody completed the task before; it was not completed again."""

    def __init__(self, task: Task) -> None:
        who = task.completed_by or "somebody"
        super().__init__(f"{who} has completed this task already. Nothing was changed.")
        self.task = task


class TaskOpenAlready(Exception):
    """The task is open; there is nothing to reopen."""


@dataclass(frozen=True, slots=True)
class NextTask:
    """The task that follows one that is being completed."""

    type: str
    due_at: datetime
    note: str = ""


def create_task(
    *,
    application_id: UUID,
    task_type: str,
    due_at: datetime,
    by: Actor,
    now: datetime,
    assignee_id: UUID | None = None,
    note: str = "",
) -> Task:
    """Add a task to an application that the scope shows.

    `due_at` must lie in the future, judged to the second by `now`. Raises FieldsInvalid with an
    error for each wrong field, an unknown or foreign application among them.
    """
    application = Application.objects.select_related("lead").filter(pk=application_id).first()
    note = note.strip()
    mistakes = [*_wrong_task(task_type, due_at, note, now)]
    if application is None:
        detail = "There is no application with this id here."
        mistakes.insert(0, WrongField("application_id", "unknown_application", detail))
    elif assignee_id is not None:
        mistakes += _wrong_assignee(assignee_id, application.lead)
    if mistakes or application is None:
        raise FieldsInvalid(*mistakes)
    task = Task.objects.create(
        tenant_id=application.tenant_id,
        application=application,
        lead=application.lead,
        type=task_type,
        created_at=now,
        due_at=due_at,
        assignee_id=assignee_id,
        note=note,
    )
    _record(task, TimelineEntry.Kind.TASK_ADDED, by=by, now=now, text=note)
    return task


def edit_task(*, task_id: UUID, changes: dict[str, Any], by: Actor, now: datetime) -> Task:
    """Change an open task: `changes` are fields of EDITABLE. Repeating changes nothing.

    Raises TaskCompletedAlready, FieldsInvalid, Task.DoesNotExist.
    """
    task = _lock(task_id)
    if not task.is_open:
        raise TaskCompletedAlready(task)
    before = {name: getattr(task, _column(name)) for name in changes}
    changed = {name: _stripped(value) for name, value in changes.items()}
    changed = {name: value for name, value in changed.items() if value != before[name]}
    mistakes = [wrong for name in changed for wrong in _wrong_change(task, name, changed, now)]
    if mistakes:
        raise FieldsInvalid(*mistakes)
    if not changed:
        return task
    for name, value in changed.items():
        setattr(task, _column(name), value)
    _save(task, *(_column(name) for name in changed))
    words = f"changed: {', '.join(EDITABLE[name] for name in changed)}"
    facts = {f"{name}_before": str(before[name] or "") for name in changed}
    _record(task, TimelineEntry.Kind.TASK_EDITED, by=by, now=now, text=words, facts=facts)
    return task


def complete_task(
    *,
    task_id: UUID,
    by: Actor,
    now: datetime,
    outcome: str = "",
    next_task: NextTask | None = None,
) -> Task:
    """Complete a task, with what came of it and the task that follows, in one step.

    Raises TaskCompletedAlready for whoever comes second, FieldsInvalid, Task.DoesNotExist.
    """
    task = _lock(task_id)
    if not task.is_open:
        raise TaskCompletedAlready(task)
    outcome = outcome.strip()
    mistakes = list(_wrong_texts(outcome=outcome))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    task.status = Task.Status.COMPLETED
    task.completed_at, task.completed_by, task.outcome = now, by.user, outcome
    _save(task, "status", "completed_at", "completed_by", "outcome")
    _record(task, TimelineEntry.Kind.TASK_COMPLETED, by=by, now=now, text=outcome)
    if next_task is not None:
        create_task(
            application_id=task.application_id,
            task_type=next_task.type,
            due_at=next_task.due_at,
            note=next_task.note,
            assignee_id=task.assignee_id,
            by=by,
            now=now,
        )
    return task


def reopen_task(*, task_id: UUID, by: Actor, now: datetime) -> Task:
    """Open a completed task again; its outcome stays in the timeline.

    Raises TaskOpenAlready, Task.DoesNotExist.
    """
    task = _lock(task_id)
    if task.is_open:
        raise TaskOpenAlready("This task is open already. Nothing was changed.")
    task.status = Task.Status.OPEN
    task.completed_at, task.completed_by, task.outcome = None, None, ""
    _save(task, "status", "completed_at", "completed_by", "outcome")
    _record(task, TimelineEntry.Kind.TASK_REOPENED, by=by, now=now)
    return task


def reassign_task(*, task_id: UUID, assignee_id: UUID | None, by: Actor, now: datetime) -> Task:
    """Give an open task to somebody who sees its lead, or to whoever looks after the lead (None).

    Raises TaskCompletedAlready, FieldsInvalid, Task.DoesNotExist. Repeating changes nothing.
    """
    task = _lock(task_id)
    if not task.is_open:
        raise TaskCompletedAlready(task)
    if task.assignee_id == assignee_id:
        return task
    mistakes = list(_wrong_assignee(assignee_id, task.lead)) if assignee_id else []
    if mistakes:
        raise FieldsInvalid(*mistakes)
    task.assignee = User.objects.get(pk=assignee_id) if assignee_id else None
    _save(task, "assignee")
    words = f"given to {task.assignee or 'whoever looks after the lead'}"
    _record(task, TimelineEntry.Kind.TASK_EDITED, by=by, now=now, text=words)
    return task


def snooze_task(*, task_id: UUID, due_at: datetime, by: Actor, now: datetime) -> Task:
    """Put an open task off to a moment in the future.

    Raises TaskCompletedAlready, FieldsInvalid, Task.DoesNotExist. Repeating changes nothing.
    """
    task = _lock(task_id)
    if not task.is_open:
        raise TaskCompletedAlready(task)
    mistakes = list(_wrong_due(due_at, now))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    if task.due_at == due_at:
        return task
    before, task.due_at = task.due_at, due_at
    _save(task, "due_at")
    facts = {"due_before": before.isoformat()}
    words = "put off"
    _record(task, TimelineEntry.Kind.TASK_EDITED, by=by, now=now, text=words, facts=facts)
    return task


def _lock(task_id: UUID) -> Task:
    """Lock the row alone: joined to its lead, a task that a merge moves meanwhile would be gone."""
    return Task.objects.select_for_update().get(pk=task_id)


def _save(task: Task, *fields: str) -> None:
    task.version += 1
    task.save(update_fields=[*fields, "version"])


def _record(
    task: Task,
    kind: TimelineEntry.Kind,
    *,
    by: Actor,
    now: datetime,
    text: str = "",
    facts: dict[str, str] | None = None,
) -> None:
    record(
        lead=task.lead,
        application=task.application,
        task=task,
        kind=kind,
        by=by,
        now=now,
        text=f"{task.get_type_display()}: {text}" if text else task.get_type_display(),
        facts={"type": task.type, "due_at": task.due_at.isoformat(), **(facts or {})},
    )


def _column(name: str) -> str:
    if name not in EDITABLE:
        raise TypeError(f"a task has no editable field {name!r}")
    return {"task_type": "type"}.get(name, name)


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _wrong_change(
    task: Task, name: str, changed: dict[str, Any], now: datetime
) -> Iterator[WrongField]:
    value = changed[name]
    if name == "task_type":
        yield from _wrong_type(value)
    elif name == "due_at":
        yield from _wrong_due(value, now)
    elif name == "note":
        yield from _wrong_texts(note=value)
    elif value is not None:
        yield from _wrong_assignee(value, task.lead)


def _wrong_type(task_type: str) -> Iterator[WrongField]:
    if task_type not in Task.Type.values:
        detail = f"Give one of {', '.join(Task.Type.values)}."
        yield WrongField("task_type", "unknown_type", detail)


def _wrong_task(task_type: str, due_at: datetime, note: str, now: datetime) -> Iterator[WrongField]:
    yield from _wrong_type(task_type)
    yield from _wrong_due(due_at, now)
    yield from _wrong_texts(note=note)


def _wrong_due(due_at: datetime, now: datetime) -> Iterator[WrongField]:
    """Judge the future to the second, as the clock on a screen shows it."""
    if due_at.replace(microsecond=0) <= now.replace(microsecond=0):
        yield WrongField("due_at", "not_in_the_future", "This must be a moment in the future.")
    elif due_at > now + LATEST_DUE:
        yield WrongField("due_at", "too_late", "At most ten years from now.")


def _wrong_texts(**texts: str) -> Iterator[WrongField]:
    return wrong_texts(texts, dict.fromkeys(texts, LONGEST_TEXT), multiline=frozenset(texts))


def _wrong_assignee(assignee_id: UUID, lead: Lead) -> Iterator[WrongField]:
    """Refuse people who would not see the task that they are given."""
    if not is_colleague(assignee_id):
        yield WrongField("assignee_id", "unknown_person", "Nobody active here has this id.")
        return
    user = User.objects.get(pk=assignee_id)
    if user.is_admin or lead.owner_id == assignee_id:
        return
    if not TeamMembership.objects.filter(user=user, team_id__in=lead.team_ids).exists():
        yield WrongField("assignee_id", "out_of_sight", f"{user} does not see this lead.")
