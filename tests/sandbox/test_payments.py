"""Payment intents, refunds, disputes and balance by Stripe's rules."""

import pytest

from tests.sandbox.conftest import intent_params

DECLINES = {
    "4000000000000002": ("card_declined", "generic_decline", "Your card was declined."),
    "4000000000009995": (
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    "4000000000000069": ("expired_card", "expired_card", "Your card has expired."),
    "4000000000000127": (
        "incorrect_cvc",
        "incorrect_cvc",
        "Your card's security code is incorrect.",
    ),
    "4000000000000119": (
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "4111111111111111": (
        "card_declined",
        "test_mode_live_card",
        (
            "Your card was declined. Your request was in test mode, but used a non test (live) "
            "card. For a list of valid test cards, visit: https://stripe.com/docs/testing."
        ),
    ),
}


def _card(api, number):
    form = {"type": "card", "card[number]": number, "card[exp_month]": 12, "card[exp_year]": 2040}
    return api.post("/v1/payment_methods", form)["id"]


def _types(api, pattern):
    return [event["type"] for event in api.get("/v1/events", {"type": pattern})["data"]][::-1]


@pytest.mark.parametrize("number", DECLINES)
def test_decline(api, number):
    form = intent_params(_card(api, number))

    status, error = api.error("POST", "/v1/payment_intents", form)

    assert status == 402
    assert (error["code"], error["decline_code"], error["message"]) == DECLINES[number]
    intent = api.get(f"/v1/payment_intents/{error['payment_intent']['id']}")
    assert intent["status"] == "requires_payment_method"
    assert intent["last_payment_error"]["code"] == error["code"]
    charge = api.get(f"/v1/charges/{error['charge']}")
    assert (charge["status"], charge["failure_code"]) == ("failed", error["code"])
    assert _types(api, "payment_intent.*") == [
        "payment_intent.created",
        "payment_intent.payment_failed",
    ]
    assert _types(api, "charge.*") == ["charge.failed"]


def test_declined_intent_can_be_paid(api):
    _, error = api.error("POST", "/v1/payment_intents", intent_params("pm_card_chargeDeclined"))
    path = f"/v1/payment_intents/{error['payment_intent']['id']}"

    paid = api.post(f"{path}/confirm", {"payment_method": "pm_card_visa"})

    assert (paid["status"], paid["last_payment_error"]) == ("succeeded", None)


@pytest.mark.parametrize("verb", ["confirm", "cancel", "capture"])
def test_paid_intent_stays_paid(api, verb):
    intent = api.post("/v1/payment_intents", intent_params())

    status, error = api.error("POST", f"/v1/payment_intents/{intent['id']}/{verb}")

    assert (status, error["code"]) == (400, "payment_intent_unexpected_state")


def test_wrong_check_digit_makes_no_card(api):
    form = {"type": "card", "card[number]": "4242424242424241"}
    form |= {"card[exp_month]": 12, "card[exp_year]": 2040}

    status, error = api.error("POST", "/v1/payment_methods", form)

    assert (status, error["code"]) == (402, "incorrect_number")


def test_card_numbers_are_not_kept(api):
    _card(api, "4242424242424242")

    logged = api.control("/requests", method="GET")["requests"][-1]

    assert logged["params"]["card"]["number"] == "****"


def test_off_session_payment_that_needs_authentication_fails(api):
    form = intent_params("pm_card_authenticationRequired", off_session="true")

    status, error = api.error("POST", "/v1/payment_intents", form)

    assert (status, error["code"]) == (402, "authentication_required")


def test_bank_debit_settles_by_the_clock(api):
    intent = api.post("/v1/payment_intents", intent_params("pm_usBankAccount_success"))
    path = f"/v1/payment_intents/{intent['id']}"

    api.control("/clock", {"advance": 6})

    assert intent["status"] == "processing"
    assert api.get(path)["status"] == "succeeded"
    assert _types(api, "charge.*") == ["charge.pending", "charge.succeeded", "charge.updated"]


def test_dispute_takes_funds_and_fee(api):
    intent = api.post("/v1/payment_intents", intent_params("pm_card_createDispute"))

    dispute = api.get("/v1/disputes", {"charge": intent["latest_charge"]})["data"][0]

    entry = dispute["balance_transactions"][0]
    assert (entry["amount"], entry["fee"], entry["net"]) == (-2000, 1500, -3500)
    assert api.get(f"/v1/charges/{intent['latest_charge']}")["disputed"] is True
    assert _types(api, "charge.dispute.*") == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ]


def test_control_disputes_a_charge_once(api):
    charge = api.post("/v1/payment_intents", intent_params())["latest_charge"]

    dispute = api.control(f"/charges/{charge}/dispute", {"reason": "duplicate"})
    again = api.session.post(f"{api.url}/_sandbox/charges/{charge}/dispute")

    assert (dispute["charge"], dispute["reason"]) == (charge, "duplicate")
    assert again.status_code == 400


def test_refunds_never_exceed_the_charge(api):
    charge = api.post("/v1/payment_intents", intent_params())["latest_charge"]
    api.post("/v1/refunds", {"charge": charge, "amount": 1500})

    too_much = api.error("POST", "/v1/refunds", {"charge": charge, "amount": 501})
    rest = api.post("/v1/refunds", {"charge": charge})
    nothing_left = api.error("POST", "/v1/refunds", {"charge": charge})

    message = "Refund amount (5.01 USD) is greater than unrefunded amount on charge (5.00 USD)"
    assert (too_much[0], too_much[1]["message"]) == (400, message)
    assert rest["amount"] == 500
    assert (nothing_left[0], nothing_left[1]["code"]) == (400, "charge_already_refunded")
    after = api.get(f"/v1/charges/{charge}")
    assert (after["amount_refunded"], after["refunded"]) == (2000, True)


def test_succeeded_refund_cannot_be_cancelled(api):
    charge = api.post("/v1/payment_intents", intent_params())["latest_charge"]
    refund = api.post("/v1/refunds", {"charge": charge})

    assert api.error("POST", f"/v1/refunds/{refund['id']}/cancel")[0] == 400


def test_refund_that_fails_gives_the_money_back(api):
    charge = api.post("/v1/payment_intents", intent_params("pm_card_refundFail"))["latest_charge"]
    refund = api.post("/v1/refunds", {"charge": charge})
    api.control("/clock", {"advance": 6})

    after = api.get(f"/v1/refunds/{refund['id']}")

    assert (refund["status"], after["status"]) == ("pending", "failed")
    assert api.get(f"/v1/charges/{charge}")["amount_refunded"] == 0
    assert _types(api, "refund.*") == ["refund.created", "refund.updated", "refund.failed"]


def test_pending_funds_become_available(api):
    api.post("/v1/payment_intents", intent_params())
    pending = api.get("/v1/balance")["pending"][0]["amount"]
    api.control("/clock", {"advance": 2 * 24 * 3600})

    assert api.get("/v1/balance")["available"][0]["amount"] == pending == 1912
