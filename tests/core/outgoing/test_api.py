"""Endpoints and their log, for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Tenant, User, WebhookEndpoint
from core.operations.outgoing import (
    announce_test,
)
from core.tenancy import scope
from tests.core.outgoing.world import NOW, PAID, sent, told
from tests.core.receiver import Receiver
from tests.subscriptions.programs import program

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(tenant: Tenant) -> Any:
    return program(tenant, "webhooks:read", "webhooks:write")


def test_program_makes_changes_and_removes_an_endpoint(
    tenant: Tenant, api: Any, receiver: Receiver
) -> None:
    made = api.call("POST", "/api/webhook-endpoints/", {"url": receiver.url})
    body = made.json()
    path = f"/api/webhook-endpoints/{body['id']}/"
    shown = api.call("GET", path)
    stale = api.call("PATCH", path, {"description": "x"}, **{"If-Match": '"v7"'})
    changed = api.call("PATCH", path, {"event_types": [PAID]}, **{"If-Match": '"v1"'})
    rolled = api.call("POST", f"{path}roll-secret/").json()
    delivery = told(tenant)
    sent(delivery)
    log = api.call("GET", f"{path}deliveries/").json()["items"]
    again = api.call("POST", f"/api/webhook-deliveries/{delivery.pk}/replay/")
    tried = api.call("POST", f"{path}test/")
    gone = api.call("DELETE", path)

    assert (made.status_code, shown.status_code, stale.status_code) == (201, 200, 412)
    assert body["secret"].startswith("whsec_")
    assert "secret" not in shown.json()
    assert (changed.status_code, changed.json()["event_types"]) == (200, [PAID])
    assert rolled["secret"] != body["secret"]
    assert receiver.heard[0].signed_by(body["secret"])
    assert [(row["event_type"], row["state"], row["last_status"]) for row in log] == [
        (PAID, "delivered", 200)
    ]
    assert (again.status_code, tried.status_code, gone.status_code) == (202, 202, 204)
    assert api.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["#/url"]),
        ({"url": 5}, ["#/url"]),
        ({"url": "https://10.0.0.1/"}, ["#/url"]),
        ({"url": "https://a.example/", "event_types": "x"}, ["#/event_types"]),
        ({"url": "https://a.example/", "event_types": ["x.y"]}, ["#/event_types"]),
        ({"url": "https://a.example/", "secret": "x"}, ["#/secret"]),
        ({"url": "https://a.example/\x00"}, ["#/url"]),
        ([], ["#"]),
    ],
)
def test_bad_bodies_point_at_the_field(api: Any, body: Any, pointers: list[str]) -> None:
    answer = api.call("POST", "/api/webhook-endpoints/", body)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


def test_another_company_finds_nothing(other_tenant: Tenant, endpoint: WebhookEndpoint) -> None:
    stranger = program(other_tenant, "webhooks:read", "webhooks:write")
    path = f"/api/webhook-endpoints/{endpoint.pk}/"

    statuses = [
        stranger.call(method, where).status_code
        for method, where in (
            ("GET", path), ("DELETE", path), ("POST", f"{path}roll-secret/"),
            ("POST", f"{path}test/"), ("GET", f"{path}deliveries/"),
            ("POST", f"/api/webhook-deliveries/{uuid4()}/replay/"),
        )
    ]  # fmt: skip

    assert statuses == [404] * 6
    assert stranger.call("GET", "/api/webhook-endpoints/").json()["items"] == []


def test_log_takes_as_many_queries_for_thirty_rows(
    tenant: Tenant, endpoint: WebhookEndpoint, api: Any
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as counted:
            api.call("GET", f"/api/webhook-endpoints/{endpoint.pk}/deliveries/?limit=50")
        return len(counted)

    told(tenant)
    queries()
    one = queries()
    for _ in range(29):
        told(tenant)

    assert queries() == one


def test_scope_of_reading_changes_nothing(tenant: Tenant, endpoint: WebhookEndpoint) -> None:
    reader = program(tenant, "webhooks:read")

    answer = reader.call("DELETE", f"/api/webhook-endpoints/{UUID(str(endpoint.pk))}/")

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_person_of_the_company_may_do_so_too(admin: User, endpoint: WebhookEndpoint) -> None:
    with scope(endpoint.tenant_id):
        made = announce_test(endpoint_id=endpoint.pk, now=NOW)

    assert made.event_type == "webhook.test"
