"""The rows that requests are made of, and the requests."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

import psycopg
from django.urls import reverse
from django.utils import timezone

from benchmarks.load import Request
from benchmarks.views import PROTECTED, UNPROTECTED
from core.models import Entry, Tenant, User
from core.operations.tokens import issue_tokens
from core.tenancy import scope
from payments.models import PaymentLink, StripeAccount
from payments.operations.links import make_link

TENANTS = 5
LINKS_EACH = 2_000
PASSWORD = secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True)
class Rows:
    """What there is to ask for."""

    link: PaymentLink
    account: StripeAccount
    user: User


def make_rows(superuser_url: str) -> Rows:
    """Fill an empty database with links of several tenants; returns those of one of them."""
    found = [_company(number) for number in range(TENANTS)]
    with psycopg.connect(superuser_url) as connection:
        connection.execute(f"CREATE TABLE {UNPROTECTED} AS TABLE {PROTECTED}")
        connection.execute(f"ALTER TABLE {UNPROTECTED} ADD PRIMARY KEY (id)")
        connection.execute(f"GRANT SELECT ON {UNPROTECTED} TO taproom_app")
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return found[0]


def _company(number: int) -> Rows:
    tenant = Tenant.objects.create(
        name=f"Company {number}", slug=f"company-{number}", default_currency="EUR"
    )
    user = User.objects.create_user(
        f"admin@company-{number}.example", PASSWORD, tenant=tenant, role="admin"
    )
    with scope(tenant.pk):
        link = make_link(
            by=user,
            now=timezone.now(),
            title="Tasting for eight",
            amount_minor=32_000,
            currency="EUR",
            max_payments=None,
        )
        PaymentLink.objects.bulk_create(_more_links(tenant), batch_size=500)
        account = StripeAccount.objects.create(
            tenant=tenant,
            stripe_account_id=f"acct_{secrets.token_hex(8)}",
            secret_key=f"sk_test_{secrets.token_hex(16)}",
            webhook_secrets=[f"whsec_{secrets.token_hex(16)}"],
        )
        Entry.objects.create(
            secret_hash=Entry.hash_secret(Entry.Kind.WEBHOOK, str(account.pk)),
            kind=Entry.Kind.WEBHOOK,
            tenant=tenant,
            target_id=account.pk,
        )
    return Rows(link=link, account=account, user=user)


def _more_links(tenant: Tenant) -> list[PaymentLink]:
    return [
        PaymentLink(
            tenant=tenant,
            title=f"Order {number}",
            amount_minor=1_000 + number,
            currency="EUR",
            token=secrets.token_urlsafe(24),
        )
        for number in range(LINKS_EACH)
    ]


def requests(rows: Rows) -> dict[str, Request]:
    """Return each target's request by the name that comparisons use."""
    token = {"Authorization": f"Bearer {issue_tokens(user=rows.user).access}"}
    link_id = rows.link.pk
    return {
        "bare": Request("GET", "/bench/bare/"),
        "django": Request("GET", "/bench/bare/"),
        "pay": Request("GET", reverse("pay", args=[rows.link.token])),
        "webhook": Request(
            "POST",
            reverse("stripe_webhook", args=[rows.account.pk]),
            {"Content-Type": "application/json"},
            body=json.dumps(_event()),
            signed_with=rows.account.webhook_secrets[0],
        ),
        "read_for_token": Request("GET", f"/bench/read-for-token/{link_id}/", token),
        "read_unscoped": Request("GET", f"/bench/read-unscoped/{link_id}/", token),
        "read_scoped": Request("GET", f"/bench/read-scoped/{link_id}/", token),
        "api_link": Request("GET", reverse("api_link", args=[link_id]), token),
    }


def _event() -> dict[str, object]:
    """Return an event of the size and shape that Stripe sends when a session completes."""
    session = {
        "id": "cs_test_a1" + "b" * 54,
        "object": "checkout.session",
        "amount_subtotal": 32_000,
        "amount_total": 32_000,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": "https://taproom.example/pay/" + "t" * 32 + "/",
        "client_reference_id": "0" * 36,
        "currency": "eur",
        "customer_details": {
            "address": {"city": None, "country": "NL", "line1": None, "postal_code": None},
            "email": "eva@example.com",
            "name": "Eva Smit",
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "expires_at": 1_800_000_000,
        "livemode": False,
        "metadata": {"taproom_checkout": "0" * 36, "taproom_kind": "link"},
        "mode": "payment",
        "payment_intent": "pi_" + "c" * 24,
        "payment_method_types": ["card", "ideal", "sepa_debit"],
        "payment_status": "paid",
        "status": "complete",
        "success_url": "https://taproom.example/pay/" + "t" * 32 + "/return/",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        **{f"custom_field_{number}": None for number in range(20)},
    }
    return {
        "id": "EVENT_ID",
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": 1_790_000_000,
        "data": {"object": session},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "checkout.session.completed",
    }
