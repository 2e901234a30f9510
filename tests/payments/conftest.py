"""What tests of payments share: a link, and a customer who pays in the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from core.models import Tenant
from core.tenancy import scope
from payments.gateway import WORKER, Patience
from payments.models import Checkout, PaymentLink, StripeAccount, StripeEvent
from payments.operations.checkouts import claim_link_checkout, open_checkout
from payments.operations.events import process_event
from payments.operations.links import make_link
from payments.operations.reconcile import reconcile_events
from tests.stripe import Sandbox

GOOD, DECLINED, POOR = "4242424242424242", "4000000000000002", "4000000000009995"


@pytest.fixture
def now() -> datetime:
    """The moment of the test."""
    return timezone.now()


@pytest.fixture
def new_link(tenant: Tenant, now: datetime) -> Callable[..., PaymentLink]:
    """Make a payment link of 125.00 EUR, unless told otherwise."""

    def make(**fields: Any) -> PaymentLink:
        defaults = {"title": "Deposit", "amount_minor": 12500, "currency": "EUR"}
        with scope(tenant.pk):
            return make_link(by=None, now=now, **{**defaults, **fields})

    return make


class Customer:
    """Opens links and pays in the sandbox; `hear` brings events in without a web server."""

    def __init__(self, tenant: Tenant, account: StripeAccount, sandbox: Sandbox) -> None:
        self.tenant = tenant
        self.account = account
        self.sandbox = sandbox

    def claim(self, link: PaymentLink, visitor: str = "", now: datetime | None = None) -> Checkout:
        with scope(self.tenant.pk):
            return claim_link_checkout(
                link_id=link.pk, visitor_hash=visitor, now=now or timezone.now()
            )

    def open(self, link: PaymentLink, visitor: str = "") -> Checkout:
        return self.open_page(self.claim(link, visitor))

    def open_page(self, checkout: Checkout, patience: Patience = WORKER) -> Checkout:
        return open_checkout(
            tenant_id=self.tenant.pk,
            checkout_id=checkout.pk,
            now=timezone.now(),
            patience=patience,
        )

    def pay(self, checkout: Checkout, **how: Any) -> dict[str, Any]:
        how = how if "account" in how else {"card": GOOD, **how}
        path = f"checkout/sessions/{checkout.stripe_session_id}/pay"
        answer: dict[str, Any] = self.sandbox.control("POST", path, **how)
        return answer

    def hear(self, since: datetime) -> None:
        """Store all events of the account and act on each one."""
        reconcile_events(tenant_id=self.tenant.pk, since=since, now=timezone.now())
        with scope(self.tenant.pk):
            waiting = list(
                StripeEvent.objects.filter(processed_at=None)
                .order_by("stripe_created_at")
                .values_list("stripe_event_id", flat=True)
            )
        for stripe_event_id in waiting:
            process_event(
                tenant_id=self.tenant.pk, stripe_event_id=stripe_event_id, now=timezone.now()
            )

    def reload(self, row: Any) -> Any:
        with scope(self.tenant.pk):
            return type(row).objects.get(pk=row.pk)

    def payment(self, checkout: Checkout | UUID) -> Any:
        pk = checkout if isinstance(checkout, UUID) else checkout.pk
        with scope(self.tenant.pk):
            return Checkout.objects.get(pk=pk).payments.select_related("checkout").get()


@pytest.fixture
def customer(tenant: Tenant, account: StripeAccount, sandbox: Sandbox) -> Customer:
    """A customer of the tenant."""
    return Customer(tenant, account, sandbox)
