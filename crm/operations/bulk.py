"""Do one thing to many tasks, and tell what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.invalid import FieldsInvalid
from crm.models import Lead, Task
from crm.operations.tasks import TaskCompletedAlready, complete_task, snooze_task
from crm.operations.timeline import Actor

MOST = 200


class TooManyTasks(Exception):
    """More tasks were asked for in one go than a page shows."""


@dataclass(slots=True)
class Tally:
    """What became of many tasks: how many were done, and how many others were what instead."""

    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def complete_tasks(*, task_ids: Iterable[UUID], by: Actor, now: datetime) -> Tally:
    """Complete tasks, each as `complete_task` does. Repeating completes none twice.

    Raises TooManyTasks.
    """
    return _each(task_ids, lambda pk: complete_task(task_id=pk, by=by, now=now))


def snooze_tasks(*, due_at_by_task: dict[UUID, datetime], by: Actor, now: datetime) -> Tally:
    """Put tasks off, each to its own moment. Repeating changes nothing. Raises TooManyTasks."""
    return _each(
        due_at_by_task,
        lambda pk: snooze_task(task_id=pk, due_at=due_at_by_task[pk], by=by, now=now),
    )


def _each(task_ids: Iterable[UUID], act: Callable[[UUID], Task]) -> Tally:
    ids = sorted(set(task_ids))
    if len(ids) > MOST:
        raise TooManyTasks(f"At most {MOST} tasks at once. Nothing was changed.")
    _lock(ids)
    tally = Tally()
    for pk in ids:
        try:
            act(pk)
        except TaskCompletedAlready as error:
            tally.refused[f"completed by {error.task.completed_by or 'somebody'} before"] += 1
        except Task.DoesNotExist:
            tally.refused["not here any more"] += 1
        except FieldsInvalid as error:
            tally.refused[f"left as before: {error.errors[0].detail}"] += 1
        else:
            tally.done += 1
    return tally


def _lock(ids: list[UUID]) -> None:
    """Lock all tasks in one order, then all their leads in one order.

    One task is completed by locking it and then its lead. Two people who did so for many tasks in
    orders of their own would wait for each other.
    """
    tasks = Task.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    lead_ids = [task.lead_id for task in tasks]
    list(Lead.objects.select_for_update(no_key=True).filter(pk__in=lead_ids).order_by("pk"))
