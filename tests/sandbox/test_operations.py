"""Every operation answers, and each answer is valid by Stripe's spec."""

import pytest

from sandbox.spec.operations import OPERATIONS
from tests.sandbox.conftest import Api, intent_params, session_params
from tests.sandbox.invoicing import new_customer, new_draft, new_open


def _customers(api: Api) -> None:
    customer = api.post("/v1/customers", {"email": "ada@example.com", "metadata[a]": "1"})
    path = f"/v1/customers/{customer['id']}"
    assert api.post(path, {"name": "Ada"})["name"] == "Ada"
    assert api.get(path)["email"] == "ada@example.com"
    assert [c["id"] for c in api.get("/v1/customers")["data"]] == [customer["id"]]
    assert api.get(f"{path}/payment_methods")["data"] == []
    assert api.get(f"{path}/sources")["data"] == []
    assert api.delete(path) == {"id": customer["id"], "object": "customer", "deleted": True}
    assert api.get(path)["deleted"] is True


def _subscriptions(api: Api) -> None:
    product = api.post("/v1/products", {"name": "Room 8"})["id"]
    form = {
        "product": product, "currency": "eur", "unit_amount": 9, "recurring[interval]": "month",
    }  # fmt: skip
    price = api.post("/v1/prices", form)["id"]
    wanted = {"customer": new_customer(api), "items[0][price]": price}
    sent = {"collection_method": "send_invoice", "days_until_due": 7}
    subscription = api.post("/v1/subscriptions", {**wanted, **sent})
    path = f"/v1/subscriptions/{subscription['id']}"
    assert api.post(path, {"metadata[a]": "1"})["metadata"] == {"a": "1"}
    assert api.get(path)["status"] == "active"
    assert [one["id"] for one in api.get("/v1/subscriptions")["data"]] == [subscription["id"]]
    assert api.delete(path)["status"] == "canceled"


def _catalogue(api: Api) -> None:
    product = api.post("/v1/products", {"name": "Membership"})
    unpriced = api.post("/v1/products", {"name": "Never sold"})
    path = f"/v1/products/{product['id']}"
    price = api.post("/v1/prices", {"product": product["id"], "currency": "usd", "unit_amount": 9})
    assert api.post(path, {"active": "false"})["active"] is False
    assert api.get(path)["name"] == "Membership"
    assert len(api.get("/v1/products", {"active": "false"})["data"]) == 1
    assert api.get(f"{path}/features")["data"] == []
    assert api.get(f"/v1/prices/{price['id']}")["unit_amount_decimal"] == "9"
    assert api.post(f"/v1/prices/{price['id']}", {"nickname": "n"})["nickname"] == "n"
    assert len(api.get("/v1/prices", {"product": product["id"]})["data"]) == 1
    assert api.delete(f"/v1/products/{unpriced['id']}")["deleted"] is True


def _sessions(api: Api) -> None:
    session = api.post("/v1/checkout/sessions", session_params())
    path = f"/v1/checkout/sessions/{session['id']}"
    assert api.post(path, {"metadata[a]": "1"})["metadata"] == {"a": "1"}
    assert api.get(path)["amount_total"] == 1200
    assert [s["id"] for s in api.get("/v1/checkout/sessions")["data"]] == [session["id"]]
    assert api.get(f"{path}/line_items")["data"][0]["description"] == "Application fee"
    assert api.post(f"{path}/expire")["status"] == "expired"


def _intents(api: Api) -> None:
    bare = api.post("/v1/payment_intents", {"amount": 500, "currency": "eur"})
    path = f"/v1/payment_intents/{bare['id']}"
    assert api.post(path, {"description": "d"})["description"] == "d"
    paid = api.post(f"{path}/confirm", {"payment_method": "pm_card_visa"})
    assert paid["status"] == "succeeded"
    assert api.get(path)["amount_received"] == 500
    other = api.post("/v1/payment_intents", {"amount": 500, "currency": "eur"})
    cancelled = api.post(f"/v1/payment_intents/{other['id']}/cancel")
    assert cancelled["status"] == "canceled"
    held = api.post("/v1/payment_intents", intent_params(capture_method="manual"))
    captured = api.post(f"/v1/payment_intents/{held['id']}/capture", {"amount_to_capture": 700})
    assert captured["amount_received"] == 700
    assert len(api.get("/v1/payment_intents")["data"]) == 3


