"""Counts each Celery task with its outcome and duration."""

from __future__ import annotations

import time
from typing import Any

from celery.signals import task_postrun, task_prerun

from core.observe import counts

_STARTED = "taproom_started"


@task_prerun.connect(dispatch_uid="core.observe.start")
def start(task: Any, **kwargs: Any) -> None:
    """Note when a task began."""
    setattr(task.request, _STARTED, time.perf_counter())


@task_postrun.connect(dispatch_uid="core.observe.finish")
def finish(task: Any, state: str | None = None, **kwargs: Any) -> None:
    """Count a task that ended: success, failure, retry or ignored."""
    started = getattr(task.request, _STARTED, None)
    if started is not None:
        outcome = (state or "unknown").lower()
        counts.count("tasks", (task.name, outcome), time.perf_counter() - started)
