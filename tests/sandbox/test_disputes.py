"""Disputes from opening to end, inquiries, and early fraud warnings."""

import pytest

from tests.sandbox.conftest import intent_params

DAY = 24 * 3600


@pytest.fixture
def charge(api):
    """A paid charge of 20.00 USD."""
    return api.post("/v1/payment_intents", intent_params())["latest_charge"]


def _open(api, charge, **more):
    return api.control(f"/charges/{charge}/dispute", {"reason": "product_not_received", **more})


def _net(api):
    return sum(entry["net"] for entry in api.get("/v1/balance_transactions")["data"])


def _types(api):
    events = api.get("/v1/events", {"type": "charge.dispute.*"})["data"]
    return [event["type"].removeprefix("charge.dispute.") for event in events][::-1]


def test_evidence_is_kept_and_then_submitted_once(api, charge):
    dispute = _open(api, charge)
    path = f"/v1/disputes/{dispute['id']}"

    kept = api.post(path, {"evidence[customer_name]": "Ann", "submit": "false"})
    sent = api.post(path, {"evidence[uncategorized_text]": "The lease is attached."})

    assert (kept["status"], kept["evidence"]["customer_name"]) == ("needs_response", "Ann")
    assert sent["status"] == "under_review"
    assert sent["evidence_details"]["submission_count"] == 1
    assert sent["evidence"]["customer_name"] == "Ann"
    assert api.error("POST", path, {"submit": "true"})[0] == 400
    api.control("/clock", {"advance": 20 * DAY})
    assert api.get(path)["status"] == "under_review"


@pytest.mark.parametrize(
    ("text", "end"), [("winning_evidence", "won"), ("losing_evidence", "lost")]
)
def test_evidence_that_decides_ends_the_dispute(api, charge, text, end):
    before = _net(api)
    dispute = _open(api, charge)

    api.post(f"/v1/disputes/{dispute['id']}", {"evidence[uncategorized_text]": text})
    api.control("/clock", {"advance": 6})

    assert api.get(f"/v1/disputes/{dispute['id']}")["status"] == end
    assert _net(api) == before - 1500 - (2000 if end == "lost" else 0)
    assert _types(api)[-1] == "closed"
    assert ("funds_reinstated" in _types(api)) == (end == "won")


def test_dispute_that_nobody_answers_is_lost(api, charge):
    dispute = _open(api, charge)

    api.control("/clock", {"advance": 9 * DAY + 1})

    assert api.get(f"/v1/disputes/{dispute['id']}")["status"] == "lost"
    assert _types(api) == ["created", "funds_withdrawn", "updated", "closed"]


def test_accepted_dispute_is_lost_at_once(api, charge):
    dispute = _open(api, charge)

    closed = api.post(f"/v1/disputes/{dispute['id']}/close")

    assert closed["status"] == "lost"
    assert api.error("POST", f"/v1/disputes/{dispute['id']}/close")[0] == 400


def test_inquiry_takes_no_money_and_allows_a_refund(api, charge):
    before = _net(api)

    inquiry = _open(api, charge, inquiry=True)

    assert inquiry["status"] == "warning_needs_response"
    assert inquiry["is_charge_refundable"] is True
    assert _net(api) == before
    assert api.post("/v1/refunds", {"charge": charge})["status"] == "succeeded"


def test_inquiry_can_become_a_dispute(api, charge):
    inquiry = _open(api, charge, inquiry=True)
    before = _net(api)

    dispute = api.control(f"/disputes/{inquiry['id']}/escalate")

    assert dispute["status"] == "needs_response"
    assert _net(api) == before - 2000 - 1500
    assert api.get(f"/v1/charges/{charge}")["disputed"] is True


def test_control_ends_a_dispute(api, charge):
    dispute = _open(api, charge)

    ended = api.control(f"/disputes/{dispute['id']}/end", {"status": "won"})

    assert ended["status"] == "won"
    assert len(ended["balance_transactions"]) == 2


def test_early_fraud_warning_names_the_charge(api, charge):
    warning = api.control(f"/charges/{charge}/early_fraud_warning", {"fraud_type": "misc"})

    listed = api.get("/v1/radar/early_fraud_warnings", {"charge": charge})["data"]
    read = api.get(f"/v1/radar/early_fraud_warnings/{warning['id']}")

    assert [one["id"] for one in listed] == [warning["id"]]
    assert (read["actionable"], read["fraud_type"]) == (True, "misc")
