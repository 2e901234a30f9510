"""Fault rules, rate limits and the control API's refusals."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox.invoicing import lines_form, new_customer, new_draft


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


@pytest.mark.parametrize("headers", [{}, {"retry_after": 7}])
def test_lock_timeout_is_kept_under_its_key(api, headers):
    invoice = new_draft(api, new_customer(api))
    path, key = f"/v1/invoices/{invoice['id']}/add_lines", {"Idempotency-Key": "k"}
    api.control(
        "/faults", {"kind": "lock_timeout", "path": "/v1/invoices/*", "count": 1, **headers}
    )

    first = api.send("POST", path, lines_form(100), **key)
    again = api.send("POST", path, lines_form(100), **key)
    fresh = api.send("POST", path, lines_form(100), **{"Idempotency-Key": "other"})

    codes = [answer.json()["error"]["code"] for answer in (first, again)]
    assert (codes, first.status_code, again.status_code) == (["lock_timeout"] * 2, 429, 429)
    assert first.headers["Stripe-Rate-Limited-Reason"] == "endpoint-concurrency"
    assert first.headers.get("Retry-After") == ("7" if headers else None)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (fresh.status_code, fresh.json()["total"]) == (200, 100)


def test_concurrency_limit_is_not_kept(api):
    key = {"Idempotency-Key": "k"}
    api.control("/faults", {"kind": "concurrency_limit", "count": 1})

    refused = api.send("POST", "/v1/customers", **key)

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit")
    assert refused.headers["Stripe-Rate-Limited-Reason"] == "endpoint-concurrency"
    assert api.send("POST", "/v1/customers", **key).status_code == 200


def test_parallel_rule_strikes_the_second_writer_of_one_object(api):
    customer = new_customer(api)
    one, other = new_draft(api, customer), new_draft(api, customer)
    path = f"/v1/invoices/{one['id']}"
    api.control(
        "/faults",
        [
            {"kind": "lock_timeout", "path": "/v1/invoices/*", "parallel": True},
            {"kind": "delay", "path": f"{path}/add_lines", "seconds": 3, "count": 1},
        ],
    )
    with ThreadPoolExecutor(1) as pool, requests.Session() as session:
        session.headers.update(api.session.headers)
        slow = pool.submit(session.post, f"{api.url}{path}/add_lines", lines_form(100))
        while [rule["count"] for rule in api.control("/faults", method="GET")["faults"]][1]:
            pass
        refused = api.send("POST", path, {"metadata[a]": "1"})
        reading = api.send("GET", path)
        elsewhere = api.send("POST", f"/v1/invoices/{other['id']}", {"metadata[a]": "1"})
        alone = slow.result()

    after = api.send("POST", path, {"metadata[a]": "1"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "lock_timeout")
    assert [a.status_code for a in (reading, elsewhere, alone, after)] == [200] * 4
    assert (after.json()["total"], after.json()["metadata"]) == (100, {"a": "1"})


@pytest.mark.parametrize("kind", ["error_before", "drop_before", "error_after", "lost_after"])
def test_step_of_an_invoice_that_failed_is_repeated_with_its_key(api, kind):
    invoice = new_draft(api, new_customer(api))
    path, key = f"/v1/invoices/{invoice['id']}", {"Idempotency-Key": "k"}
    api.control("/faults", {"kind": kind, "path": "/v1/invoices/{invoice}/add_lines", "count": 1})

    try:
        first = api.send("POST", f"{path}/add_lines", lines_form(100, 200), **key).status_code
    except requests.ConnectionError:
        first = None
    second = api.send("POST", f"{path}/add_lines", lines_form(100, 200), **key).status_code

    assert first == (None if kind in ("drop_before", "lost_after") else 500)
    assert second == (500 if kind == "error_after" else 200)
    assert [line["amount"] for line in api.get(f"{path}/lines")["data"]] == [100, 200]


def test_named_operations_have_limits_of_their_own(api):
    invoice = new_draft(api, new_customer(api))
    path = f"/v1/invoices/{invoice['id']}"
    api.control("/settings", {"rate_limit": {"enabled": True, "per_endpoint": 1, "total": 100}})

    added = [api.send("POST", f"{path}/add_lines", lines_form(100)) for _ in range(2)]
    finalized = api.send("POST", f"{path}/finalize")

    assert [answer.status_code for answer in added] == [200, 429]
    assert added[1].headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    assert finalized.status_code == 200


def test_rule_matches_by_operation(api):
    api.control("/faults", {"kind": "error_before", "path": "/v1/customers/{customer}"})
    customer = api.post("/v1/customers")

    assert api.send("GET", f"/v1/customers/{customer['id']}").status_code == 500
    assert api.control("/faults", method="DELETE") == {"faults": []}
    assert api.send("GET", f"/v1/customers/{customer['id']}").status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"kind": "flood"},
        {"kind": "delay", "seconds": "x"},
        {"kind": "delay", "count": 1.5},
        7,
        {"kind": "lock_timeout", "parallel": 1},
    ],
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
        ("POST", "/invoices/in_x/pay", {}, 404),
        ("POST", "/invoices/in_x/finalization_error", {"message": 1}, 400),
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
