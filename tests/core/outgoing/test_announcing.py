"""Outgoing webhooks: announced with the work, signed, kept apart, and never sent inwards."""

from __future__ import annotations

import socket
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError

from core.invalid import FieldsInvalid
from core.models import Tenant, WebhookDelivery, WebhookEndpoint, WebhookMessage
from core.operations.outgoing import (
    UnknownEventType,
    announce,
    deliver_webhook,
)
from core.operations.webhook_endpoints import (
    MOST_ENDPOINTS,
    TooManyEndpoints,
    change_endpoint,
    delete_endpoint,
    make_endpoint,
)
from core.outside_http import AddressRefused, check_url, post
from core.signatures import signature
from core.tenancy import scope
from tests.core.outgoing.world import NOW, PAID, reload, sent, told
from tests.core.receiver import Receiver

pytestmark = pytest.mark.django_db


def test_message_is_signed_so_that_a_stranger_can_check_it(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    delivery = told(tenant, id="in_1", total_minor=1250)

    is_heard = sent(delivery)

    (heard,) = receiver.heard
    assert is_heard
    assert heard.signed_by(endpoint.secret)
    assert not heard.signed_by("whsec_" + "A" * 44)
    assert heard.path == "/hooks"
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert heard.json == {
        "type": PAID,
        "timestamp": "2026-11-21T12:00:00Z",
        "data": {"id": "in_1", "total_minor": 1250},
    }


def test_signature_is_that_of_the_specification() -> None:
    """The example that the reference libraries of Standard Webhooks test themselves with."""
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        reference="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_delivery_is_recorded_and_not_sent_twice(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    delivery = told(tenant)

    answers = [sent(delivery), sent(delivery)]

    row = reload(delivery)
    assert answers == [True, False]
    assert (row.state, row.attempts, row.last_status, row.last_answer) == (
        "delivered", 1, 200, "thanks",
    )  # fmt: skip
    assert (row.delivered_at, row.next_at, row.leased_until) == (NOW, None, None)
    assert len(receiver.heard) == 1


def test_nobody_listening_keeps_nothing(tenant: Tenant, endpoint: WebhookEndpoint) -> None:
    with scope(tenant.pk):
        change_endpoint(endpoint_id=endpoint.pk, changes={"event_types": ["webhook.test"]})
        made = announce(PAID, {}, subject="x", now=NOW)

        assert made is None
        assert WebhookMessage.objects.count() == 0


def test_endpoint_without_types_hears_all(tenant: Tenant, endpoint: WebhookEndpoint) -> None:
    with scope(tenant.pk):
        change_endpoint(endpoint_id=endpoint.pk, changes={"event_types": []})
        made = announce(PAID, {}, subject="x", now=NOW)

    assert made is not None


def test_unknown_type_is_a_mistake_of_ours(tenant: Tenant) -> None:
    with scope(tenant.pk), pytest.raises(UnknownEventType):
        announce("invoice.eaten", {}, subject="x", now=NOW)


def test_event_of_work_that_failed_is_not_announced(
    tenant: Tenant, endpoint: WebhookEndpoint
) -> None:
    with pytest.raises(RuntimeError), scope(tenant.pk):
        announce(PAID, {}, subject="x", now=NOW)
        raise RuntimeError

    with scope(tenant.pk):
        assert WebhookMessage.objects.count() == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://10.0.0.1/", "https://192.168.1.1/x", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/", "https://[fe80::1%25eth0]/",
        "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[fd00::1]/",
        "https://0.0.0.0/", "https://224.0.0.1/", "https://100.64.0.1/", "https://[2002:a00:1::]/",
        "http://example.com/", "ftp://example.com/", "https://user:pw@example.com/",
        "https://example.com:99999/", "https:///x", "javascript:alert(1)", "", "https://exa mple/",
        "https://example.com/\0", "https://[::1", "https://exämple.com/", "https://example.com:0/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_called(url: str, settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = False

    with pytest.raises(AddressRefused):
        check_url(url)


@pytest.mark.parametrize("name", ["localhost", "2130706433", "0x7f000001", "127.1"])
def test_name_of_an_inner_address_is_refused_when_it_is_called(name: str, settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = False

    with pytest.raises(AddressRefused):
        post(f"https://{name}/", b"{}", {})


def test_name_that_changes_its_mind_is_called_where_it_was_judged(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    """DNS rebinding: the name is asked once, and the judged address is the one connected to."""
    real, asked = socket.getaddrinfo, []

    def fickle(host: Any, *args: Any, **more: Any) -> Any:
        if host == "rebind.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", fickle)

    answer = post(receiver.url.replace("127.0.0.1", "rebind.example"), b"{}", {})

    assert (answer.status, len(asked)) == (200, 1)
    assert receiver.heard[0].headers["host"].startswith("rebind.example:")


def test_endpoint_fields_are_refused_by_name(
    tenant: Tenant, endpoint: WebhookEndpoint, settings: Any
) -> None:
    def wrong(**fields: Any) -> list[tuple[str, str]]:
        with pytest.raises(FieldsInvalid) as caught:
            make_endpoint(**{"url": "https://example.com/", **fields})
        return [(error.field, error.code) for error in caught.value.errors]

    with scope(tenant.pk):
        assert wrong(url=endpoint.url) == [("url", "taken")]
        assert wrong(event_types=["a.b"]) == [("event_types", "unknown_type")]
        assert wrong(description="x" * 201) == [("description", "too_long")]
        settings.WEBHOOKS_TO_LOOPBACK = False
        assert wrong(url="http://127.0.0.1/") == [("url", "address_refused")]


def test_number_of_endpoints_has_an_end(tenant: Tenant) -> None:
    with scope(tenant.pk):
        for number in range(MOST_ENDPOINTS):
            make_endpoint(url=f"https://example.com/{number}")

        with pytest.raises(TooManyEndpoints):
            make_endpoint(url="https://example.com/more")


def test_deleted_endpoint_takes_its_log_along(tenant: Tenant, endpoint: WebhookEndpoint) -> None:
    told(tenant)

    with scope(tenant.pk):
        delete_endpoint(endpoint_id=endpoint.pk)
        assert WebhookDelivery.objects.count() == 0


def test_rows_of_another_company_stay_hidden(
    tenant: Tenant, other_tenant: Tenant, endpoint: WebhookEndpoint
) -> None:
    delivery = told(tenant)

    with scope(other_tenant.pk):
        counts = [
            model.objects.count() for model in (WebhookEndpoint, WebhookMessage, WebhookDelivery)
        ]
    is_heard = deliver_webhook(tenant_id=other_tenant.pk, delivery_id=delivery.pk, now=NOW)

    assert (counts, is_heard) == ([0, 0, 0], False)


def test_secrets_lie_encrypted(
    endpoint: WebhookEndpoint, superuser_connection: psycopg.Connection
) -> None:
    query = "SELECT secret FROM core_webhookendpoint"

    (stored,) = superuser_connection.execute(query).fetchone() or ("",)

    assert endpoint.secret.removeprefix("whsec_") not in stored


def test_constraints_hold(tenant: Tenant, endpoint: WebhookEndpoint) -> None:
    delivery = told(tenant)

    def broken(**fields: Any) -> str:
        with pytest.raises(IntegrityError) as caught, scope(tenant.pk):
            WebhookDelivery.objects.filter(pk=delivery.pk).update(**fields)
        return str(caught.value)

    with pytest.raises(IntegrityError) as half, scope(tenant.pk):
        WebhookEndpoint.objects.update(former_secret="x")
    with pytest.raises(IntegrityError) as twice, scope(tenant.pk):
        WebhookDelivery.objects.create(
            tenant=tenant, message_id=delivery.message_id, endpoint=endpoint, next_at=NOW
        )

    assert "waiting_webhook_is_due_again" in broken(next_at=None)
    assert "waiting_webhook_is_due_again" in broken(state="delivered")
    assert "former_webhook_secret_has_its_end" in str(half.value)
    assert "webhook_delivery_once_per_endpoint" in str(twice.value)
