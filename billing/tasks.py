"""Celery tasks of billing: each drives rows; beat's sweep finds what got lost."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from billing.operations import alerts, run_work
from billing.operations.auditing import audit_books
from core.jobs import Job, job, platform_job, send
from core.models import Tenant
from core.operations.outgoing import tenants_that_send
from core.tenancy import scope

# A worker gives its place back after this long, so that other work has its turn.
TURN = timedelta(seconds=15)


@job("billing.work_run", queue="billing")
def work_on_run(self: Job, *, run_id: str) -> None:
    """Compile or finalize a run for a while, then make room for other work."""
    until = timezone.now() + TURN
    has_more = run_work.work_run(
        tenant_id=self.tenant_id,
        run_id=UUID(run_id),
        clock=timezone.now,
        goes_on=lambda: timezone.now() < until,
    )
    if has_more:
        send("billing.work_run", self.tenant_id, None, {"run_id": run_id})


@job("billing.sweep_runs")
def sweep_runs(self: Job) -> None:
    """Send a worker to each run of one tenant that goes on."""
    for run_id in run_work.working_runs(tenant_id=self.tenant_id):
        send("billing.work_run", self.tenant_id, None, {"run_id": run_id})


@platform_job("billing.wake_runs")
def wake_runs(self: Job) -> None:
    """Send one sweep for each tenant."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("billing.sweep_runs", tenant_id, None, {})


@job("billing.audit_books")
def audit_one(self: Job) -> None:
    """Check every promise on the books of one tenant."""
    audit_books(tenant_id=self.tenant_id, now=timezone.now())


@platform_job("billing.audit_all_books")
def audit_all(self: Job) -> None:
    """Send one audit for each tenant."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("billing.audit_books", tenant_id, None, {})


@job("billing.look_at_alerts", queue="billing")
def look_at_alerts(self: Job, *, organization_ids: list[str]) -> None:
    """Look whether organizations have reached a threshold."""
    with scope(self.tenant_id):
        ids = [UUID(text) for text in organization_ids]
        alerts.look_at_alerts(organization_ids=ids, now=timezone.now())


@job("billing.sweep_tenant_alerts", queue="billing")
def sweep_tenant_alerts(self: Job) -> None:
    """Look at all alerts of one tenant."""
    alerts.send_looks(tenant_id=self.tenant_id, now=timezone.now())


@platform_job("billing.sweep_alerts", queue="billing")
def sweep_alerts(self: Job) -> None:
    """Send one sweep for each tenant."""
    for tenant_id in tenants_that_send():
        send("billing.sweep_tenant_alerts", tenant_id, None, {})
