"""Celery tasks: ask the shop again about charges without a certain answer."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from core.jobs import Job, job, platform_job, send
from core.models import Tenant
from payments.gateway import StripeUnavailable
from payments.operations.checkouts import CheckoutOver
from subscriptions.operations import (
    charging,
    dispute_acts,
    objections,
    rent_collections,
    rent_money,
    rent_pages,
    rents,
    reversals,
)
from subscriptions.operations.run_work import tidy_runs, work_run

# A worker gives its place back after this long, so that other work has its turn.
TURN = timedelta(seconds=15)


@job("subscriptions.ask_again", queue="shop")
def ask_again(self: Job, *, charge_id: str) -> None:
    """Ask the shop about one charge, under the same request id."""
    charging.ask_again(tenant_id=self.tenant_id, charge_id=UUID(charge_id), now=timezone.now())


@job("subscriptions.sweep_tenant")
def sweep_tenant(self: Job) -> None:
    """Find the charges of one tenant that are due."""
    for charge_id in charging.due_charges(tenant_id=self.tenant_id, now=timezone.now()):
        send("subscriptions.ask_again", self.tenant_id, None, {"charge_id": charge_id})
    for run_id in tidy_runs(tenant_id=self.tenant_id, now=timezone.now()):
        send("subscriptions.wake_run", self.tenant_id, None, {"run_id": run_id})
    objections.remind_of_deadlines(tenant_id=self.tenant_id, now=timezone.now())
    for name, ids in rents.due_work(tenant_id=self.tenant_id, now=timezone.now()):
        send(name, self.tenant_id, None, ids)


@job("subscriptions.wake_run")
def wake_run(self: Job, *, run_id: str) -> None:
    """Send as many workers to a run as may charge at once."""
    for _ in range(settings.SHOP_PARALLEL):
        send("subscriptions.work_run", self.tenant_id, None, {"run_id": run_id})


@job("subscriptions.work_run", queue="shop")
def work_on_run(self: Job, *, run_id: str) -> None:
    """Charge members of a run for a while, then make room for other work."""
    until = timezone.now() + TURN
    has_more = work_run(
        tenant_id=self.tenant_id,
        run_id=UUID(run_id),
        clock=timezone.now,
        goes_on=lambda: timezone.now() < until,
    )
    if has_more:
        send("subscriptions.work_run", self.tenant_id, None, {"run_id": run_id})


@platform_job("subscriptions.sweep")
def sweep(self: Job) -> None:
    """Send one sweep for each tenant."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("subscriptions.sweep_tenant", tenant_id, None, {})


@job("subscriptions.send_transfer", queue="stripe")
def send_rent(self: Job, *, transfer_id: str) -> None:
    """Look at a rent once more, then send it to its house."""
    rents.send_rent(tenant_id=self.tenant_id, transfer_id=UUID(transfer_id), now=timezone.now())


@job("subscriptions.push_reversal", queue="stripe")
def push_reversal(self: Job, *, reversal_id: str) -> None:
    """Take back what was approved."""
    reversals.push_reversal(
        tenant_id=self.tenant_id, reversal_id=UUID(reversal_id), now=timezone.now()
    )


@job("subscriptions.push_dispute_act", queue="stripe")
def push_dispute_act(self: Job, *, act_id: str) -> None:
    """Answer a dispute as somebody asked."""
    dispute_acts.push_act(tenant_id=self.tenant_id, act_id=UUID(act_id), now=timezone.now())


@job("subscriptions.push_collection", queue="stripe")
def push_collection(self: Job, *, collection_id: str) -> None:
    """Take a rent from what the resident has saved."""
    rent_collections.push_collection(
        tenant_id=self.tenant_id, collection_id=UUID(collection_id), now=timezone.now()
    )


@job("subscriptions.refresh_rent", queue="stripe", max_retries=20)
def refresh_rent(self: Job, *, rent_id: str) -> None:
    """Ask Stripe about a rent."""
    try:
        rent_money.refresh_rent(tenant_id=self.tenant_id, rent_id=UUID(rent_id), now=timezone.now())
    except StripeUnavailable as error:
        raise self.retry(exc=error, countdown=min(2**self.request.retries, 600)) from error


@job("subscriptions.open_rent_page", queue="stripe", max_retries=20)
def open_rent_page(self: Job, *, rent_id: str) -> None:
    """Write the address of a rent's payment page into its case."""
    try:
        rent_pages.open_rent_page(
            tenant_id=self.tenant_id, rent_id=UUID(rent_id), now=timezone.now()
        )
    except (StripeUnavailable, CheckoutOver) as error:
        raise self.retry(exc=error, countdown=min(2**self.request.retries, 600)) from error


@job("subscriptions.reconcile_rents", queue="stripe")
def reconcile_rents(self: Job) -> None:
    """Open this month's rents, compare the houses' ledgers with Stripe, and ask about held ones."""
    rents.open_this_month(tenant_id=self.tenant_id, now=timezone.now())
    rents.reconcile_at_night(tenant_id=self.tenant_id, now=timezone.now())


@platform_job("subscriptions.reconcile_all_rents")
def reconcile_all_rents(self: Job) -> None:
    """Send one reconciliation for each tenant."""
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        send("subscriptions.reconcile_rents", tenant_id, None, {})
