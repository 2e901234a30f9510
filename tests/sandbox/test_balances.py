"""What customers' balances do to invoices, and what invoices do to them."""

from tests.sandbox.invoicing import again, event_types, new_customer, new_draft, new_open


def _credit(api, customer, amount, currency="usd"):
    path = f"/v1/customers/{customer}/balance_transactions"
    return api.post(path, {"amount": amount, "currency": currency})


def _entries(api, customer):
    listed = api.get(f"/v1/customers/{customer}/balance_transactions")["data"]
    return [(entry["type"], entry["amount"], entry["ending_balance"]) for entry in listed][::-1]


def test_credit_is_applied_at_finalization(api):
    customer = new_customer(api)
    _credit(api, customer, -500)
    draft = new_draft(api, customer, 1200)

    invoice = api.post(f"/v1/invoices/{draft['id']}/finalize")

    assert (draft["total"], draft["starting_balance"], draft["amount_due"]) == (1200, -500, 700)
    assert (invoice["amount_due"], invoice["starting_balance"], invoice["ending_balance"]) == (
        700, -500, 0,
    )  # fmt: skip
    assert _entries(api, customer) == [
        ("adjustment", -500, -500),
        ("applied_to_invoice", 500, 0),
    ]
    assert event_types(api, "customer.updated")[-1] == "customer.updated"


def test_credit_that_covers_all_pays_at_once(api):
    customer = new_customer(api)
    _credit(api, customer, -5000)

    invoice = new_open(api, customer, 1200)

    assert (invoice["status"], invoice["amount_due"], invoice["ending_balance"]) == (
        "paid", 0, -3800,
    )  # fmt: skip
    assert api.get(f"/v1/customers/{customer}")["balance"] == -3800


def test_debt_is_asked_for_with_the_invoice(api):
    customer = new_customer(api)
    _credit(api, customer, 300)

    assert new_open(api, customer, 1200)["amount_due"] == 1500
    assert api.get(f"/v1/customers/{customer}")["balance"] == 0


def test_less_than_the_minimum_waits_for_the_next_invoice(api):
    customer = new_customer(api)

    small = new_open(api, customer, 49)
    owed = api.get(f"/v1/customers/{customer}")["balance"]
    following = new_open(api, customer, 1000)

    assert (small["status"], small["amount_due"], small["ending_balance"]) == ("paid", 0, 49)
    assert owed == 49
    assert (following["starting_balance"], following["amount_due"]) == (49, 1049)
    assert _entries(api, customer) == [
        ("invoice_too_small", 49, 49),
        ("applied_to_invoice", -49, 0),
    ]


def test_minimum_is_that_of_the_currency(api):
    customer = new_customer(api)

    assert new_open(api, customer, 50, currency="jpy")["status"] == "open"
    assert new_open(api, customer, 29, currency="gbp")["status"] == "paid"


def test_negative_total_is_credited(api):
    customer = new_customer(api)

    invoice = new_open(api, customer, 400, -1000)

    assert (invoice["status"], invoice["total"], invoice["amount_due"]) == ("paid", -600, 0)
    assert api.get(f"/v1/customers/{customer}")["balance"] == -600


def test_void_gives_the_balance_back(api):
    customer = new_customer(api)
    _credit(api, customer, -500)
    invoice = new_open(api, customer, 1200)

    api.post(f"/v1/invoices/{invoice['id']}/void")

    assert api.get(f"/v1/customers/{customer}")["balance"] == -500
    assert _entries(api, customer)[-1] == ("unapplied_from_invoice", -500, -500)


def test_balance_has_one_currency(api):
    customer = new_customer(api)
    _credit(api, customer, -500, "eur")

    path = f"/v1/customers/{customer}/balance_transactions"
    status, error = api.error("POST", path, {"amount": -1, "currency": "usd"})
    invoice = new_open(api, customer, 1200, currency="usd")

    assert (status, error["param"]) == (400, "currency")
    assert (invoice["amount_due"], invoice["starting_balance"]) == (1200, 0)
    assert api.get(f"/v1/customers/{customer}")["balance"] == -500


def test_balance_of_three_decimals_ends_in_zero(api):
    path = f"/v1/customers/{new_customer(api)}/balance_transactions"

    status, error = api.error("POST", path, {"amount": -251, "currency": "bhd"})

    assert (status, error["param"]) == (400, "amount")


def test_debt_that_makes_too_much_fails_the_finalization(api):
    customer = api.post("/v1/customers", {"balance": 1})["id"]
    invoice = new_draft(api, customer, 99_999_999)

    status, error = api.error("POST", f"/v1/invoices/{invoice['id']}/finalize")

    assert (status, error["code"], error["param"]) == (400, "amount_too_large", "amount_due")
    assert again(api, invoice)["last_finalization_error"]["code"] == "amount_too_large"


def test_balance_set_on_the_customer_is_a_transaction(api):
    customer = api.post("/v1/customers", {"balance": -700})

    changed = api.post(f"/v1/customers/{customer['id']}", {"balance": -200})

    assert (customer["balance"], changed["balance"], changed["currency"]) == (-700, -200, "usd")
    assert _entries(api, customer["id"]) == [("initial", -700, -700), ("adjustment", 500, -200)]
