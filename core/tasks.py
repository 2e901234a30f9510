"""Core's jobs: the heartbeat, the gauges, and what is thrown away when its time is over."""

from __future__ import annotations

from uuid import UUID

from django.core.management import call_command
from django.utils import timezone

from core.api import idempotency
from core.jobs import Job, job, platform_job, send
from core.models import Tenant
from core.observe import gauges, heartbeat
from core.operations import letters, outgoing
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
        send("core.delete_old_messages", tenant_id, None, {})


@job("core.delete_old_answers")
def delete_old_answers(self: Job) -> None:
    """Delete answers that no repetition may ask for any more."""
    with scope(self.tenant_id):
        idempotency.delete_old(now=timezone.now())


@job("core.delete_old_messages")
def delete_old_messages(self: Job) -> None:
    """Throw away what letters said and what was announced, when their time is over."""
    with scope(self.tenant_id):
        letters.erase_old_letters(now=timezone.now())
        outgoing.delete_old_messages(now=timezone.now())


@job("core.send_letter")
def send_letter(self: Job, *, letter_id: str) -> None:
    """Send one e-mail."""
    letters.send_letter(tenant_id=self.tenant_id, letter_id=UUID(letter_id), now=timezone.now())


@job("core.sweep_tenant_letters")
def sweep_tenant_letters(self: Job) -> None:
    """Find the e-mails of one tenant that are due."""
    letters.sweep_letters(tenant_id=self.tenant_id, now=timezone.now())


@platform_job("core.sweep_letters")
def sweep_letters(self: Job) -> None:
    """Send one sweep for each tenant."""
    for tenant_id in letters.tenants_that_write():
        send("core.sweep_tenant_letters", tenant_id, None, {})


@job("core.deliver_webhook")
def deliver_webhook(self: Job, *, delivery_id: str) -> None:
    """Send one outgoing webhook."""
    outgoing.deliver_webhook(
        tenant_id=self.tenant_id, delivery_id=UUID(delivery_id), now=timezone.now()
    )


@job("core.sweep_tenant_webhooks")
def sweep_tenant_webhooks(self: Job) -> None:
    """Find the webhooks of one tenant that are due."""
    outgoing.sweep_webhooks(tenant_id=self.tenant_id, now=timezone.now())


@platform_job("core.sweep_webhooks")
def sweep_webhooks(self: Job) -> None:
    """Send one sweep for each tenant."""
    for tenant_id in outgoing.tenants_that_send():
        send("core.sweep_tenant_webhooks", tenant_id, None, {})
