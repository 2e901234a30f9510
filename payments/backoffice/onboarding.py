"""The first steps of a company that wants to be paid."""

from __future__ import annotations

from django.urls import reverse

from core.backoffice.onboarding import Step, register_step
from core.models import Tenant
from payments.models import Payment, PaymentLink, StripeAccount, StripeEvent


def has_account(tenant: Tenant) -> bool:
    """Return whether a Stripe account is connected."""
    return StripeAccount.objects.exists()


def was_heard(tenant: Tenant) -> bool:
    """Return whether an event of Stripe's has come and was acted on."""
    return StripeEvent.objects.filter(processed_at__isnull=False).exists()


def has_link(tenant: Tenant) -> bool:
    """Return whether a payment link was made."""
    return PaymentLink.objects.exists()


def was_paid(tenant: Tenant) -> bool:
    """Return whether money has come."""
    return Payment.objects.filter(state=Payment.State.SUCCEEDED).exists()


for step in (
    Step(
        name="stripe_account",
        title="Connect your Stripe account",
        is_done=has_account,
        url=lambda: reverse("stripe_connect"),
        how="Paste a secret key from Stripe's dashboard; it is stored encrypted.",
        order=10,
    ),
    Step(
        name="first_link",
        title="Make your first payment link",
        is_done=has_link,
        url=lambda: reverse("link_new"),
        how="A title and an amount are enough.",
        order=20,
    ),
    Step(
        name="first_payment",
        title="Receive a first payment",
        is_done=was_paid,
        url=lambda: reverse("links"),
        how="Open the link as a customer would and pay it; in test mode a test card will do.",
        order=30,
    ),
    Step(
        name="webhook_heard",
        title="Hear from Stripe",
        is_done=was_heard,
        url=lambda: reverse("admin:payments_stripeevent_changelist"),
        how="With the first payment Stripe's news comes in. If it does not, see the address of the"
        " webhook under Stripe accounts.",
        order=40,
    ),
):
    register_step(step)
