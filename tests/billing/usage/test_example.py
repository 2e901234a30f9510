"""The client in the documentation."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from billing.models import UsageBucket
from core.models import Tenant
from core.operations.api_keys import make_api_key
from core.tenancy import scope
from tests.billing.world import make_meter, make_organization

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "send_usage.py"


@pytest.fixture(autouse=True)
def _now() -> None:
    """Leave the clock alone: the example is a process of its own."""


def test_keys_of_the_example_are_uuids_of_version_7_in_the_order_of_time():
    spec = importlib.util.spec_from_file_location("send_usage", EXAMPLE)
    assert spec is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)

    keys = [uuid.UUID(example.new_key()) for _ in range(50)]

    assert {(key.version, key.variant) for key in keys} == {(7, uuid.RFC_4122)}
    moments = [key.int >> 80 for key in keys]
    assert moments == sorted(moments)
    assert len(set(keys)) == 50


LINE = '{"organization": "acme", "meter": "sum", "quantity": 0.1, "time": "%s"}'


def send_with_example(address: str, secret: str, lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLE), address, secret], input=lines, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_example_sends_to_the_real_server_and_repeats_safely(
    live_server: LiveServer, tenant: Tenant
) -> None:
    make_organization(tenant)
    make_meter(tenant, "sum", "sum")
    with scope(tenant.pk):
        secret = make_api_key(name="Meter", scopes=["usage:write"], by=None).secret
    now = datetime.now(UTC).isoformat()
    keyed = (LINE % now).replace("{", '{"idempotency_key": "given", ', 1)
    lines = "\n".join([LINE % now] * 1200 + [keyed, LINE % "yesterday"])

    first = send_with_example(live_server.url, secret, lines)
    again = send_with_example(live_server.url, secret, keyed)

    assert json.loads(first.stdout) == {"accepted": 1201, "rejected": 1}
    assert (first.returncode, first.stderr.count("event 1202: ")) == (3, 1)
    assert (again.returncode, json.loads(again.stdout)) == (0, {"duplicate": 1})
    with scope(tenant.pk):
        assert sum(row.quantity for row in UsageBucket.objects.all()) == Decimal("120.1")


def test_example_says_why_it_is_refused(live_server: LiveServer, tenant: Tenant) -> None:
    refused = send_with_example(live_server.url, "tap_wrong", LINE % datetime.now(UTC).isoformat())

    assert (refused.returncode, refused.stderr.startswith("401: ")) == (1, True)
