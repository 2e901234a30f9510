"""Celery tasks: ask the shop again about charges without a certain answer."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from core.jobs import Job, job, platform_job, send
from core.models import Tenant
from subscriptions.operations import charging


@job("subscriptions.ask_again", queue="shop")
def ask_again(self: Job, *, charge_id: str) -> None:
    """Ask the shop about one charge, under the same request id."""
    charging.ask_again(tenant_id=self.tenant_id, charge_id=UUID(charge_id), now=timezone.now())


@job("subscriptions.sweep_tenant")
def sweep_tenant(self: Job) -> None:
    """Find the charges of one tenant that are due."""
    for charge_id in charging.due_charges(tenant_id=self.tenant_id, now=timezone.now()):
        send("subscriptions.ask_again", self.tenant_id, None, {"charge_id": charge_id})


@platform_job("subscriptions.sweep")
def sweep(self: Job) -> None:
    """Send one sweep for each tenant."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("subscriptions.sweep_tenant", tenant_id, None, {})
