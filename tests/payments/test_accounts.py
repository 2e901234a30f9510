"""Connecting a tenant's Stripe account."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from core.models import Entry, Tenant
from core.tenancy import scope
from payments.gateway import StripeRefused
from payments.models import PaymentLink, StripeAccount
from payments.operations.accounts import (
    NoSigningSecret,
    OtherAccount,
    WrongMode,
    add_signing_secret,
    connect_account,
)
from payments.operations.endpoints import SecretMissing, receive_webhooks
from tests.payments.conftest import Customer
from tests.stripe import Sandbox

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def new_key() -> str:
    return f"sk_test_{secrets.token_hex(16)}"


def connect(tenant: Tenant, key: str) -> StripeAccount:
    return connect_account(tenant_id=tenant.pk, secret_key=key, livemode=False)


def test_account_is_stored_with_its_webhook_address(tenant: Tenant, sandbox: Sandbox) -> None:
    key = new_key()

    account = connect(tenant, key)

    at_stripe = sandbox.stripe("GET", "account", key=key)["id"]
    assert (account.stripe_account_id, account.secret_key) == (at_stripe, key)
    entry = Entry.find(Entry.Kind.WEBHOOK, str(account.pk))
    assert entry is not None
    assert (entry.tenant_id, entry.target_id) == (tenant.pk, account.pk)


def test_entry_is_found_as_the_orm_reads_it(
    account: StripeAccount, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    expected = Entry.objects.select_related("tenant").get(target_id=account.pk)

    with django_assert_num_queries(1):
        entry = Entry.find(Entry.Kind.WEBHOOK, str(account.pk))
        assert entry is not None
        tenant = entry.tenant

    assert columns_of(entry) == columns_of(expected)
    assert columns_of(tenant) == columns_of(expected.tenant)
    assert Entry.find(Entry.Kind.API_KEY, str(account.pk)) is None


def columns_of(row: Entry | Tenant) -> dict[str, Any]:
    return {field.attname: vars(row)[field.attname] for field in row._meta.concrete_fields}


def test_key_of_the_other_mode_is_refused(tenant: Tenant, sandbox: Sandbox) -> None:
    with pytest.raises(WrongMode):
        connect(tenant, "sk_live_" + "x" * 24)


def test_key_that_stripe_does_not_know_is_refused(tenant: Tenant, sandbox: Sandbox) -> None:
    with pytest.raises(StripeRefused):
        connect(tenant, "nonsense")


def test_key_of_another_account_is_taken_until_somebody_has_paid(
    customer: Customer, new_link: NewLink
) -> None:
    connect(customer.tenant, new_key())
    customer.open(new_link())

    with pytest.raises(OtherAccount, match="Nothing was stored"):
        connect(customer.tenant, new_key())


def test_webhook_endpoint_is_made_once_and_its_secret_kept(
    tenant: Tenant, sandbox: Sandbox
) -> None:
    key = new_key()
    account = connect(tenant, key)

    first = receive_webhooks(tenant_id=tenant.pk, account=account).webhook_secrets
    again = receive_webhooks(tenant_id=tenant.pk, account=account).webhook_secrets

    endpoints = sandbox.stripe("GET", "webhook_endpoints", key=key)["data"]
    assert [endpoint["url"] for endpoint in endpoints] == [account.webhook_url]
    assert (len(first), again) == (1, first)


def test_endpoint_whose_secret_is_lost_is_told(tenant: Tenant, sandbox: Sandbox) -> None:
    account = connect(tenant, new_key())
    receive_webhooks(tenant_id=tenant.pk, account=account)
    with scope(tenant.pk):
        account.webhook_secrets = []
        account.save()

    with pytest.raises(SecretMissing):
        receive_webhooks(tenant_id=tenant.pk, account=account)


def test_newest_two_signing_secrets_are_kept(tenant: Tenant, account: StripeAccount) -> None:
    [oldest] = account.webhook_secrets

    with scope(tenant.pk):
        for secret in ("whsec_a", "whsec_b", "whsec_b", "whsec_a"):
            add_signing_secret(account_id=account.pk, secret=secret)
        kept = StripeAccount.objects.get().webhook_secrets

    assert oldest not in kept
    assert kept == ["whsec_b", "whsec_a"]


@pytest.mark.parametrize("secret", ["", "sk_test_1", "whsec_\0", "whsec_caf\u00e9", "whsec_ \n"])
def test_what_is_no_signing_secret_is_refused(
    tenant: Tenant, account: StripeAccount, secret: str
) -> None:
    with pytest.raises(NoSigningSecret), scope(tenant.pk):
        add_signing_secret(account_id=account.pk, secret=secret)

    with scope(tenant.pk):
        assert StripeAccount.objects.get().webhook_secrets == account.webhook_secrets
