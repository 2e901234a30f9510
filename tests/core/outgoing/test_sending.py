"""Outgoing webhooks are sent until they are heard, once at a time, and again when asked."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from core.models import Tenant, WebhookDelivery, WebhookEndpoint
from core.operations import outgoing
from core.operations.outgoing import (
    WAITS,
    DeliveryUnderWay,
    EndpointOff,
    announce_test,
    replay_delivery,
    sweep_webhooks,
)
from core.operations.webhook_endpoints import (
    change_endpoint,
    roll_secret,
)
from core.outside_http import NoAnswer, post
from core.tenancy import scope
from tests.core.outgoing.world import NOW, reload, sent, told
from tests.core.receiver import Receiver

pytestmark = pytest.mark.django_db


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