def _methods(api: Api) -> None:
    customer = api.post("/v1/customers")
    card = {"type": "card", "card[token]": "tok_visa"}
    method = api.post("/v1/payment_methods", card)
    path = f"/v1/payment_methods/{method['id']}"
    attached = api.post(f"{path}/attach", {"customer": customer["id"]})
    assert attached["customer"] == customer["id"]
    assert api.get(path)["card"]["last4"] == "4242"
    assert len(api.get("/v1/payment_methods", {"customer": customer["id"]})["data"]) == 1
    assert api.post(f"{path}/detach")["customer"] is None


def _money(api: Api) -> None:
    intent = api.post("/v1/payment_intents", intent_params())
    path = f"/v1/charges/{intent['latest_charge']}"
    assert api.post(path, {"description": "d"})["description"] == "d"
    charge = api.get(path)
    assert len(api.get("/v1/charges", {"payment_intent": intent["id"]})["data"]) == 1
    refund = api.post("/v1/refunds", {"charge": charge["id"], "amount": 500})
    assert api.post(f"/v1/refunds/{refund['id']}", {"metadata[a]": "1"})["metadata"] == {"a": "1"}
    assert api.get(f"/v1/refunds/{refund['id']}")["amount"] == 500
    assert len(api.get("/v1/refunds", {"charge": charge["id"]})["data"]) == 1
    entry = api.get(f"/v1/balance_transactions/{charge['balance_transaction']}")
    assert (entry["amount"], entry["fee"], entry["net"]) == (2000, 88, 1912)
    assert len(api.get("/v1/balance_transactions")["data"]) == 2
    assert api.get("/v1/balance")["pending"][0]["amount"] == 1912


def _disputes(api: Api) -> None:
    intent = api.post("/v1/payment_intents", intent_params("pm_card_createDispute"))
    listed = api.get("/v1/disputes", {"payment_intent": intent["id"]})["data"]
    dispute = api.get(f"/v1/disputes/{listed[0]['id']}")
    assert (dispute["reason"], dispute["status"]) == ("fraudulent", "needs_response")


def _events(api: Api) -> None:
    customer = api.post("/v1/customers")
    listed = api.get("/v1/events", {"type": "customer.created"})["data"]
    assert api.get(f"/v1/events/{listed[0]['id']}")["data"]["object"] == customer


def _endpoints(api: Api) -> None:
    form = {"url": "http://127.0.0.1:9/x", "enabled_events[]": "charge.succeeded"}
    endpoint = api.post("/v1/webhook_endpoints", form)
    path = f"/v1/webhook_endpoints/{endpoint['id']}"
    assert endpoint["secret"].startswith("whsec_")
    assert "secret" not in api.get(path)
    assert api.post(path, {"disabled": "true"})["status"] == "disabled"
    assert len(api.get("/v1/webhook_endpoints")["data"]) == 1
    assert api.delete(path)["deleted"] is True


def _accounts(api: Api) -> None:
    own = api.get("/v1/account")
    connected = api.post("/v1/accounts", {"country": "DE"})
    assert api.get(f"/v1/accounts/{own['id']}") == own
    assert [a["id"] for a in api.get("/v1/accounts")["data"]] == [connected["id"]]


def _invoices(api: Api) -> None:
    customer = new_customer(api, "pm_card_visa")
    draft = new_draft(api, customer, 400, 500, 600)
    path, lines = f"/v1/invoices/{draft['id']}", draft["lines"]["data"]
    assert api.post(path, {"footer": "f"})["footer"] == "f"
    assert api.post(f"{path}/lines/{lines[0]['id']}", {"amount": 450})["amount"] == 450
    update = {"lines[0][id]": lines[1]["id"], "lines[0][amount]": 550}
    assert api.post(f"{path}/update_lines", update)["total"] == 1600
    remove = {"lines[0][id]": lines[2]["id"], "lines[0][behavior]": "delete"}
    assert api.post(f"{path}/remove_lines", remove)["total"] == 1000
    assert len(api.get(f"{path}/lines")["data"]) == 2
    assert api.post(f"{path}/finalize")["status"] == "open"
    assert api.post(f"{path}/pay")["status"] == "paid"
    assert api.get(path)["amount_paid"] == 1000
    payment = api.get("/v1/invoice_payments", {"invoice": draft["id"]})["data"][0]
    assert api.get(f"/v1/invoice_payments/{payment['id']}") == payment
    assert api.delete(f"/v1/invoices/{new_draft(api, customer)['id']}")["deleted"] is True
    sent = new_draft(api, customer, 700, collection_method="send_invoice", days_until_due=5)
    path = f"/v1/invoices/{sent['id']}"
    assert api.post(f"{path}/send")["status"] == "open"
    assert api.post(f"{path}/mark_uncollectible")["status"] == "uncollectible"
    assert api.post(f"{path}/void")["status"] == "void"
    assert len(api.get("/v1/invoices", {"customer": customer})["data"]) == 2


