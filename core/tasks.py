"""Core's jobs: the heartbeat, the gauges, and what is thrown away when its time is over."""

from __future__ import annotations

from django.core.management import call_command
from django.utils import timezone

from core.api import idempotency
from core.jobs import Job, job, platform_job, send
from core.models import Tenant
from core.observe import gauges, heartbeat
from core.tenancy import scope


@platform_job("core.beat")
def beat(self: Job) -> None:
    """Prove that beat, broker and a worker are alive."""
    heartbeat.beat(now=timezone.now())


@platform_job("core.measure")
def measure(self: Job) -> None:
    """Take the numbers that /metrics shows about rows."""
    gauges.measure(now=timezone.now())


@platform_job("core.clean_up")
def clean_up(self: Job) -> None:
    """Throw away used up refresh tokens, and have each tenant's old answers thrown away."""
    call_command("flushexpiredtokens")
    call_command("clearsessions")
    for tenant_id in Tenant.objects.values_list("pk", flat=True):
        send("core.delete_old_answers", tenant_id, None, {})


@job("core.delete_old_answers")
def delete_old_answers(self: Job) -> None:
    """Delete answers that no repetition may ask for any more."""
    with scope(self.tenant_id):
        idempotency.delete_old(now=timezone.now())
