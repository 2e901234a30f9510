"""Celery tasks of billing: each drives rows through one operation; beat finds what got lost."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from uuid import UUID

from django.utils import timezone

from billing.operations import alerts, reconcile, run_work, standings
from billing.operations.auditing import audit_books
from billing.operations.push import places, work
from core.jobs import Job, job, platform_job, send
from core.models import Tenant
from core.operations.outgoing import tenants_that_send
from core.tenancy import scope
from payments.gateway import StripeUnavailable

# A worker gives its place back after this long, so that each tenant has its turn.
TURN = timedelta(seconds=10)
# What is due later than this is found by beat.
BEAT_SECONDS = 30


@job("billing.wake_pushes", queue="billing")
def wake_pushes(self: Job) -> None:
    """Send a worker to each place at the desk that is free, if there is something to do."""
    if work.has_due(tenant_id=self.tenant_id, now=timezone.now()):
        for place, token in places.take_places(self.tenant_id).items():
            send("billing.push_turn", self.tenant_id, None, {"place": place, "token": token})


@job("billing.push_turn", queue="billing")
def push_turn(self: Job, *, place: int, token: str) -> None:
    """Push one thing, then go to the end of the queue, behind the other tenants."""
    if not places.begin_turn(self.tenant_id, place, token):
        return
    wait = work.take_turn(tenant_id=self.tenant_id, place=place, clock=timezone.now)
    places.end_turn(self.tenant_id, place, token, goes_on=wait is not None)
    if wait is not None:
        send("billing.push_turn", self.tenant_id, wait or None, {"place": place, "token": token})
    else:
        _wake_later(self.tenant_id)


def _wake_later(tenant_id: UUID) -> None:
    """Have the desk woken when the next thing is due, if that is before beat comes round."""
    now = timezone.now()
    seconds = work.next_due(tenant_id=tenant_id, now=now)
    if seconds is None or seconds > BEAT_SECONDS:
        return
    at = ceil(now.timestamp() + seconds)
    if places.is_first_to_wake(tenant_id, at):
        send("billing.wake_pushes", tenant_id, at - now.timestamp(), {})


@job("billing.ask_standing", queue="stripe", autoretry_for=(StripeUnavailable,), max_retries=2)
def ask_standing(self: Job, *, stripe_invoice_id: str) -> None:
    """Ask Stripe what became of one invoice."""
    standings.refresh_standing(
        tenant_id=self.tenant_id,
        stripe_invoice_id=stripe_invoice_id,
        now=timezone.now(),
        clock=timezone.now,
    )


@job("billing.sweep_standings")
def sweep_standings(self: Job) -> None:
    """Find invoices whose due day has passed without an event."""
    for found in standings.standings_to_ask(tenant_id=self.tenant_id, now=timezone.now()):
        send("billing.ask_standing", self.tenant_id, None, {"stripe_invoice_id": found})


@job("billing.reconcile_tenant", queue="billing")
def reconcile_tenant(self: Job) -> None:
    """Compare this month's invoices with Stripe's, and last month's while it is young."""
    reconcile.reconcile_lately(tenant_id=self.tenant_id, clock=timezone.now)


@platform_job("billing.sweep_pushes")
def sweep_pushes(self: Job) -> None:
    """Wake the workers of each tenant."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("billing.wake_pushes", tenant_id, None, {})


@platform_job("billing.sweep_money")
def sweep_money(self: Job) -> None:
    """Look for invoices past due, in each tenant."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("billing.sweep_standings", tenant_id, None, {})


@platform_job("billing.reconcile")
def reconcile_all(self: Job) -> None:
    """Compare each tenant's invoices with Stripe's."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("billing.reconcile_tenant", tenant_id, None, {})


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


@platform_job("billing.wake_runs")
def wake_runs(self: Job) -> None:
    """Send a worker to each run that goes on and that nobody is at; otherwise nothing."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        for run_id in run_work.take_idle_runs(tenant_id=tenant_id, now=timezone.now()):
            send("billing.work_run", tenant_id, None, {"run_id": run_id})


@job("billing.audit_books")
def audit_one(self: Job) -> None:
    """Check every promise on the books of one tenant."""
    audit_books(tenant_id=self.tenant_id, now=timezone.now())


@platform_job("billing.audit_all_books")
def audit_all(self: Job) -> None:
    """Send one audit for each tenant."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("billing.audit_books", tenant_id, None, {})
