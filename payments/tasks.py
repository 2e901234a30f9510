"""Celery tasks: each drives one row through one operation; beat's sweeps find what got lost."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from core.jobs import Job, job, platform_job, send
from payments.gateway import StripeUnavailable
from payments.operations import (
    dispute_answers,
    events,
    mirror,
    refunds,
    retention,
    sharing,
    sweeps,
)

# A row that could not be driven now is driven again by its sweep; the retry only makes it sooner.
RETRY = {"autoretry_for": (StripeUnavailable,), "retry_backoff": 2, "max_retries": 3}


@job("payments.process_event", queue="webhooks")
def process_event(self: Job, *, stripe_event_id: str) -> None:
    """Act on one event of the inbox."""
    events.process_event(
        tenant_id=self.tenant_id, stripe_event_id=stripe_event_id, now=timezone.now()
    )


@job("payments.mirror_event", queue="mirror")
def mirror_event(self: Job, *, stripe_event_id: str) -> None:
    """Copy the object of one event into the mirror that staff look at."""
    mirror.mirror_event(
        tenant_id=self.tenant_id, stripe_event_id=stripe_event_id, now=timezone.now()
    )


@job("payments.push_refund", queue="stripe")
def push_refund(self: Job, *, refund_id: str) -> None:
    """Send one refund to Stripe."""
    refunds.push_refund(tenant_id=self.tenant_id, refund_id=UUID(refund_id), now=timezone.now())


@job("payments.push_dispute_answer", queue="stripe")
def push_dispute_answer(self: Job, *, answer_id: str) -> None:
    """Do at Stripe what was asked for about one dispute."""
    dispute_answers.push_answer(
        tenant_id=self.tenant_id, answer_id=UUID(answer_id), now=timezone.now()
    )


@job("payments.check_checkout", queue="stripe", **RETRY)
def check_checkout(self: Job, *, checkout_id: str) -> None:
    """Ask Stripe about one checkout."""
    sweeps.check_checkout(
        tenant_id=self.tenant_id, checkout_id=UUID(checkout_id), now=timezone.now()
    )


@job("payments.close_link_checkouts", queue="stripe", **RETRY)
def close_link_checkouts(self: Job, *, link_id: str) -> None:
    """Close the open sessions of a link that ended or was changed."""
    sweeps.close_link_checkouts(tenant_id=self.tenant_id, link_id=UUID(link_id), now=timezone.now())


@job("payments.close_checkout", queue="stripe", **RETRY)
def close_checkout(self: Job, *, checkout_id: str) -> None:
    """Close Stripe's page of one checkout."""
    sweeps.close_checkout(
        tenant_id=self.tenant_id, checkout_id=UUID(checkout_id), now=timezone.now()
    )


@job("payments.sweep_tenant")
def sweep_tenant(self: Job) -> None:
    """Find what is due in one tenant."""
    now = timezone.now()
    sweeps.sweep_events(tenant_id=self.tenant_id, now=now)
    sweeps.sweep_refunds(tenant_id=self.tenant_id, now=now)
    sweeps.sweep_checkouts(tenant_id=self.tenant_id, now=now)
    sweeps.sweep_ended_links(tenant_id=self.tenant_id, now=now)
    dispute_answers.sweep_answers(tenant_id=self.tenant_id, now=now)
    retention.forget_old(tenant_id=self.tenant_id, now=now)


@job("payments.remind_tenant")
def remind_tenant(self: Job) -> None:
    """Write the reminders of the day for one tenant."""
    sharing.remind_of_links(tenant_id=self.tenant_id, now=timezone.now())


@platform_job("payments.remind")
def remind(self: Job) -> None:
    """Send one task for each tenant."""
    for tenant_id in sweeps.tenants_to_sweep():
        send("payments.remind_tenant", tenant_id, None, {})


@platform_job("payments.sweep")
def sweep(self: Job) -> None:
    """Send one sweep for each tenant."""
    for tenant_id in sweeps.tenants_to_sweep():
        send("payments.sweep_tenant", tenant_id, None, {})
