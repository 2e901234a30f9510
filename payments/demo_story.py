"""The payments of the demo: links that customers really paid, in the sandbox."""

from __future__ import annotations

import secrets
import time
from datetime import timedelta

import requests
from django.utils import timezone

from core.demo_story import Stage
from core.models import Tenant
from core.tenancy import scope
from payments.demo_customers import Customers, StoryStuck, control_sandbox, is_sandbox
from payments.demo_offers import tell_offers
from payments.demo_troubles import tell_troubles
from payments.gateway import StripeRefused
from payments.models import Payment, PaymentLink
from payments.operations.accounts import connect_account
from payments.operations.endpoints import SecretMissing, receive_webhooks
from payments.operations.links import deactivate_link
from payments.operations.refunds import request_refund

POOR = "4000000000009995"
LATE_COMERS = 10


def tell(stage: Stage) -> None:
    """Connect both companies to Stripe and let customers pay."""
    for tenant in (stage.tenant, stage.neighbour):
        _connect(stage, tenant)
    stage.say("Stripe accounts and webhooks")
    with scope(stage.tenant.pk):
        is_told = PaymentLink.objects.exists()
    if is_told or not is_sandbox():
        return
    customers = Customers(stage, stage.tenant)
    voucher = _tell_links(customers)
    stage.say("payments that went through the sandbox")
    tell_offers(customers)
    tell_troubles(customers, voucher)
    # What everybody asks for first stands at the top of the list.
    customers.link("Private tasting for eight", 32000, expires_at=timezone.now() + _days(14))
    _tell_little(Customers(stage, stage.neighbour))
    stage.say("links of every kind, a dispute, and stolen cards")


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


def _tell_links(customers: Customers) -> PaymentLink:
    """Show every state that a link and a payment can be in; returns a link that anybody may pay."""
    deposit = customers.link("Deposit for the tasting room", 25000, reference="2026-0412")
    customers.pay(deposit, name="Jonas Bakker", email="jonas.bakker@example.com")
    tickets = customers.link(
        "Brewery tour, one ticket", 1850, max_payments=12, expires_at=timezone.now() + _days(60)
    )
    customers.look(tickets, 21, now=timezone.now())
    for name in ("Eva Smit", "Omar Haddad", "Lin Wei"):
        customers.pay(tickets, name=name, email=f"{name.split()[0].lower()}@example.com")
    keg = customers.link("Keg of amber ale, 30 l", 14900, reference="2026-0415")
    customers.pay(keg, card=POOR, name="Piet Post", email="piet@example.com")
    party = customers.link("Christmas party, 40 guests", 182000, reference="2026-0420")
    customers.pay(party, account="succeeds", name="Harbour Trust", email="office@example.com")
    growlers = customers.link("Growler, set of four", 7600)
    _refund(customers, customers.pay(growlers, name="Mia Roos", email="mia@example.com"), 1900)
    voucher = customers.link(
        "Gift voucher", 5000, max_payments=None, description="Valid for two years."
    )
    _switched_off(customers, "Summer festival stand", 42000)
    _late(customers, "Early-bird brewing course", 9500)
    return voucher


def _tell_little(customers: Customers) -> None:
    """Give the neighbour something that the first company must not see."""
    rental = customers.link("Cider press rental", 22000)
    customers.pay(rental, name="Kim Ray", email="kim@example.com")


def _refund(customers: Customers, payment: Payment, amount_minor: int) -> None:
    with scope(customers.tenant.pk):
        request_refund(
            payment_id=payment.pk,
            amount_minor=amount_minor,
            reason="One of four arrived broken",
            by=customers.by,
            now=timezone.now(),
        )


def _switched_off(customers: Customers, title: str, amount_minor: int) -> None:
    link = customers.link(title, amount_minor)
    with scope(customers.tenant.pk):
        deactivate_link(link_id=link.pk, now=timezone.now())


def _late(customers: Customers, title: str, amount_minor: int) -> None:
    """Let a customer pay on a page that was still open when the link ended.

    A sweep may close that page just before, and the next customer comes a moment later.
    """
    for _ in range(LATE_COMERS):
        ends = timezone.now().replace(microsecond=0) + timedelta(seconds=4)
        checkout = customers.open(customers.link(title, amount_minor, expires_at=ends))
        while timezone.now() < ends:
            time.sleep(0.02)
        try:
            customers.pay_at(checkout, name="Ann Late", email="ann@example.com")
        except requests.HTTPError:
            continue
        return
    raise StoryStuck("The page of a link that ended was closed before anybody could pay late.")


def _days(count: int) -> timedelta:
    return timedelta(days=count)
