"""Celery tasks: each drives rows through one operation; beat's sweeps find what got lost."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from core.jobs import Job, job, platform_job, send
from core.models import Tenant
from crm.operations import imports, reminders


@job("crm.run_import")
def run_import(self: Job, *, import_id: str) -> None:
    """Take in a file of leads, from where it stands."""
    imports.run_import(tenant_id=self.tenant_id, import_id=UUID(import_id), now=timezone.now())


@job("crm.remind_tenant")
def remind_tenant(self: Job) -> None:
    """Remind the people of one tenant."""
    reminders.remind(tenant_id=self.tenant_id, now=timezone.now())


@job("crm.sweep_tenant")
def sweep_tenant(self: Job) -> None:
    """Find imports of one tenant that nobody drives."""
    imports.sweep_imports(tenant_id=self.tenant_id, now=timezone.now())


def _send_to_each(name: str) -> None:
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send(name, tenant_id, None, {})


@platform_job("crm.remind")
def remind(self: Job) -> None:
    """Send one round of reminders for each tenant."""
    _send_to_each("crm.remind_tenant")


@platform_job("crm.sweep")
def sweep(self: Job) -> None:
    """Send one sweep for each tenant."""
    _send_to_each("crm.sweep_tenant")
