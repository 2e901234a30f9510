"""Refusals carry Stripe's status, code, words and parameter."""

import pytest

from tests.sandbox.conftest import intent_params, session_params

CASES = {
    "unknown parameter": (
        "/v1/customers",
        {"colour": "red"},
        (400, "parameter_unknown", "colour", "Received unknown parameter: colour"),
    ),
    "unknown nested parameter": (
        "/v1/customers",
        {"address[moon]": "x"},
        (400, "parameter_unknown", "address[moon]", "Received unknown parameter: address[moon]"),
    ),
    "missing parameter": (
        "/v1/products",
        {},
        (400, "parameter_missing", "name", "Missing required param: name."),
    ),
    "bad integer": (
        "/v1/payment_intents",
        {"amount": "ten", "currency": "usd"},
        (400, "parameter_invalid_integer", "amount", "Invalid integer: ten"),
    ),
    "bad enum": (
        "/v1/checkout/sessions",
        session_params(mode="gift"),
        (400, None, "mode", "Invalid mode: must be one of payment, setup, or subscription"),
    ),
    "bad boolean": (
        "/v1/payment_intents",
        intent_params(confirm="maybe"),
        (400, None, "confirm", "Invalid boolean: maybe"),
    ),
    "too small": (
        "/v1/payment_intents",
        {"amount": 49, "currency": "usd"},
        (400, "amount_too_small", "amount", "Amount must be at least 0.50 USD"),
    ),
    "too large": (
        "/v1/payment_intents",
        {"amount": 100000000, "currency": "usd"},
        (400, "amount_too_large", "amount", "Amount must be no more than 999,999.99 USD"),
    ),
    "three decimals": (
        "/v1/payment_intents",
        {"amount": 5001, "currency": "kwd"},
        (
            400,
            "parameter_invalid_integer",
            "amount",
            "Invalid amount: 5001. Amounts in kwd must end in 0.",
        ),
    ),
    "unknown customer": (
        "/v1/customers/cus_x",
        {},
        (404, "resource_missing", "id", "No such customer: 'cus_x'"),
    ),
    "unknown customer as parameter": (
        "/v1/payment_intents",
        intent_params(customer="cus_x"),
        (400, "resource_missing", "customer", "No such customer: 'cus_x'"),
    ),
    "unknown address": (
        "/v1/nope",
        {},
        (
            404,
            None,
            None,
            (
                "Unrecognized request URL (POST: /v1/nope). Please see https://stripe.com/docs or "
                "we can help at https://support.stripe.com/."
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refusal_is_stripes(api, name):
    path, form, expected = CASES[name]

    status, error = api.error("POST", path, form)

    assert (status, error.get("code"), error.get("param"), error["message"]) == expected
    assert error["type"] == "invalid_request_error"


def test_refusal_names_the_request(api):
    response = api.send("GET", "/v1/customers/cus_x")

    error = response.json()["error"]
    assert response.headers["Request-Id"] in error["request_log_url"]
    assert error["doc_url"] == "https://stripe.com/docs/error-codes/resource-missing"


def test_unknown_currency_is_refused(api):
    status, error = api.error("POST", "/v1/payment_intents", {"amount": 500, "currency": "zzz"})

    assert (status, error["param"]) == (400, "currency")
    assert error["message"].startswith("Invalid currency: zzz. Stripe currently supports these")


def test_zero_decimal_amount_is_whole_units(api):
    intent = api.post("/v1/payment_intents", {"amount": 50, "currency": "jpy"})

    assert (intent["amount"], intent["currency"]) == (50, "jpy")


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({f"metadata[k{n}]": "v" for n in range(51)}, "metadata"),
        ({"metadata[" + "k" * 41 + "]": "v"}, "metadata[" + "k" * 41 + "]"),
        ({"metadata[k]": "v" * 501}, "metadata[k]"),
    ],
)
def test_metadata_limits(api, form, param):
    status, error = api.error("POST", "/v1/customers", form)

    assert (status, error["param"]) == (400, param)


def test_metadata_merges_and_unsets(api):
    customer = api.post("/v1/customers", {"metadata[a]": "1", "metadata[b]": "2"})
    path = f"/v1/customers/{customer['id']}"

    merged = api.post(path, {"metadata[a]": "", "metadata[c]": "3"})
    cleared = api.post(path, {"metadata": ""})

    assert merged["metadata"] == {"b": "2", "c": "3"}
    assert cleared["metadata"] == {}


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        ({"Authorization": "Bearer sk_live_51abcdefghijklmnop"}, 401),
        ({"Authorization": "Bearer sk_test_other"}, 200),
        ({"Authorization": "Basic c2tfdGVzdF9vdGhlcjo="}, 200),
    ],
)
def test_keys(api, header, status):
    api.session.headers.pop("Authorization")

    assert api.send("GET", "/v1/customers", **header).status_code == status


def test_accounts_are_apart(api):
    mine = api.post("/v1/customers")
    other = {"Authorization": "Bearer sk_test_other"}

    status, error = api.error("GET", f"/v1/customers/{mine['id']}", **other)

    assert (status, error["code"]) == (404, "resource_missing")
    assert api.get("/v1/customers", **other)["data"] == []
    assert api.get("/v1/account", **other)["id"] != api.get("/v1/account")["id"]


def test_connected_account_acts_for_itself(api):
    connected = api.post("/v1/accounts", {"country": "DE"})["id"]

    theirs = api.post("/v1/customers", **{"Stripe-Account": connected})

    assert api.get("/v1/customers")["data"] == []
    found = api.get("/v1/customers", **{"Stripe-Account": connected})
    assert [customer["id"] for customer in found["data"]] == [theirs["id"]]


def test_foreign_account_is_forbidden(api):
    status, error = api.error("GET", "/v1/customers", **{"Stripe-Account": "acct_0000000000000000"})

    assert (status, error["code"]) == (403, "account_invalid")


def test_body_that_is_no_form_is_refused(api):
    response = api.session.post(f"{api.url}/v1/customers", json={"name": "Ada"})

    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith("Invalid request (check that your POST")


def test_large_form_is_read(api):
    customer = api.post("/v1/customers", {"metadata[k]": "v", "description": "x" * 5000})
    status, error = api.error("POST", "/v1/customers", {"description": "x" * 1_000_000})

    assert len(customer["description"]) == 5000
    assert (status, error["param"]) == (400, "description")


def test_huge_body_is_refused(api):
    response = api.send("POST", "/v1/customers", {"description": "x" * 3_000_000})

    assert response.status_code == 413


@pytest.mark.parametrize("name", ["a[b", "[a]", "a]b[", "a[b]c", "preferred_locales[²]"])
def test_broken_brackets_are_refused(api, name):
    assert api.error("POST", "/v1/customers", {name: "x"})[0] == 400


def test_bad_control_json_is_refused(api):
    response = api.session.post(f"{api.url}/_sandbox/clock", data="{")

    assert (response.status_code, response.json()) == (400, {"error": "the body is not JSON"})
