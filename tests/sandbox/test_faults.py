"""Fault rules, rate limits and the control API's refusals."""

import pytest
import requests


def test_connection_dropped_before_leaves_no_trace(api):
    api.control("/faults", {"kind": "drop_before", "method": "POST", "count": 1})

    with pytest.raises(requests.ConnectionError):
        api.send("POST", "/v1/customers")

    assert api.get("/v1/customers")["data"] == []


def test_answer_lost_after_the_effect(api):
    key = {"Idempotency-Key": "k"}
    api.control("/faults", {"kind": "lost_after", "method": "POST", "count": 1})

    with pytest.raises(requests.ConnectionError):
        api.send("POST", "/v1/customers", **key)
    again = api.send("POST", "/v1/customers", **key)

    assert again.headers["Idempotent-Replayed"] == "true"
    assert [c["id"] for c in api.get("/v1/customers")["data"]] == [again.json()["id"]]


def test_garbage_is_not_json(api):
    api.control("/faults", {"kind": "garbage", "count": 1})

    response = api.session.get(f"{api.url}/v1/customers")

    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()


@pytest.mark.parametrize(
    ("more", "headers"),
    [
        ({}, (None, None)),
        ({"retry_after": 3}, ("3", None)),
        ({"should_retry": True}, (None, "true")),
    ],
)
def test_rate_limit_fault(api, more, headers):
    api.control("/faults", {"kind": "rate_limit", "count": 1, **more})

    response = api.send("GET", "/v1/customers")

    found = tuple(response.headers.get(n) for n in ("Retry-After", "Stripe-Should-Retry"))
    assert (response.status_code, response.json()["error"]["code"]) == (429, "rate_limit")
    assert found == headers


def test_rule_matches_by_operation(api):
    api.control("/faults", {"kind": "error_before", "path": "/v1/customers/{customer}"})
    customer = api.post("/v1/customers")

    assert api.send("GET", f"/v1/customers/{customer['id']}").status_code == 500
    assert api.control("/faults", method="DELETE") == {"faults": []}
    assert api.send("GET", f"/v1/customers/{customer['id']}").status_code == 200


@pytest.mark.parametrize(
    "rule",
    [{}, {"kind": "flood"}, {"kind": "delay", "seconds": "x"}, {"kind": "delay", "count": 1.5}, 7],
)
def test_bad_rule_is_refused(api, rule):
    response = api.session.post(f"{api.url}/_sandbox/faults", json=rule)

    assert response.status_code == 400


@pytest.mark.parametrize(("setting", "reason"), [("total", "global"), ("per_endpoint", "endpoint")])
def test_limit_refuses_what_is_too_much(api, setting, reason):
    limits = {"enabled": True, "per_endpoint": 1000, "total": 1000, setting: 2}
    api.control("/settings", {"rate_limit": limits})

    answers = [api.send("GET", "/v1/customers") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Stripe-Rate-Limited-Reason"] == f"{reason}-rate"
    assert answers[2].json()["error"]["code"] == "rate_limit"


def test_limits_are_per_account(api):
    api.control("/settings", {"rate_limit": {"enabled": True, "total": 1}})
    mine = [api.send("GET", "/v1/customers").status_code for _ in range(2)]

    theirs = api.send("GET", "/v1/customers", Authorization="Bearer sk_test_other")

    assert (mine, theirs.status_code) == ([200, 429], 200)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("DELETE", "/clock", None, 405),
        ("POST", "/clock", {}, 400),
        ("POST", "/clock", {"advance": -1}, 400),
        ("POST", "/clock", {"advance": "1"}, 400),
        ("POST", "/clock", {"set": 4_102_444_801}, 400),
        ("POST", "/clock", [1], 400),
        ("POST", "/settings", {"rate_limit": {"total": 0}}, 400),
        ("POST", "/settings", {"validate": 1}, 400),
        ("POST", "/accounts", {"secret_key": "sk_live_1"}, 400),
        ("POST", "/accounts", {"id": "7"}, 400),
        ("POST", "/accounts", {"platform": "acct_00000000"}, 404),
        ("POST", "/checkout/sessions/cs_test_x/pay", {}, 404),
        ("POST", "/charges/ch_x/dispute", {}, 404),
    ],
)
def test_control_refuses(api, method, path, body, status):
    response = api.session.request(method, f"{api.url}/_sandbox{path}", json=body)

    assert (response.status_code, list(response.json())) == (status, ["error"])


def test_account_can_be_named_before_its_first_use(api):
    made = api.control(
        "/accounts",
        {"secret_key": "sk_test_fresh", "id": "acct_1234567890abcdef", "business_name": "Bay"},
    )

    found = api.get("/v1/account", Authorization="Bearer sk_test_fresh")

    assert made == {"id": "acct_1234567890abcdef", "platform": None, "business_name": "Bay"}
    assert (found["id"], found["business_profile"]["name"]) == ("acct_1234567890abcdef", "Bay")


def test_requests_are_logged(api):
    api.control("/requests", method="DELETE")
    api.post("/v1/customers", {"name": "Ada"}, **{"Idempotency-Key": "k"})
    api.post("/v1/customers", {"name": "Ada"}, **{"Idempotency-Key": "k"})

    logged = api.control("/requests", method="GET")["requests"]

    assert [(r["method"], r["path"], r["status"], r["replayed"]) for r in logged] == [
        ("POST", "/v1/customers", 200, False),
        ("POST", "/v1/customers", 200, True),
    ]
    assert (logged[0]["params"], logged[0]["idempotency_key"]) == ({"name": "Ada"}, "k")
