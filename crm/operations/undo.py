"""Take back, for a while, what was done by a slip of the hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crm.models import Task
from crm.operations.tasks import TaskOpenAlready, reopen_task
from crm.operations.timeline import Actor
from crm.queries.today import UNDO_FOR


class NotUndone(Exception):
    """The completion is somebody else's, or it is too long ago; the task stays completed."""


def undo_completion(*, task_id: UUID, by: Actor, now: datetime) -> Task:
    """Open a task again that the same person completed less than UNDO_FOR ago.

    Raises NotUndone, TaskOpenAlready, Task.DoesNotExist.
    """
    task = Task.objects.select_for_update(of=("self",)).get(pk=task_id)
    if task.completed_at is None:
        raise TaskOpenAlready("This task is open already. Nothing was changed.")
    if by.user is None or task.completed_by_id != by.user.pk:
        raise NotUndone(
            "Somebody else completed this task, so it stays completed. Open the lead to reopen it."
        )
    if now - task.completed_at > UNDO_FOR:
        raise NotUndone(
            "This was completed more than ten minutes ago, so it stays completed. Open the lead to "
            "reopen it."
        )
    return reopen_task(task_id=task_id, by=by, now=now)
