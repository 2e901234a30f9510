"""Credit notes: what they take back, and where it goes."""

import pytest

from tests.sandbox.invoicing import event_types, new_customer, new_draft, new_open


@pytest.fixture
def customer(api):
    return new_customer(api, "pm_card_visa")


def _paid(api, customer, *amounts):
    invoice = new_open(api, customer, *amounts)
    return api.post(f"/v1/invoices/{invoice['id']}/pay")


def _credit(api, invoice, **more):
    return api.post("/v1/credit_notes", {"invoice": invoice["id"], **more})


def _refused(api, invoice, **more):
    return api.error("POST", "/v1/credit_notes", {"invoice": invoice["id"], **more})


def test_note_on_an_open_invoice_reduces_what_remains(api, customer):
    invoice = new_open(api, customer, 1000)

    note = _credit(api, invoice, amount=300, reason="order_change", memo="One month less")

    after = api.get(f"/v1/invoices/{invoice['id']}", {"expand[]": "confirmation_secret"})
    paid = api.post(f"/v1/invoices/{invoice['id']}/pay")
    assert (note["type"], note["pre_payment_amount"], note["post_payment_amount"]) == (
        "pre_payment", 300, 0,
    )  # fmt: skip
    assert note["number"] == f"{invoice['number']}-CN-01"
    assert (after["amount_due"], after["amount_remaining"], after["total"]) == (700, 700, 1000)
    assert after["pre_payment_credit_notes_amount"] == 300
    assert (paid["status"], paid["amount_paid"]) == ("paid", 700)
    assert api.get("/v1/charges")["data"][0]["amount"] == 700


def test_note_over_all_that_remains_closes_the_invoice(api, customer):
    invoice = new_open(api, customer, 1000)

    _credit(api, invoice, amount=1000)

    after = api.get(f"/v1/invoices/{invoice['id']}")
    payment = api.get("/v1/invoice_payments", {"invoice": invoice["id"]})["data"][0]
    assert (after["status"], after["amount_paid"], after["amount_remaining"]) == ("paid", 0, 0)
    assert payment["status"] == "canceled"
    assert api.get("/v1/charges")["data"] == []


def test_note_refunds_a_paid_invoice(api, customer):
    invoice = _paid(api, customer, 1000)

    note = _credit(api, invoice, amount=400, refund_amount=400)

    refund = api.get("/v1/refunds")["data"][0]
    after = api.get(f"/v1/invoices/{invoice['id']}")
    assert (note["type"], note["post_payment_amount"]) == ("post_payment", 400)
    assert [(r["refund"], r["amount_refunded"]) for r in note["refunds"]] == [(refund["id"], 400)]
    assert (after["status"], after["post_payment_credit_notes_amount"]) == ("paid", 400)
    assert event_types(api, "charge.refunded") == ["charge.refunded"]


def test_note_credits_the_customers_balance(api, customer):
    invoice = _paid(api, customer, 1000)

    note = _credit(api, invoice, amount=400, credit_amount=300, out_of_band_amount=100)

    path = f"/v1/customers/{customer}"
    entry = api.get(f"{path}/balance_transactions/{note['customer_balance_transaction']}")
    assert api.get(path)["balance"] == -300
    assert (entry["type"], entry["amount"], entry["credit_note"]) == (
        "credit_note", -300, note["id"],
    )  # fmt: skip
    assert note["out_of_band_amount"] == 100


def test_note_links_a_refund_that_was_made(api, customer):
    invoice = _paid(api, customer, 1000)
    payment = api.get("/v1/invoice_payments", {"invoice": invoice["id"]})["data"][0]
    intent = payment["payment"]["payment_intent"]
    refund = api.post("/v1/refunds", {"payment_intent": intent, "amount": 250})["id"]

    note = _credit(api, invoice, amount=250, **{"refunds[0][refund]": refund})

    assert [r["refund"] for r in note["refunds"]] == [refund]
    assert len(api.get("/v1/refunds")["data"]) == 1


def test_note_of_lines(api, customer):
    invoice = new_open(api, customer, 500, 700)
    line = invoice["lines"]["data"][1]["id"]
    form = {
        "lines[0][type]": "invoice_line_item",
        "lines[0][invoice_line_item]": line,
        "lines[0][amount]": 200,
        "lines[1][type]": "custom_line_item",
        "lines[1][description]": "Goodwill",
        "lines[1][quantity]": 3,
        "lines[1][unit_amount]": 50,
    }

    note = _credit(api, invoice, **form)

    assert note["amount"] == 350
    assert [(one["type"], one["amount"]) for one in note["lines"]["data"]] == [
        ("invoice_line_item", 200),
        ("custom_line_item", 150),
    ]
    assert note["lines"]["data"][0]["invoice_line_item"] == line


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"amount": 1001}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": 400}, "amount"),
        ({"amount": 400, "refund_amount": 300}, "amount"),
        ({"amount": 400, "credit_amount": 500, "out_of_band_amount": -100}, "amount"),
        ({}, "amount"),
        ({"amount": 400, "refunds[0][refund]": "re_x"}, "refunds[0][refund]"),
        ({"lines[0][type]": "custom_line_item"}, "lines[0][description]"),
        (
            {"lines[0][type]": "invoice_line_item", "lines[0][invoice_line_item]": "il_x"},
            "lines[0][invoice_line_item]",
        ),
    ],
)
def test_wrong_note_is_refused(api, customer, more, param):
    invoice = _paid(api, customer, 1000)

    status, error = _refused(api, invoice, **more)

    assert (status, error["param"]) == (400, param)
    assert api.get("/v1/credit_notes")["data"] == []
    assert api.get("/v1/refunds")["data"] == []


def test_line_is_credited_once(api, customer):
    invoice = new_open(api, customer, 500, 700)
    form = {
        "lines[0][type]": "invoice_line_item",
        "lines[0][invoice_line_item]": invoice["lines"]["data"][0]["id"],
        "lines[0][amount]": 300,
    }
    _credit(api, invoice, **form)

    status, error = _refused(api, invoice, **form)

    assert (status, error["param"]) == (400, "lines")


def test_draft_takes_no_note(api, customer):
    status, error = _refused(api, new_draft(api, customer, 500), amount=100)

    assert (status, error["code"]) == (400, "invoice_not_editable")


def test_voided_note_is_asked_for_again(api, customer):
    invoice = new_open(api, customer, 1000)
    note = _credit(api, invoice, amount=300)

    void = api.post(f"/v1/credit_notes/{note['id']}/void")

    after = api.get(f"/v1/invoices/{invoice['id']}")
    assert (void["status"], void["voided_at"] is None) == ("void", False)
    assert (after["amount_remaining"], after["pre_payment_credit_notes_amount"]) == (1000, 0)
    assert event_types(api, "credit_note.*") == ["credit_note.created", "credit_note.voided"]
    assert api.error("POST", f"/v1/credit_notes/{note['id']}/void")[0] == 400


def test_note_that_gave_money_back_is_not_voided(api, customer):
    invoice = _paid(api, customer, 1000)
    note = _credit(api, invoice, amount=300, refund_amount=300)

    assert api.error("POST", f"/v1/credit_notes/{note['id']}/void")[0] == 400
    assert api.get(f"/v1/credit_notes/{note['id']}")["status"] == "issued"
