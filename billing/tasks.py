"""Celery tasks of billing: each drives rows through one operation; beat finds what got lost."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from billing.operations import alerts
from core.jobs import Job, job, platform_job, send
from core.operations.outgoing import tenants_that_send
from core.tenancy import scope


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
