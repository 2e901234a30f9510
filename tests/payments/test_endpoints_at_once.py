"""Two who set up one account at the same time make one webhook endpoint."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from core.models import Tenant
from core.tenancy import scope
from payments.models import StripeAccount
from payments.operations.accounts import connect_account
from payments.operations.endpoints import SecretMissing, mend_endpoint
from tests.stripe import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def at_stripe(sandbox: Sandbox, account: StripeAccount) -> list[dict[str, str]]:
    found: list[dict[str, str]] = sandbox.stripe(
        "GET", "webhook_endpoints", key=account.secret_key
    )["data"]
    return found


@pytest.mark.parametrize("is_replacing", [False, True])
def test_four_at_once_make_one_endpoint_with_its_secret(
    tenant: Tenant, sandbox: Sandbox, is_replacing: bool
) -> None:
    key = f"sk_test_{secrets.token_hex(16)}"
    account = connect_account(tenant_id=tenant.pk, secret_key=key, livemode=False)
    if is_replacing:
        mend_endpoint(tenant_id=tenant.pk, account=account)
    before = list(account.webhook_secrets)
    together = threading.Barrier(4, timeout=60)

    def set_up(number: int) -> None:
        with scope(tenant.pk):
            own = StripeAccount.objects.get()
        together.wait()
        try:
            mend_endpoint(tenant_id=tenant.pk, account=own, is_replacing=is_replacing)
        except SecretMissing:
            pass  # another made it, and is about to store its secret
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(set_up, range(4)))

    assert len(at_stripe(sandbox, account)) == 1
    with scope(tenant.pk):
        after = StripeAccount.objects.get().webhook_secrets
    assert after[1:] == before
    assert len(set(after)) == len(before) + 1


def test_endpoint_deleted_at_stripe_is_made_anew_though_no_secret_was_kept(
    tenant: Tenant, sandbox: Sandbox
) -> None:
    key = f"sk_test_{secrets.token_hex(16)}"
    account = connect_account(tenant_id=tenant.pk, secret_key=key, livemode=False)
    mend_endpoint(tenant_id=tenant.pk, account=account)
    [first] = at_stripe(sandbox, account)
    sandbox.stripe("DELETE", f"webhook_endpoints/{first['id']}", key=key)
    with scope(tenant.pk):
        StripeAccount.objects.update(webhook_secrets=[])
        lost = StripeAccount.objects.get()

    mend_endpoint(tenant_id=tenant.pk, account=lost)

    [second] = at_stripe(sandbox, account)
    assert second["id"] != first["id"]
    assert len(lost.webhook_secrets) == 1
