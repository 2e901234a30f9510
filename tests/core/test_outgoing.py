"""Outgoing webhooks: announced with the work, signed, sent until heard, and never inwards."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, connections
from django.test.utils import CaptureQueriesContext

from core import event_types
from core.invalid import FieldsInvalid
from core.models import Tenant, User, WebhookDelivery, WebhookEndpoint, WebhookMessage
from core.operations import outgoing
from core.operations.outgoing import (
    WAITS,
    DeliveryUnderWay,
    EndpointOff,
    UnknownEventType,
    announce,
    announce_test,
    delete_old_messages,
    deliver_webhook,
    replay_delivery,
    sweep_webhooks,
)
from core.operations.webhook_endpoints import (
    MOST_ENDPOINTS,
    TooManyEndpoints,
    change_endpoint,
    delete_endpoint,
    make_endpoint,
    roll_secret,
)
from core.outside_http import AddressRefused, NoAnswer, check_url, post
from core.signatures import signature
from core.tenancy import scope
from tests.core.receiver import Receiver
from tests.subscriptions.programs import program

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAID = "invoice.paid"


@pytest.fixture(autouse=True)
def _types(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    event_types.register(PAID, "an invoice was paid")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def endpoint(tenant: Tenant, receiver: Receiver) -> WebhookEndpoint:
    with scope(tenant.pk):
        return make_endpoint(url=receiver.url, event_types=[PAID])


def told(tenant: Tenant, **payload: Any) -> WebhookDelivery:
    with scope(tenant.pk):
        message = announce(PAID, payload or {"id": "in_1"}, subject="in_1", now=NOW)
        assert message is not None
        return WebhookDelivery.objects.get(message=message)


def sent(delivery: WebhookDelivery, now: datetime = NOW) -> bool:
    return deliver_webhook(tenant_id=delivery.tenant_id, delivery_id=delivery.pk, now=now)


def reload(row: Any) -> Any:
    with scope(row.tenant_id):
        return type(row).objects.get(pk=row.pk)


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


def test_failures_are_tried_again_by_the_schedule_with_the_same_id(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [500, 503]
    delivery = told(tenant)

    first = sent(delivery)
    early = sent(delivery, NOW + timedelta(seconds=4))
    failing = reload(endpoint).failing_since
    second = sent(delivery, NOW + WAITS[0])
    due = reload(delivery).next_at
    third = sent(delivery, due)

    ids = {heard.headers["webhook-id"] for heard in receiver.heard}
    assert [first, early, second, third] == [False, False, False, True]
    assert due == NOW + WAITS[0] + WAITS[1]
    assert failing == NOW
    assert reload(endpoint).failing_since is None
    assert len(receiver.heard) == 3
    assert len(ids) == 1
    assert all(heard.signed_by(endpoint.secret) for heard in receiver.heard)


def test_last_failure_gives_up(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 20
    delivery, now = told(tenant), NOW

    for wait in (*WAITS, timedelta(0)):
        sent(delivery, now)
        now += wait

    row = reload(delivery)
    assert (row.state, row.attempts, row.next_at) == ("given_up", len(WAITS) + 1, None)
    assert sum(WAITS, timedelta(0)) > timedelta(days=3)


def test_gone_switches_the_endpoint_off(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    delivery, other = told(tenant), told(tenant)

    sent(delivery)
    sent(other)

    row = reload(endpoint)
    assert (row.is_active, row.version) == (False, 2)
    assert row.off_reason == "It answered 410 Gone: it wants no more events."
    assert reload(delivery).state == "given_up"
    assert (reload(other).state, reload(other).attempts) == ("given_up", 0)
    assert len(receiver.heard) == 1


def test_endpoint_that_fails_for_days_is_switched_off(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [500, 500]
    delivery = told(tenant)

    sent(delivery)
    before = reload(endpoint).is_active
    sent(delivery, NOW + outgoing.OFF_AFTER)

    assert (before, reload(endpoint).is_active) == (True, False)


def test_redirect_is_not_followed(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    with Receiver() as elsewhere:
        receiver.statuses, receiver.location = [302], elsewhere.url
        delivery = told(tenant)

        is_heard = sent(delivery)

        assert not is_heard
        assert elsewhere.heard == []
    assert reload(delivery).last_answer == "It redirects; redirects are not followed."


def test_nobody_there_is_said_in_words(tenant: Tenant, endpoint: WebhookEndpoint) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with scope(tenant.pk):
            change_endpoint(endpoint_id=endpoint.pk, changes={"url": url})
        delivery = told(tenant)
        sent(delivery)

    row = reload(delivery)
    assert row.last_status is None
    assert row.last_answer == "The connection was refused: nobody listens there."


def test_slow_drip_is_cut_off() -> None:
    """Each byte is quick, all of them are not: the limit is for the whole answer."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\n")
                while not stop.wait(0.02):
                    try:
                        peer.sendall(b"X: y\r\n")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        with pytest.raises(NoAnswer):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, seconds=0.3)
        stop.set()


