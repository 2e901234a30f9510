"""Work that goes on after the answer: looked up by name, sent on commit, bound to its tenant."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import structlog
from celery import Task, current_app, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerDown

from core import tenancy
from core.observe import tracing

log = structlog.get_logger(__name__)

TENANT_HEADER = "taproom_tenant"

_importing = Lock()


class TenantMissing(Exception):
    """A message for a tenant's job came without its tenant; it is refused."""


if TYPE_CHECKING:
    AnyTask = Task[..., Any]
else:
    AnyTask = Task  # generic in its stubs only


class Job(AnyTask):
    """The base of all tasks: one that works on a tenant's rows is refused without a tenant."""

    abstract = True
    is_platform_job = False
    runs_on = "default"

    def apply_async(self, *args: Any, **options: Any) -> Any:
        """Send the task to the queue that it names."""
        options.setdefault("queue", self.runs_on)
        return super().apply_async(*args, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task with its tenant in each log line."""
        with tracing.span(f"task {self.name}"):
            return self._run(*args, **kwargs)

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_platform_job:
            return super().__call__(*args, **kwargs)
        with structlog.contextvars.bound_contextvars(tenant_id=str(self.tenant_id)):
            return super().__call__(*args, **kwargs)

    @property
    def tenant_id(self) -> UUID:
        """The tenant that travelled in the message; raises TenantMissing without one."""
        headers = self.request.headers or {}
        value = headers.get(TENANT_HEADER) or getattr(self.request, TENANT_HEADER, None)
        if not value:
            raise TenantMissing(f"{self.name} was sent without a tenant")
        return UUID(value)


def job(name: str, *, queue: str = "default", **options: Any) -> Callable[[Any], Job]:
    """Declare a task that works for one tenant: `def task(self, *, row_id)`."""
    return shared_task(name=name, bind=True, runs_on=queue, **options)


def platform_job(name: str, *, queue: str = "default", **options: Any) -> Callable[[Any], Job]:
    """Declare a task of the platform, such as a sweep over all tenants; it opens no scope."""
    return shared_task(name=name, bind=True, runs_on=queue, is_platform_job=True, **options)


def enqueue(name: str, *, countdown: float | None = None, **ids: Any) -> None:
    """Send the task `name` with keyword ids for the tenant in scope, once this commits.

    Losing it is allowed: what is to be done is a row that beat finds again. A broker that is
    down is therefore logged, not raised.
    """
    tenant_id = tenancy.current().tenant_id
    transaction.on_commit(partial(send, name, tenant_id, countdown, ids))


def send(name: str, tenant_id: UUID, countdown: float | None, ids: dict[str, Any]) -> None:
    """Send a tenant's task at once; used by `enqueue` and by sweeps over all tenants."""
    task = _task(name)
    kwargs = {key: str(value) if isinstance(value, UUID) else value for key, value in ids.items()}
    try:
        task.apply_async(
            kwargs=kwargs, countdown=countdown, headers={TENANT_HEADER: str(tenant_id)}
        )
    except (BrokerDown, ConnectionError, TimeoutError, OSError) as error:
        log.warning("job_not_sent", job=name, tenant_id=str(tenant_id), error=type(error).__name__)


def _task(name: str) -> Job:
    """Return a task by name; only workers have all task modules imported from the start.

    Celery looks for them once and lets a second thread go on before the first has found them.
    """
    if name not in current_app.tasks:
        with _importing:
            current_app.autodiscover_tasks(force=True)  # without the system checks of a worker
    return cast("Job", current_app.tasks[name])
