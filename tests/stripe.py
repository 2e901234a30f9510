"""The sandbox in Stripe's place: a process of its own, an account of its own for each test."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from core.models import Entry, Tenant
from core.tenancy import scope
from payments.models import StripeAccount

ROOT = Path(__file__).resolve().parent.parent


class Sandbox:
    """The sandbox's control API, as a test uses it."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = requests.Session()

    def control(self, method: str, path: str, /, **json: Any) -> Any:
        """Call `/_sandbox/...` and return its JSON; raises on an error status."""
        answer = self.http.request(method, f"{self.base}/_sandbox/{path}", json=json or None)
        answer.raise_for_status()
        return answer.json()

    def stripe(self, method: str, path: str, /, *, key: str, **form: Any) -> Any:
        """Call Stripe's API with a secret key and return the JSON, whatever the status."""
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{self.base}/v1/{path}"
        argument = {"params" if method == "GET" else "data": form}
        return self.http.request(method, url, headers=headers, **argument).json()


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[str]:
    """Start the sandbox at STRIPE_API_BASE; yields that address."""
    base = os.environ["STRIPE_API_BASE"]
    command = [sys.executable, "-m", "sandbox", "--port", str(urlsplit(base).port), "--validate"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip(), "the sandbox did not start"
        yield base
        process.terminate()


@pytest.fixture
def sandbox(sandbox_process: str) -> Iterator[Sandbox]:
    """The sandbox, without faults, held webhooks or a moved clock when the test begins."""
    client = Sandbox(sandbox_process)
    client.control("POST", "reset")
    yield client
    client.http.close()


def open_stripe_account(tenant: Tenant, *, name: str) -> StripeAccount:
    """Give a tenant an account at Stripe with a fresh key, and a webhook address."""
    with scope(tenant.pk):
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
    return account


@pytest.fixture
def account(tenant: Tenant) -> StripeAccount:
    """The tenant's account at Stripe; the sandbox opens it at the first call with its key."""
    return open_stripe_account(tenant, name="Amber Ales")
