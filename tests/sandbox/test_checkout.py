"""The hosted page, as a browser without JavaScript uses it."""

import threading

import pytest

from tests.sandbox.conftest import session_params

CARD = {
    "email": "ada@example.com",
    "method": "card",
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 40",
    "cvc": "123",
    "name": "Ada Lovelace",
}


@pytest.fixture
def session(api):
    return api.post("/v1/checkout/sessions", session_params(customer_creation="always"))


def _path(api, session):
    return session["url"].removeprefix(api.url)


def _submit(api, session, **changes):
    return api.send("POST", _path(api, session), {**CARD, **changes})


def _again(api, session):
    return api.get(f"/v1/checkout/sessions/{session['id']}")


def _types(api):
    kinds = api.get("/v1/events", {"type": "checkout.session.*"})["data"]
    return [event["type"] for event in kinds][::-1]


def test_page_shows_what_is_paid(api, session):
    api.control("/accounts", {"id": api.get("/v1/account")["id"], "business_name": "<Harbour>"})

    response = api.send("GET", _path(api, session))

    assert response.status_code == 200
    for text in ("&lt;Harbour&gt;", "Application fee", "12.00 USD", "Sandbox, not Stripe."):
        assert text in response.text
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self' http://shop.test"
    )


def test_paying_completes_the_session(api, session):
    response = _submit(api, session)

    paid = _again(api, session)
    assert response.status_code == 303
    assert response.headers["Location"] == f"http://shop.test/done?s={session['id']}"
    assert session["payment_intent"] is None
    assert (paid["status"], paid["payment_status"], paid["url"]) == ("complete", "paid", None)
    assert paid["customer_details"]["email"] == "ada@example.com"
    customer = api.get(f"/v1/customers/{paid['customer']}")
    assert (customer["email"], customer["name"]) == ("ada@example.com", "Ada Lovelace")
    succeeded = api.get("/v1/events", {"type": "charge.succeeded"})["data"][0]
    assert succeeded["data"]["object"]["customer"] == customer["id"]
    assert _types(api) == ["checkout.session.completed"]


def test_intent_takes_the_sessions_data(api):
    form = session_params(
        **{"payment_intent_data[metadata][order]": "7", "payment_intent_data[description]": "d"}
    )
    session = api.post("/v1/checkout/sessions", form)
    _submit(api, session)

    intent = api.get(f"/v1/payment_intents/{_again(api, session)['payment_intent']}")

    assert (intent["metadata"], intent["description"]) == ({"order": "7"}, "d")
    charge = api.get(f"/v1/charges/{intent['latest_charge']}")
    assert (charge["metadata"], charge["amount"]) == ({"order": "7"}, 1200)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("number", "4242 4242 4242 4241", "Your card number is invalid."),
        ("number", "4242", "Your card number is incomplete."),
        ("expiry", "12/20", "Your card&#39;s expiration year is in the past."),
        ("expiry", "13/40", "Your card&#39;s expiration date is incomplete."),
        ("cvc", "", "Your card&#39;s security code is incomplete."),
        ("email", "ada", "Your email is invalid."),
        ("name", "", "Enter the name on the card."),
    ],
)
def test_wrong_field_is_named(api, session, field, value, message):
    response = _submit(api, session, **{field: value})

    assert response.status_code == 422
    assert f'<p class="error" id="{field}-error">{message}</p>' in response.text
    assert f'aria-invalid="true" aria-describedby="{field}-error"' in response.text
    assert "4242 4242 4242 4241" not in response.text
    assert _again(api, session)["status"] == "open"


def test_decline_then_success(api, session):
    declined = _submit(api, session, number="4000000000000002")
    after_decline = _again(api, session)
    paid = _submit(api, session)

    assert declined.status_code == 402
    assert '<p class="alert" role="alert">Your card was declined.</p>' in declined.text
    assert (after_decline["status"], after_decline["payment_status"]) == ("open", "unpaid")
    assert paid.status_code == 303
    assert len(api.get("/v1/customers")["data"]) == 1
    assert _again(api, session)["payment_intent"] == after_decline["payment_intent"]


def test_double_submit_pays_once(api, session):
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(_submit(api, session))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [303] * 6
    assert len(api.get("/v1/charges")["data"]) == 1
    assert _types(api) == ["checkout.session.completed"]


