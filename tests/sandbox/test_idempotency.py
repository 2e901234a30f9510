"""A key is answered once, and again with the same answer."""

import threading

import pytest

from tests.sandbox.conftest import intent_params

KEY = {"Idempotency-Key": "k-1"}


def test_same_key_replays_the_answer(api):
    first = api.send("POST", "/v1/customers", {"name": "Ada"}, **KEY)
    again = api.send("POST", "/v1/customers", {"name": "Ada"}, **KEY)

    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert again.headers["Idempotency-Key"] == "k-1"
    assert "Idempotent-Replayed" not in first.headers
    assert len(api.get("/v1/customers")["data"]) == 1


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/products"])
def test_same_key_with_other_request_is_refused(api, path):
    api.post("/v1/customers", {"name": "Ada"}, **KEY)

    status, error = api.error("POST", path, {"name": "Bob"}, **KEY)

    assert (status, error["type"]) == (400, "idempotency_error")
    assert error["message"].startswith("Keys for idempotent requests can only be used with the")


def test_invalid_request_leaves_the_key_free(api):
    api.error("POST", "/v1/customers", {"colour": "red"}, **KEY)

    assert api.post("/v1/customers", {"name": "Ada"}, **KEY)["name"] == "Ada"


def test_decline_is_replayed(api):
    form = intent_params("pm_card_chargeDeclined")
    first = api.send("POST", "/v1/payment_intents", form, **KEY)

    again = api.send("POST", "/v1/payment_intents", form, **KEY)

    assert (again.status_code, again.json()) == (402, first.json())
    assert len(api.get("/v1/payment_intents")["data"]) == 1


def test_keys_of_other_accounts_are_apart(api):
    mine = api.post("/v1/customers", {"name": "Ada"}, **KEY)
    theirs = api.post("/v1/customers", {"name": "Ada"}, Authorization="Bearer sk_test_o", **KEY)

    assert theirs["id"] != mine["id"]


def test_key_is_forgotten_after_a_day(api):
    first = api.post("/v1/customers", {"name": "Ada"}, **KEY)
    api.control("/clock", {"advance": 24 * 3600 + 1})

    assert api.post("/v1/customers", {"name": "Ada"}, **KEY)["id"] != first["id"]


def test_error_after_effect_is_replayed(api):
    api.control("/faults", {"kind": "error_after", "path": "/v1/customers", "count": 1})

    statuses = [api.send("POST", "/v1/customers", **KEY).status_code for _ in range(2)]

    assert statuses == [500, 500]
    assert len(api.get("/v1/customers")["data"]) == 1


def test_error_before_effect_leaves_the_key_free(api):
    api.control("/faults", {"kind": "error_before", "path": "/v1/customers", "count": 1})

    statuses = [api.send("POST", "/v1/customers", **KEY).status_code for _ in range(2)]

    assert statuses == [500, 200]


def test_key_in_use_is_a_conflict(api):
    api.control("/faults", {"kind": "delay", "seconds": 1, "method": "POST", "count": 1})
    answers = []
    barrier = threading.Barrier(2, timeout=30)

    def post() -> None:
        barrier.wait()
        answers.append(api.send("POST", "/v1/customers", {"name": "Ada"}, **KEY))

    threads = [threading.Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(a for a in answers if a.status_code == 409).json()["error"]
    assert refused["code"] == "idempotency_key_in_use"


def test_parallel_requests_with_one_key_act_once(api):
    answers = []

    def post() -> None:
        answers.append(api.send("POST", "/v1/customers", {"name": "Ada"}, **KEY).status_code)

    threads = [threading.Thread(target=post) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(answers) <= {200, 409}
    assert len(api.get("/v1/customers")["data"]) == 1
