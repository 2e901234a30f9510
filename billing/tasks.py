"""Celery tasks of billing: each drives rows; beat's sweep finds what got lost."""

from __future__ import annotations

from django.utils import timezone

from billing.operations.auditing import audit_books
from core.jobs import Job, job, platform_job, send
from core.models import Tenant


@job("billing.audit_books")
def audit_one(self: Job) -> None:
    """Check every promise on the books of one tenant."""
    audit_books(tenant_id=self.tenant_id, now=timezone.now())


@platform_job("billing.audit_all_books")
def audit_all(self: Job) -> None:
    """Send one audit for each tenant."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("billing.audit_books", tenant_id, None, {})