def test_three_d_secure_failed_then_passed(api, session):
    def challenge():
        return _submit(api, session, number="4000000000003220").headers["Location"]

    failed = api.send("POST", challenge().removeprefix(api.url), {"outcome": "fail"})
    page = api.send("GET", _path(api, session))
    address = challenge().removeprefix(api.url)
    shown = api.send("GET", address)
    passed = api.send("POST", address, {"outcome": "complete"})

    assert failed.headers["Location"] == session["url"]
    assert "We are unable to authenticate your payment method." in page.text
    assert "12.00 USD" in shown.text
    assert passed.headers["Location"] == f"http://shop.test/done?s={session['id']}"
    assert _again(api, session)["payment_status"] == "paid"


def test_unknown_three_d_secure_page(api):
    assert api.send("GET", "/c/authenticate/pi_x_secret_y").status_code == 404


@pytest.mark.parametrize(
    ("account", "outcome", "status"),
    [("succeeds", "succeeded", "paid"), ("fails", "failed", "unpaid")],
)
def test_bank_debit_is_paid_later(api, session, account, outcome, status):
    response = _submit(api, session, method="bank", account=account)
    before = _again(api, session)

    api.control("/clock", {"advance": 6})

    assert response.status_code == 303
    assert (before["status"], before["payment_status"]) == ("complete", "unpaid")
    assert _again(api, session)["payment_status"] == status
    assert _types(api) == [
        "checkout.session.completed",
        f"checkout.session.async_payment_{outcome}",
    ]


def test_control_settles_a_bank_debit(api, session):
    path = f"/checkout/sessions/{session['id']}"
    api.control(f"{path}/pay", {"account": "fails"})

    settled = api.control(f"{path}/async", {"succeeds": True})

    assert settled["session"]["payment_status"] == "paid"
    assert api.session.post(f"{api.url}/_sandbox{path}/async").status_code == 409


def test_control_pays_with_a_card(api, session):
    path = f"/checkout/sessions/{session['id']}/pay"

    declined = api.control(path, {"card": "4000000000009995"})
    paid = api.control(path, {"card": "4000000000003220", "authenticate": True})

    assert declined["session"]["status"] == "open"
    assert declined["payment_intent"]["last_payment_error"]["decline_code"] == "insufficient_funds"
    assert paid["session"]["payment_status"] == "paid"
    assert api.session.post(f"{api.url}/_sandbox{path}").status_code == 400


def test_session_expires_by_the_clock(api, session):
    api.control("/clock", {"advance": 24 * 3600 + 1})

    page = api.send("GET", _path(api, session))

    assert page.status_code == 410
    assert "number" not in page.text
    assert _again(api, session)["status"] == "expired"
    assert _types(api) == ["checkout.session.expired"]


def test_only_an_open_session_expires(api, session):
    api.control(f"/checkout/sessions/{session['id']}/pay", {})

    status, error = api.error("POST", f"/v1/checkout/sessions/{session['id']}/expire")

    assert (status, error["message"]) == (
        400,
        (
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            "Session has a status of complete."
        ),
    )


def test_expiring_cancels_the_intent(api, session):
    api.control(f"/checkout/sessions/{session['id']}/pay", {"card": "4000000000000002"})

    expired = api.post(f"/v1/checkout/sessions/{session['id']}/expire")

    intent = api.get(f"/v1/payment_intents/{expired['payment_intent']}")
    assert intent["status"] == "canceled"


def test_used_page_has_no_form(api, session):
    _submit(api, session)

    page = api.send("GET", _path(api, session))

    assert page.status_code == 200
    assert "You&#39;re all done here" in page.text
    assert "<form" not in page.text


def test_unknown_page(api):
    assert api.send("GET", "/c/pay/cs_test_x").status_code == 404


@pytest.mark.parametrize("seconds", [29 * 60, 24 * 3600 + 60])
def test_expiry_is_bounded(api, seconds):
    now = int(api.control("/clock", method="GET")["now"])

    status, error = api.error(
        "POST", "/v1/checkout/sessions", session_params(expires_at=now + seconds)
    )

    assert (status, error["param"]) == (400, "expires_at")


def test_recurring_price_is_refused(api):
    form = session_params(**{"line_items[0][price_data][recurring][interval]": "month"})

    assert api.error("POST", "/v1/checkout/sessions", form)[1]["param"] == "line_items"


def test_dashboard_lists_the_session(api, session):
    page = api.send("GET", "/")

    assert page.status_code == 200
    assert f'<a href="{session["url"]}">' in page.text
