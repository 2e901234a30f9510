"""The application fees of the demo: one paid, one that a bank refused, one still open."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

from django.utils import timezone

from core.demo_story import Stage
from core.tenancy import scope
from crm.models import Application, PaymentRequest
from crm.operations.fees import ask_for_fee, claim_fee
from crm.operations.timeline import Actor
from payments.demo_customers import PATIENCE_SECONDS, StoryStuck, control_sandbox, is_sandbox
from payments.gateway import WORKER
from payments.models import Checkout, StripeAccount
from payments.operations.checkouts import open_checkout

CARD = "4242424242424242"


def tell_fee(stage: Stage, *, paid: UUID, failed: UUID, left_open: UUID) -> None:
    """Ask for the fees of three applications of the company on stage, and let applicants act.

    One pays by card, one by a bank debit that the bank refuses, one leaves the page open. Each
    needs a fee. A fee that was tried before is left as it is; so are all without the sandbox and
    a Stripe account there.
    """
    for application_id in (paid, failed, left_open):
        with scope(stage.tenant.pk):
            ask_for_fee(
                application_id=application_id, by=Actor(user=stage.admin), now=timezone.now()
            )
    if not (is_sandbox() and _is_connected(stage)):
        return
    _open(stage, left_open)
    _pay(stage, paid, PaymentRequest.State.PAID, card=CARD)
    _pay(stage, failed, PaymentRequest.State.FAILED, account="fails")
    stage.say("application fees")


def _is_connected(stage: Stage) -> bool:
    """Return whether the company has a Stripe account that the fees could go to."""
    with scope(stage.tenant.pk):
        return StripeAccount.objects.exists()


def _open(stage: Stage, application_id: UUID) -> Checkout | None:
    """Open Stripe's page as the applicant; None if that happened before."""
    with scope(stage.tenant.pk):
        if PaymentRequest.objects.filter(application=application_id).exists():
            return None
        _, checkout = claim_fee(application_id=application_id, now=timezone.now())
    return open_checkout(
        tenant_id=stage.tenant.pk,
        checkout_id=checkout.pk,
        now=timezone.now(),
        patience=WORKER,
    )


def _pay(stage: Stage, application_id: UUID, end: PaymentRequest.State, **how: str) -> None:
    """Pay as the applicant and wait until the webhooks have brought the request to its end."""
    checkout = _open(stage, application_id)
    if checkout is None:
        return
    with scope(stage.tenant.pk):
        lead = Application.objects.select_related("lead").get(pk=application_id).lead
    page = f"checkout/sessions/{checkout.stripe_session_id}"
    email = lead.email or "applicant@example.com"
    control_sandbox(f"{page}/pay", name=lead.name, email=email, **how)
    if "account" in how:
        control_sandbox(f"{page}/async")
    _wait(stage, lambda: PaymentRequest.objects.filter(checkout_id=checkout.pk, state=end).exists())


def _wait(stage: Stage, is_there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with scope(stage.tenant.pk):
            if is_there():
                return
        time.sleep(0.1)
    raise StoryStuck("The sandbox took an application fee, but no webhook of it was recorded here.")
