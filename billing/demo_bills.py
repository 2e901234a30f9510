"""The invoices of the demo: a month that was billed, sent and paid, and one that is looked at."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from billing.models import BillingRun, InvoiceStanding, Organization, Push
from billing.operations.portal import portal_url
from billing.operations.runs import approve_run, open_run
from core.demo_story import Stage
from core.periods import local_date
from core.tenancy import scope
from payments.demo_customers import Customers, control_sandbox, is_sandbox
from payments.models import StripeAccount

PAYS, PORTAL_OF = "bluegum", "tap-house"
CARD = "4242424242424242"


def tell_bills(stage: Stage) -> None:
    """Bill the last month, let a customer pay, and leave this month's run for a person.

    Without the sandbox, and without workers, nothing is billed. Safe to repeat.
    """
    with scope(stage.tenant.pk):
        _name_portal(stage)
        can_bill = StripeAccount.objects.exists() and not BillingRun.objects.exists()
    if not (can_bill and is_sandbox()):
        return
    customers = Customers(stage, stage.tenant)
    this_month = local_date(timezone.now(), stage.tenant.zone).replace(day=1)
    _bill((this_month - timedelta(days=1)).replace(day=1), customers)
    _be_paid(customers)
    with scope(stage.tenant.pk):
        open_run(month=this_month, by=stage.admin, now=timezone.now())
    stage.say("invoices, one of them paid, and a run that waits to be looked at")


def _name_portal(stage: Stage) -> None:
    """Note the address of a customer's portal, for whoever starts the demo."""
    organization = Organization.objects.get(code=PORTAL_OF)
    stage.facts["portal_url"] = portal_url(organization)


def _bill(month: date, customers: Customers) -> None:
    with scope(customers.tenant.pk):
        run = open_run(month=month, by=customers.by, now=timezone.now())
    runs = BillingRun.objects.filter(pk=run.pk)
    customers.wait(runs.filter(state=BillingRun.State.REVIEW).first)
    with scope(customers.tenant.pk):
        approve_run(run_id=run.pk, by=customers.by, now=timezone.now())
    customers.wait(runs.filter(state=BillingRun.State.DONE).first)


def _be_paid(customers: Customers) -> None:
    """Let a customer pay the newest invoice as soon as Stripe has it."""
    sent = Push.objects.filter(organization__code=PAYS, state=Push.State.DONE)
    invoices = sent.exclude(invoice=None).order_by("-invoice__period__starts_on")
    push = customers.wait(invoices.first)
    control_sandbox(f"invoices/{push.stripe_id}/pay", card=CARD)
    customers.wait(InvoiceStanding.objects.filter(invoice=push.invoice_id, state="paid").first)
