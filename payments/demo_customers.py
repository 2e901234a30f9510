"""The customers of the demo: they open links and pay them, in the sandbox."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import requests
from django.conf import settings
from django.utils import timezone

from core.demo_story import Stage
from core.models import Tenant
from core.tenancy import scope
from payments.gateway import WORKER
from payments.models import CardTry, Checkout, Dispute, Payment, PaymentLink, StripeAccount
from payments.operations.checkouts import claim_link_checkout, open_checkout
from payments.operations.choices import NOTHING_CHOSEN, Choice
from payments.operations.links import make_link
from payments.operations.views import count_view

PATIENCE_SECONDS = 60.0
GOOD = "4242424242424242"

Found = TypeVar("Found")


class StoryStuck(Exception):
    """A payment of the story was not recorded in time: web, worker or sandbox does not run."""


def is_sandbox() -> bool:
    """Return whether the sandbox stands in Stripe's place, so that nobody's money moves."""
    try:
        answer = requests.get(f"{settings.STRIPE_API_BASE}/_sandbox/health", timeout=5)
    except requests.RequestException:
        return False
    return answer.status_code == 200


def control_sandbox(path: str, **body: Any) -> Any:
    """Do something that only the sandbox can, such as pay as a customer would."""
    answer = requests.post(f"{settings.STRIPE_API_BASE}/_sandbox/{path}", json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()


def post_to_sandbox(account: StripeAccount, path: str, **form: Any) -> Any:
    """Do at the sandbox what people do elsewhere at Stripe, such as saving a card."""
    answer = requests.post(
        f"{settings.STRIPE_API_BASE}/v1/{path}",
        data=form,
        auth=(account.secret_key, ""),
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()


class Customers:
    """The links of one company of the stage, and the customers who open and pay them."""

    def __init__(self, stage: Stage, tenant: Tenant) -> None:
        self.stage = stage
        self.tenant = tenant
        self.by = stage.admin if tenant == stage.tenant else None

    def link(self, title: str, amount_minor: int | None = None, **fields: Any) -> PaymentLink:
        """Make a link in the company's currency."""
        if amount_minor is not None:
            fields["amount_minor"] = amount_minor
        currency = self.tenant.default_currency
        with scope(self.tenant.pk):
            return make_link(
                by=self.by, now=timezone.now(), title=title, currency=currency, **fields
            )

    def look(self, link: PaymentLink, times: int, *, now: datetime) -> None:
        """Look at a link's page some times, as people do who pay later, or never."""
        for _ in range(times):
            count_view(tenant_id=self.tenant.pk, link_id=link.pk, zone=self.tenant.zone, now=now)

    def open(
        self, link: PaymentLink, choice: Choice = NOTHING_CHOSEN, language: str = ""
    ) -> Checkout:
        """Open the link in a customer's browser, up to Stripe's page."""
        with scope(self.tenant.pk):
            checkout = claim_link_checkout(
                link_id=link.pk,
                visitor_hash=secrets.token_hex(32),
                choice=choice,
                language=language,
                now=timezone.now(),
            )
        return open_checkout(
            tenant_id=self.tenant.pk,
            checkout_id=checkout.pk,
            now=timezone.now(),
            patience=WORKER,
        )

    def pay(
        self,
        link: PaymentLink,
        choice: Choice = NOTHING_CHOSEN,
        *,
        language: str = "",
        **how: Any,
    ) -> Payment:
        """Pay a link and wait for the webhook to record it."""
        return self.pay_at(self.open(link, choice, language), **how)

    def pay_at(self, checkout: Checkout, **how: Any) -> Payment:
        """Pay on Stripe's page, by a good card unless `how` says otherwise."""
        self.try_at(checkout, **how)
        return self.wait(lambda: Payment.objects.filter(checkout_id=checkout.pk).first())

    def try_at(self, checkout: Checkout, **how: Any) -> None:
        """Press the button on Stripe's page, whatever comes of it."""
        how = how if "account" in how else {"card": GOOD, **how}
        control_sandbox(f"checkout/sessions/{checkout.stripe_session_id}/pay", **how)

    def wait_for_dispute(self, payment: Payment) -> Dispute:
        """Wait until the dispute of a payment is known here."""
        return self.wait(lambda: Dispute.objects.filter(payment_id=payment.pk).first())

    def wait_for_tries(self, checkout: Checkout, count: int) -> int:
        """Wait until so many tries with cards are known here."""

        def tried() -> int | None:
            found = CardTry.objects.filter(checkout_id=checkout.pk).count()
            return found if found >= count else None

        return self.wait(tried)

    def wait(self, find: Callable[[], Found | None]) -> Found:
        """Return what `find` finds in the company's scope. Raises StoryStuck after a minute."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with scope(self.tenant.pk):
                found = find()
            if found is not None:
                return found
            time.sleep(0.1)
        raise StoryStuck("The sandbox took a payment, but no webhook of it was recorded here.")
