"""The payments of the demo: links that customers really paid, in the sandbox."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import requests
from django.conf import settings
from django.utils import timezone

from core.demo_story import Stage
from core.models import Tenant
from core.tenancy import scope
from payments.gateway import WORKER, StripeRefused
from payments.models import Checkout, Payment, PaymentLink, StripeAccount
from payments.operations.accounts import connect_account
from payments.operations.checkouts import claim_link_checkout, open_checkout
from payments.operations.endpoints import SecretMissing, receive_webhooks
from payments.operations.links import deactivate_link, make_link
from payments.operations.refunds import request_refund

PATIENCE_SECONDS = 60.0
GOOD, POOR = "4242424242424242", "4000000000009995"


class StoryStuck(Exception):
    """A payment of the story was not recorded in time: web, worker or sandbox does not run."""


def tell(stage: Stage) -> None:
    """Connect both companies to Stripe and let customers pay."""
    for tenant in (stage.tenant, stage.neighbour):
        _connect(stage, tenant)
    stage.say("Stripe accounts and webhooks")
    with scope(stage.tenant.pk):
        is_told = PaymentLink.objects.exists()
    if is_told or not is_sandbox():
        return
    _Story(stage, stage.tenant).tell()
    _Story(stage, stage.neighbour).tell_little()
    stage.say("payments that went through the sandbox")


def is_sandbox() -> bool:
    """Return whether the sandbox stands in Stripe's place, so that nobody's money moves."""
    try:
        answer = requests.get(f"{settings.STRIPE_API_BASE}/_sandbox/health", timeout=5)
    except requests.RequestException:
        return False
    return answer.status_code == 200


def _connect(stage: Stage, tenant: Tenant) -> None:
    key = stage.remember(f"stripe_key_{tenant.slug}", lambda: f"sk_test_{secrets.token_hex(20)}")
    if is_sandbox():
        control_sandbox("accounts", secret_key=key, business_name=tenant.name)
    account = connect_account(tenant_id=tenant.pk, secret_key=key, livemode=False)
    try:
        account = receive_webhooks(tenant_id=tenant.pk, account=account)
    except (SecretMissing, StripeRefused) as error:
        stage.say(f"no webhooks for {tenant.name}: {error}")
    if tenant == stage.tenant:
        stage.facts["webhook_url"] = account.webhook_url
        stage.facts["webhook_secret"] = next(iter(account.webhook_secrets), "")


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


class _Story:
    """One company's links, and the customers who open and pay them."""

    def __init__(self, stage: Stage, tenant: Tenant) -> None:
        self._stage = stage
        self._tenant = tenant

    def tell(self) -> None:
        """Show every state that a link and a payment can be in."""
        now = timezone.now()
        deposit = self._link("Deposit for the tasting room", 25000, reference="2026-0412")
        self._pay(deposit, name="Jonas Bakker", email="jonas@example.com")
        tickets = self._link(
            "Brewery tour, one ticket", 1850, max_payments=12, expires_at=now + timedelta(days=60)
        )
        for name in ("Eva Smit", "Omar Haddad", "Lin Wei"):
            self._pay(tickets, name=name, email=f"{name.split()[0].lower()}@example.com")
        keg = self._link("Keg of amber ale, 30 l", 14900, reference="2026-0415")
        self._pay(keg, card=POOR, name="Piet Post", email="piet@example.com")
        party = self._link("Christmas party, 40 guests", 182000, reference="2026-0420")
        self._pay(party, account="succeeds", name="Harbour Trust", email="office@example.com")
        refund_of = self._pay(
            self._link("Growler, set of four", 7600), name="Mia Roos", email="mia@example.com"
        )
        self._refund(refund_of, 1900)
        self._link("Gift voucher", 5000, max_payments=None, description="Valid for two years.")
        self._switched_off("Summer festival stand", 42000)
        self._late("Early-bird brewing course", 9500)
        self._link("Private tasting for eight", 32000, expires_at=now + timedelta(days=14))

    def tell_little(self) -> None:
        """Give the neighbour something that the first company must not see."""
        self._pay(self._link("Cider press rental", 22000), name="Kim Ray", email="kim@example.com")

    def _link(self, title: str, amount_minor: int, **fields: Any) -> PaymentLink:
        with scope(self._tenant.pk):
            return make_link(
                by=self._stage.admin if self._tenant == self._stage.tenant else None,
                now=timezone.now(),
                title=title,
                amount_minor=amount_minor,
                currency=self._tenant.default_currency,
                **fields,
            )

    def _open(self, link: PaymentLink) -> Checkout:
        """Open the link in a customer's browser, up to Stripe's page."""
        with scope(self._tenant.pk):
            checkout = claim_link_checkout(
                link_id=link.pk, visitor_hash=secrets.token_hex(32), now=timezone.now()
            )
        return open_checkout(
            tenant_id=self._tenant.pk,
            checkout_id=checkout.pk,
            now=timezone.now(),
            patience=WORKER,
        )

    def _pay(self, link: PaymentLink, **how: Any) -> UUID:
        """Pay a link and wait for the webhook to record it; returns the payment's id."""
        return self._pay_session(self._open(link), **how)

    def _pay_session(self, checkout: Checkout, **how: Any) -> UUID:
        how = how if "account" in how else {"card": GOOD, **how}
        control_sandbox(f"checkout/sessions/{checkout.stripe_session_id}/pay", **how)
        payment = self._wait(lambda: Payment.objects.filter(checkout_id=checkout.pk).first())
        return UUID(str(payment.pk))

    def _wait(self, find: Callable[[], Payment | None]) -> Payment:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with scope(self._tenant.pk):
                found = find()
            if found is not None:
                return found
            time.sleep(0.1)
        raise StoryStuck("The sandbox took a payment, but no webhook of it was recorded here.")

    def _refund(self, payment_id: UUID, amount_minor: int) -> None:
        with scope(self._tenant.pk):
            request_refund(
                payment_id=payment_id,
                amount_minor=amount_minor,
                reason="One of four arrived broken",
                by=self._stage.admin,
                now=timezone.now(),
            )

    def _switched_off(self, title: str, amount_minor: int) -> None:
        link = self._link(title, amount_minor)
        with scope(self._tenant.pk):
            deactivate_link(link_id=link.pk, now=timezone.now())

    def _late(self, title: str, amount_minor: int) -> None:
        """Let a customer pay on a page that was still open when the link ended."""
        ends = timezone.now() + timedelta(seconds=3)
        checkout = self._open(self._link(title, amount_minor, expires_at=ends))
        while timezone.now() <= ends + timedelta(seconds=1):
            time.sleep(0.1)
        self._pay_session(checkout, name="Ann Late", email="ann@example.com")