def test_two_workers_send_once(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.gate.clear()
    delivery = told(tenant)

    def work(_: int) -> bool:
        try:
            return sent(delivery)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(work, 0)
        while not receiver.heard:
            pass
        others = [pool.submit(work, n) for n in range(3)]
        refused = [future.result() for future in others]
        receiver.gate.set()

    assert (first.result(), refused) == (True, [False] * 3)
    assert len(receiver.heard) == 1


def test_delivery_of_a_dead_worker_is_found_by_the_sweep(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    delivery = told(tenant)
    with scope(tenant.pk):
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            attempts=1, leased_until=NOW + outgoing.LEASE
        )

    during = sweep_webhooks(tenant_id=tenant.pk, now=NOW)
    after = sweep_webhooks(tenant_id=tenant.pk, now=NOW + outgoing.LEASE)
    is_heard = sent(delivery, NOW + outgoing.LEASE)

    assert (during, after, is_heard) == (0, 1, True)


def test_rolled_secret_signs_beside_the_former_one_for_a_day(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    with scope(tenant.pk):
        rolled = roll_secret(endpoint_id=endpoint.pk, now=NOW)
    first, second = told(tenant), told(tenant)

    sent(first, NOW + timedelta(hours=23))
    sent(second, NOW + timedelta(hours=24))

    during, after = receiver.heard
    assert rolled.secret != endpoint.secret
    assert (during.signed_by(endpoint.secret), during.signed_by(rolled.secret)) == (True, True)
    assert (after.signed_by(endpoint.secret), after.signed_by(rolled.secret)) == (False, True)


def test_replay_sends_the_same_again(
    tenant: Tenant, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    delivery = told(tenant)
    sent(delivery)

    with scope(tenant.pk):
        replay_delivery(delivery_id=delivery.pk, now=NOW)
    sent(delivery)

    first, second = receiver.heard
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_replay_is_refused_while_it_is_sent_and_when_the_endpoint_is_off(
    tenant: Tenant, endpoint: WebhookEndpoint
) -> None:
    delivery = told(tenant)
    with scope(tenant.pk):
        rows = WebhookDelivery.objects.filter(pk=delivery.pk)
        rows.update(leased_until=NOW + timedelta(seconds=1))
        with pytest.raises(DeliveryUnderWay):
            replay_delivery(delivery_id=delivery.pk, now=NOW)
        rows.update(leased_until=None)
        change_endpoint(endpoint_id=endpoint.pk, changes={"is_active": False})
        with pytest.raises(EndpointOff):
            replay_delivery(delivery_id=delivery.pk, now=NOW)
        with pytest.raises(EndpointOff):
            announce_test(endpoint_id=endpoint.pk, now=NOW)


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


def test_old_messages_go_with_their_deliveries_and_waiting_ones_stay(
    tenant: Tenant, other_tenant: Tenant, endpoint: WebhookEndpoint
) -> None:
    heard, waiting = told(tenant), told(tenant)
    assert sent(heard)
    later = datetime.now(UTC) + timedelta(days=91)

    with scope(other_tenant.pk):
        foreign = delete_old_messages(now=later)
    with scope(tenant.pk):
        early = delete_old_messages(now=later - timedelta(days=2))
        deleted = delete_old_messages(now=later)
        left = list(WebhookDelivery.objects.values_list("pk", flat=True))
        messages = list(WebhookMessage.objects.values_list("pk", flat=True))

    assert (foreign, early, deleted) == (0, 0, 1)
    assert (left, messages) == ([waiting.pk], [waiting.message_id])
