"""Stripe's own SDK works against the sandbox unchanged."""

import pytest
import stripe


def test_sdk_pays_and_refunds(client):
    intent = client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )

    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 500})

    assert (intent.status, refund.status, refund.amount) == ("succeeded", "succeeded", 500)


def test_sdk_opens_a_session(client):
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "http://shop.test/?s={CHECKOUT_SESSION_ID}",
            "line_items": [
                {
                    "quantity": 2,
                    "price_data": {
                        "currency": "eur",
                        "unit_amount": 450,
                        "product_data": {"name": "Book"},
                    },
                }
            ],
            "expand": ["line_items"],
        }
    )

    assert (session.amount_total, session.payment_method_types) == (900, ["card", "sepa_debit"])
    assert session.line_items.data[0].quantity == 2


def test_sdk_bills_an_invoice(client):
    customer = client.v1.customers.create({"name": "Ada"}).id
    invoice = client.v1.invoices.create({"customer": customer, "auto_advance": False})
    lines = [{"amount": 100 + n, "description": f"Line {n}"} for n in range(12)]

    filled = client.v1.invoices.add_lines(invoice.id, {"lines": lines})
    found = client.v1.invoices.line_items.list(invoice.id, {"limit": 5}).auto_paging_iter()
    amounts = [line.amount for line in found]
    opened = client.v1.invoices.finalize_invoice(invoice.id, {"auto_advance": False})
    paid = client.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"})

    assert amounts == [100 + n for n in range(12)]
    assert [one.total for one in (filled, opened, paid)] == [sum(amounts)] * 3
    assert [one.status for one in (filled, opened, paid)] == ["draft", "open", "paid"]


def test_sdk_pages_through_a_list(client):
    made = [client.v1.customers.create().id for _ in range(5)]

    found = client.v1.customers.list({"limit": 2}).auto_paging_iter()

    assert [customer.id for customer in found] == made[::-1]


@pytest.mark.parametrize(
    ("token", "error", "code"),
    [
        ("pm_card_chargeDeclined", stripe.CardError, "card_declined"),
        ("pm_none", stripe.InvalidRequestError, "resource_missing"),
    ],
)
def test_sdk_raises_its_own_errors(client, token, error, code):
    params = {"amount": 2000, "currency": "usd", "payment_method": token, "confirm": True}

    with pytest.raises(error) as raised:
        client.v1.payment_intents.create(params)

    assert raised.value.error.code == code


def test_sdk_raises_idempotency_error(client):
    client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"})

    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "Bob"}, {"idempotency_key": "k"})


def test_sdk_acts_on_a_connected_account(client):
    connected = client.v1.accounts.create({"country": "DE"})
    options = {"stripe_account": connected.id}

    customer = client.v1.customers.create({"name": "Ada"}, options)

    assert client.v1.customers.retrieve(customer.id, None, options).name == "Ada"
    with pytest.raises(stripe.PermissionError):
        client.v1.customers.list(None, {"stripe_account": "acct_unknown"})
