"""A company with an organization and a meter of each kind, and ways to send to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from billing.models import Meter, Organization, UsageBucket
from core.models import Tenant
from core.operations.api_keys import make_api_key
from core.tenancy import scope
from tests.billing.world import make_meter, make_organization

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KINDS = ("sum", "count", "max", "latest", "unique")


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def organization(tenant: Tenant) -> Organization:
    return make_organization(tenant)


@pytest.fixture
def meters(tenant: Tenant) -> dict[str, Meter]:
    """A meter of each kind, called by it."""
    return {how: make_meter(tenant, how, how) for how in KINDS}


@pytest.fixture
def sender(tenant: Tenant) -> Client:
    """A program that may send and read usage."""
    with scope(tenant.pk):
        key = make_api_key(name="Meter", scopes=["usage:write", "billing:read"], by=None)
    return Client(headers={"Authorization": f"Api-Key {key.secret}"}, raise_request_exception=False)


@pytest.fixture
def send(sender: Client) -> Callable[..., Any]:
    """Send events, or a raw body, and return the answer."""

    def send(events: Any, **headers: str) -> Any:
        body = events if isinstance(events, bytes | str) else json.dumps(events)
        return sender.post(
            "/api/usage-events/", body, content_type="application/json", headers=headers
        )

    return send


def event(key: str = "k1", **given: Any) -> dict[str, Any]:
    """An event of `acme` on the meter `sum`; None leaves a field out."""
    fields = {
        "idempotency_key": key,
        "organization": "acme",
        "meter": "sum",
        "quantity": 2,
        "time": "2026-11-20T10:00:00Z",
        **given,
    }
    return {name: value for name, value in fields.items() if value is not None}


def void(key: str, corrects: str, **given: Any) -> dict[str, Any]:
    return {
        "idempotency_key": key, "action": "void", "corrects": corrects, "reason": "Mistake", **given
    }  # fmt: skip


def replace(key: str, corrects: str, **given: Any) -> dict[str, Any]:
    return {**void(key, corrects), "action": "replace", **given}


def verdicts(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["verdict"] for one in answer.json()["results"]]


def buckets(tenant: Tenant, meter: str = "sum") -> list[tuple[str, dict[str, str], Decimal, int]]:
    """Day, dimensions, quantity and number of events of the buckets that count something."""
    with scope(tenant.pk):
        rows = UsageBucket.objects.filter(meter__code=meter, events__gt=0).order_by(
            "day", "dimensions"
        )
        return [(f"{row.day}", row.dimensions, row.quantity, row.events) for row in rows]


def ago(**parts: float) -> str:
    return (NOW - timedelta(**parts)).isoformat().replace("+00:00", "Z")
