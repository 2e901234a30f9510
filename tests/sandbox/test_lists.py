"""Paging, filters and expansion."""

import pytest

from tests.sandbox.conftest import intent_params, session_params


@pytest.fixture
def five(api):
    """Ids of five customers, the newest first."""
    made = [api.post("/v1/customers", {"name": str(n)})["id"] for n in range(5)]
    return made[::-1]


@pytest.mark.parametrize(
    ("cursor", "expected", "has_more"),
    [
        ({}, [0, 1], True),
        ({"starting_after": 1}, [2, 3], True),
        ({"starting_after": 3}, [4], False),
        ({"ending_before": 3}, [1, 2], True),
        ({"ending_before": 1}, [0], False),
        ({"starting_after": 4}, [], False),
    ],
)
def test_page(api, five, cursor, expected, has_more):
    query = {name: five[index] for name, index in cursor.items()}

    page = api.get("/v1/customers", {"limit": 2, **query})

    assert [item["id"] for item in page["data"]] == [five[index] for index in expected]
    assert page["has_more"] is has_more
    assert (page["object"], page["url"]) == ("list", "/v1/customers")


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_limit_is_bounded(api, limit):
    status, error = api.error("GET", "/v1/customers", {"limit": limit})

    assert (status, error["param"]) == (400, "limit")


def test_unknown_cursor_is_refused(api):
    status, error = api.error("GET", "/v1/customers", {"starting_after": "cus_x"})

    assert (status, error["code"], error["param"]) == (400, "resource_missing", "starting_after")


def test_deleted_objects_leave_lists(api, five):
    api.delete(f"/v1/customers/{five[0]}")

    listed = [item["id"] for item in api.get("/v1/customers")["data"]]

    assert listed == five[1:]


def test_created_range(api):
    old = api.post("/v1/customers")
    api.control("/clock", {"advance": 100})
    new = api.post("/v1/customers")

    later = api.get("/v1/customers", {"created[gt]": old["created"]})["data"]
    until = api.get("/v1/customers", {"created[lte]": old["created"]})["data"]
    exact = api.get("/v1/customers", {"created": new["created"]})["data"]

    assert [item["id"] for item in later] == [new["id"]]
    assert [item["id"] for item in until] == [old["id"]]
    assert [item["id"] for item in exact] == [new["id"]]


def test_events_are_filtered_by_type(api):
    api.post("/v1/payment_intents", intent_params())

    starred = api.get("/v1/events", {"type": "charge.*"})["data"]
    named = {"types[]": ["charge.succeeded", "payment_intent.succeeded"]}

    assert [event["type"] for event in starred] == ["charge.updated", "charge.succeeded"]
    assert [event["type"] for event in api.get("/v1/events", named)["data"]] == [
        "payment_intent.succeeded",
        "charge.succeeded",
    ]


def test_events_are_kept_thirty_days(api):
    api.post("/v1/customers")
    event = api.get("/v1/events")["data"][0]
    api.control("/clock", {"advance": 30 * 24 * 3600 + 10})

    assert api.get("/v1/events")["data"] == []
    assert api.error("GET", f"/v1/events/{event['id']}")[0] == 404


def test_expand_nested(api):
    intent = api.post(
        "/v1/payment_intents", intent_params(**{"expand[]": "latest_charge.balance_transaction"})
    )

    assert intent["latest_charge"]["balance_transaction"]["amount"] == 2000


def test_expand_in_a_list(api):
    session = api.post("/v1/checkout/sessions", session_params())
    api.control(f"/checkout/sessions/{session['id']}/pay", {})

    query = {"expand[]": ["data.payment_intent", "data.line_items"]}
    found = api.get("/v1/checkout/sessions", query)["data"][0]

    assert found["payment_intent"]["status"] == "succeeded"
    assert found["line_items"]["data"][0]["amount_total"] == 1200


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("email", "This property cannot be expanded (email)."),
        ("moon", "This property cannot be expanded (moon)."),
        ("a.b.c.d.e", "You cannot expand more than 4 levels of a property."),
    ],
)
def test_expand_refuses_what_is_no_object(api, path, message):
    customer = api.post("/v1/customers")

    status, error = api.error("GET", f"/v1/customers/{customer['id']}", {"expand[]": path})

    assert (status, error["message"]) == (400, message)


def test_expand_of_a_list_hints_at_data(api):
    status, error = api.error("GET", "/v1/charges", {"expand[]": "customer"})

    hint = "You may want to try expanding 'data.customer' instead."
    assert (status, error["message"]) == (
        400,
        f"This property cannot be expanded (customer). {hint}",
    )
