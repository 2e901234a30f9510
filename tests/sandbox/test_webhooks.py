"""Webhooks are signed, retried and, on demand, disturbed."""

import json
import queue
import time

import pytest
import stripe

from tests.sandbox.conftest import PATIENCE


@pytest.fixture
def endpoint(api, receiver):
    form = {"url": receiver.url, "enabled_events[]": "customer.created"}
    return api.post("/v1/webhook_endpoints", form)


def _verified(webhook, secret):
    signature, body = webhook
    return stripe.Webhook.construct_event(body, signature, secret)


def _deliveries(api):
    return api.control("/deliveries", method="GET")["deliveries"]


def _until(api, status, count=1):
    """Wait until that many deliveries have a status, and return them."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [item for item in _deliveries(api) if item["status"] == status]
        if len(found) == count:
            return found
        assert time.monotonic() < deadline, _deliveries(api)
        time.sleep(0.01)


def test_event_arrives_signed(api, receiver, endpoint):
    customer = api.post("/v1/customers", {"name": "Ada"}, **{"Idempotency-Key": "k"})

    webhook = receiver.next()

    event = _verified(webhook, endpoint["secret"])
    sent = json.loads(webhook[1])
    assert (event.type, sent["data"]["object"]) == ("customer.created", customer)
    assert sent["api_version"] == "2026-08-26.dahlia"
    assert (sent["pending_webhooks"], sent["request"]["idempotency_key"]) == (1, "k")


def test_delivered_event_has_no_pending_webhook(api, receiver, endpoint):
    api.post("/v1/customers")
    receiver.next()
    _until(api, "succeeded")

    query = {"type": "customer.created", "delivery_success": "true"}
    assert [event["pending_webhooks"] for event in api.get("/v1/events", query)["data"]] == [0]
    assert api.get("/v1/events", {"delivery_success": "false"})["data"] == []


def test_other_types_are_not_sent(api, receiver, endpoint):
    api.post("/v1/products", {"name": "P"})
    api.post("/v1/customers")

    assert json.loads(receiver.next()[1])["type"] == "customer.created"
    assert len(_deliveries(api)) == 1


def test_refused_webhook_is_retried_by_the_clock(api, receiver, endpoint):
    receiver.statuses[:] = [500, 302]
    api.post("/v1/customers")

    bodies = []
    for seconds in (1, 5, 0):
        bodies.append(json.loads(receiver.next()[1])["id"])
        _until_attempts(api, len(bodies))
        api.control("/clock", {"advance": seconds})

    delivery = _until(api, "succeeded")[0]
    assert len(set(bodies)) == 1
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 302, 200]


def _until_attempts(api, count):
    deadline = time.monotonic() + PATIENCE
    while len(_deliveries(api)[0]["attempts"]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_webhook_is_given_up_after_the_last_retry(api, receiver, endpoint):
    receiver.statuses[:] = [500] * 6
    api.post("/v1/customers")
    for count in range(1, 7):
        receiver.next()
        _until_attempts(api, count)
        api.control("/clock", {"advance": 700})

    assert len(_until(api, "failed")[0]["attempts"]) == 6
    undelivered = api.get("/v1/events", {"delivery_success": "false"})["data"]
    assert [event["type"] for event in undelivered] == ["customer.created"]


def test_rolled_secret_signs_with_both(api, receiver, endpoint):
    path = f"/webhook_endpoints/{endpoint['id']}/roll"
    rolled = api.control(path, {"keep_old_seconds": 60})
    api.post("/v1/customers")
    both = receiver.next()
    api.control("/clock", {"advance": 61})
    api.post("/v1/customers")
    new_only = receiver.next()

    _verified(both, endpoint["secret"])
    _verified(both, rolled["secret"])
    _verified(new_only, rolled["secret"])
    with pytest.raises(stripe.SignatureVerificationError):
        _verified(new_only, endpoint["secret"])


def test_duplicate(api, receiver, endpoint):
    api.control("/faults", {"kind": "webhook_duplicate", "copies": 3, "count": 1})
    api.post("/v1/customers")

    ids = {json.loads(receiver.next()[1])["id"] for _ in range(3)}

    assert len(ids) == 1


def test_wrong_signature_comes_once(api, receiver, endpoint):
    receiver.statuses[:] = [400]
    api.control("/faults", {"kind": "webhook_wrong_signature", "count": 1})
    api.post("/v1/customers")
    forged = receiver.next()
    _until_attempts(api, 1)
    api.control("/clock", {"advance": 1})
    genuine = receiver.next()

    with pytest.raises(stripe.SignatureVerificationError):
        _verified(forged, endpoint["secret"])
    _verified(genuine, endpoint["secret"])


def test_reorder_turns_a_group_round(api, receiver, endpoint):
    api.control("/faults", {"kind": "webhook_reorder", "copies": 3})
    made = [api.post("/v1/customers")["id"] for _ in range(3)]

    received = [json.loads(receiver.next()[1])["data"]["object"]["id"] for _ in range(3)]

    assert received == made[::-1]


def test_hold_and_release(api, receiver, endpoint):
    api.control("/faults", {"kind": "webhook_hold"})
    made = [api.post("/v1/customers")["id"] for _ in range(3)]
    _until(api, "held", 3)
    with pytest.raises(queue.Empty):
        receiver.received.get_nowait()

    released = api.control("/deliveries/release", {"reverse": True})

    received = [json.loads(receiver.next()[1])["data"]["object"]["id"] for _ in range(3)]
    assert (released, received) == ({"released": 3}, made[::-1])


def test_drop(api, receiver, endpoint):
    api.control("/faults", {"kind": "webhook_drop", "count": 1})
    api.post("/v1/customers")
    _until(api, "dropped")
    second = api.post("/v1/customers")

    assert json.loads(receiver.next()[1])["data"]["object"]["id"] == second["id"]


def test_delay_waits_for_the_clock(api, receiver, endpoint):
    api.control("/faults", {"kind": "webhook_delay", "seconds": 3600, "count": 1})
    api.post("/v1/customers")
    _until(api, "pending")
    api.control("/clock", {"advance": 3600})

    assert json.loads(receiver.next()[1])["type"] == "customer.created"


def test_resend(api, receiver, endpoint):
    api.post("/v1/customers")
    first = json.loads(receiver.next()[1])

    answer = api.control(f"/events/{first['id']}/resend")

    assert (answer, json.loads(receiver.next()[1])["id"]) == ({"queued": 1}, first["id"])


def test_disabled_endpoint_gets_nothing(api, receiver, endpoint):
    api.post(f"/v1/webhook_endpoints/{endpoint['id']}", {"disabled": "true"})
    api.post("/v1/customers")

    assert _deliveries(api) == []


def test_connect_endpoint_gets_connected_events(api, receiver):
    form = {"url": receiver.url, "enabled_events[]": "*", "connect": "true"}
    api.post("/v1/webhook_endpoints", form)
    connected = api.post("/v1/accounts", {"country": "DE"})["id"]
    api.post("/v1/customers")
    theirs = api.post("/v1/customers", **{"Stripe-Account": connected})

    event = json.loads(receiver.next()[1])

    assert (event["account"], event["data"]["object"]["id"]) == (connected, theirs["id"])
    assert len(_deliveries(api)) == 1