def _invoiceitems(api: Api) -> None:
    customer = new_customer(api)
    item = api.post("/v1/invoiceitems", {"customer": customer, "amount": 100, "currency": "usd"})
    path = f"/v1/invoiceitems/{item['id']}"
    assert api.post(path, {"amount": 200})["amount"] == 200
    assert api.get(path)["invoice"] is None
    assert len(api.get("/v1/invoiceitems", {"pending": "true"})["data"]) == 1
    assert api.delete(path)["deleted"] is True


def _balances(api: Api) -> None:
    path = f"/v1/customers/{new_customer(api)}/balance_transactions"
    entry = api.post(path, {"amount": -500, "currency": "usd"})
    assert api.get(f"{path}/{entry['id']}")["ending_balance"] == -500
    assert len(api.get(path)["data"]) == 1


def _credit_notes(api: Api) -> None:
    invoice = new_open(api, new_customer(api), 900)
    note = api.post("/v1/credit_notes", {"invoice": invoice["id"], "amount": 200})
    path = f"/v1/credit_notes/{note['id']}"
    assert api.post(path, {"memo": "m"})["memo"] == "m"
    assert api.get(path)["amount"] == 200
    assert api.get(f"{path}/lines")["data"] == []
    assert len(api.get("/v1/credit_notes", {"invoice": invoice["id"]})["data"]) == 1
    assert api.post(f"{path}/void")["status"] == "void"


def _transfers(api: Api) -> None:
    house = api.post("/v1/accounts", {"country": "US"})["id"]
    charge = api.post("/v1/payment_intents", intent_params())["latest_charge"]
    form = {"amount": 900, "currency": "usd", "destination": house, "source_transaction": charge}
    path = f"/v1/transfers/{api.post('/v1/transfers', form)['id']}"
    assert api.post(path, {"description": "Rent"})["description"] == "Rent"
    reversal = api.post(f"{path}/reversals", {"amount": 400})
    assert api.get(f"{path}/reversals/{reversal['id']}") == reversal
    assert len(api.get(f"{path}/reversals")["data"]) == 1
    assert api.get(path)["amount_reversed"] == 400
    assert len(api.get("/v1/transfers")["data"]) == 1


def _answers(api: Api) -> None:
    intents = [api.post("/v1/payment_intents", intent_params()) for _ in range(2)]
    charges = [intent["latest_charge"] for intent in intents]
    disputes = [api.control(f"/charges/{charge}/dispute") for charge in charges]
    sent = api.post(f"/v1/disputes/{disputes[0]['id']}", {"evidence[customer_name]": "Ann"})
    assert sent["status"] == "under_review"
    assert api.post(f"/v1/disputes/{disputes[1]['id']}/close")["status"] == "lost"
    warning = api.control(f"/charges/{charges[0]}/early_fraud_warning")
    assert api.get(f"/v1/radar/early_fraud_warnings/{warning['id']}") == warning
    assert len(api.get("/v1/radar/early_fraud_warnings")["data"]) == 1


JOURNEYS = (
    _customers, _catalogue, _subscriptions, _sessions, _intents, _methods, _money, _disputes,
    _events, _endpoints, _accounts, _invoices, _invoiceitems, _balances, _credit_notes,
    _transfers, _answers,
)  # fmt: skip
# A refund of a card is never cancellable; the refusal is tested in test_payments.py.
NEVER_SUCCEEDS = {("POST", "/v1/refunds/{refund}/cancel")}


@pytest.mark.parametrize("journey", JOURNEYS)
def test_operations_answer_by_the_spec(api, journey):
    journey(api)


def test_every_operation_is_called(api):
    for journey in JOURNEYS:
        api.control("/reset")
        journey(api)

    assert api.called == set(OPERATIONS) - NEVER_SUCCEEDS
