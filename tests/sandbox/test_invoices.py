"""Invoices from draft to their end."""

import pytest

from tests.sandbox.invoicing import event_types, lines_form, new_customer, new_draft, new_open


@pytest.fixture
def customer(api):
    return new_customer(api, "pm_card_visa")


def _again(api, invoice):
    return api.get(f"/v1/invoices/{invoice['id']}")


def _all_lines(api, invoice):
    return api.get(f"/v1/invoices/{invoice['id']}/lines", {"limit": 100})["data"]


def test_new_draft_is_empty_and_does_not_advance(api, customer):
    invoice = new_draft(api, customer, **{"metadata[order]": "7"})

    assert (invoice["status"], invoice["auto_advance"], invoice["total"]) == ("draft", False, 0)
    assert (invoice["number"], invoice["hosted_invoice_url"]) == (None, None)
    assert (invoice["collection_method"], invoice["currency"]) == ("charge_automatically", "usd")
    assert (invoice["metadata"], invoice["lines"]["data"]) == ({"order": "7"}, [])


def test_pending_items_are_left_out_unless_asked_for(api, customer):
    items = [
        api.post("/v1/invoiceitems", {"customer": customer, "amount": amount, "currency": "usd"})
        for amount in (300, 400)
    ]

    without = new_draft(api, customer)
    taken = new_draft(api, customer, pending_invoice_items_behavior="include")

    lines = [
        line["parent"]["invoice_item_details"]["invoice_item"] for line in _all_lines(api, taken)
    ]
    assert (without["total"], taken["total"]) == (0, 700)
    assert lines == [items[1]["id"], items[0]["id"]]
    assert api.get("/v1/invoiceitems", {"pending": "true"})["data"] == []


def test_added_lines_keep_their_order_and_total(api, customer):
    invoice = new_draft(api, customer, *range(100, 112))

    lines = _all_lines(api, invoice)

    assert [line["amount"] for line in lines] == list(range(100, 112))
    assert [line["metadata"]["n"] for line in lines] == [str(n) for n in range(12)]
    assert (invoice["subtotal"], invoice["total"]) == (1266, 1266)
    assert (invoice["amount_due"], invoice["amount_remaining"]) == (1266, 1266)
    assert [line["id"] for line in invoice["lines"]["data"]] == [line["id"] for line in lines[:10]]
    assert invoice["lines"]["has_more"] is True


def test_lines_are_paged(api, customer):
    invoice = new_draft(api, customer, *range(1000, 1015))
    path = f"/v1/invoices/{invoice['id']}/lines"

    first = api.get(path)
    rest = api.get(path, {"starting_after": first["data"][-1]["id"]})

    assert (len(first["data"]), first["has_more"]) == (10, True)
    assert [line["amount"] for line in rest["data"]] == list(range(1010, 1015))
    assert rest["has_more"] is False


def test_line_of_a_price_is_quantity_times_unit_amount(api, customer):
    product = api.post("/v1/products", {"name": "Hours"})["id"]
    price = {"product": product, "currency": "usd", "unit_amount_decimal": "33.335"}
    price = api.post("/v1/prices", price)["id"]
    invoice = new_draft(api, customer)

    form = {"lines[0][pricing][price]": price, "lines[0][quantity]": 3}
    line = api.post(f"/v1/invoices/{invoice['id']}/add_lines", form)["lines"]["data"][0]

    details = {"price": price, "product": product}
    assert (line["amount"], line["quantity"], line["description"]) == (100, 3, "Hours")
    assert line["pricing"]["price_details"] == details
    assert line["pricing"]["unit_amount_decimal"] == "33.335"


def test_line_is_changed_with_its_item(api, customer):
    invoice = new_draft(api, customer, 500, 700)
    line = invoice["lines"]["data"][0]
    path = f"/v1/invoices/{invoice['id']}/lines/{line['id']}"

    changed = api.post(path, {"amount": 900, "metadata[n]": "9"})

    item = line["parent"]["invoice_item_details"]["invoice_item"]
    assert (changed["id"], changed["amount"], changed["metadata"]) == (line["id"], 900, {"n": "9"})
    assert _again(api, invoice)["total"] == 1600
    assert api.get(f"/v1/invoiceitems/{item}")["amount"] == 900


def test_lines_are_updated_and_removed_together(api, customer):
    invoice = new_draft(api, customer, 100, 200, 300, 400)
    ids = [line["id"] for line in invoice["lines"]["data"]]
    path = f"/v1/invoices/{invoice['id']}"

    update = {"lines[0][id]": ids[0], "lines[0][amount]": 150, "invoice_metadata[v]": "2"}
    updated = api.post(f"{path}/update_lines", update)
    remove = {"lines[0][id]": ids[1], "lines[0][behavior]": "delete"}
    remove |= {"lines[1][id]": ids[2], "lines[1][behavior]": "unassign"}
    removed = api.post(f"{path}/remove_lines", remove)

    pending = api.get("/v1/invoiceitems", {"pending": "true"})["data"]
    assert (updated["total"], updated["metadata"]) == (1050, {"v": "2"})
    assert [line["id"] for line in removed["lines"]["data"]] == [ids[0], ids[3]]
    assert (removed["total"], [item["amount"] for item in pending]) == (550, [300])


def test_invoice_has_250_lines_at_most(api, customer):
    invoice = new_draft(api, customer, *[1] * 100)
    path = f"/v1/invoices/{invoice['id']}/add_lines"
    api.post(path, lines_form(*[1] * 100))
    api.post(path, lines_form(*[1] * 50))

    status, error = api.error("POST", path, lines_form(1))

    assert (status, error["param"]) == (400, "lines")
    assert _again(api, invoice)["total"] == 250
    assert len(api.get("/v1/invoiceitems", {"invoice": invoice["id"], "limit": 100})["data"]) == 100


def test_call_takes_a_hundred_lines_at_most(api, customer):
    invoice = new_draft(api, customer)

    path = f"/v1/invoices/{invoice['id']}/add_lines"
    status, error = api.error("POST", path, lines_form(*[1] * 101))

    assert (status, error["param"]) == (400, "lines")
    assert "as a caution" in error["message"]
    assert _all_lines(api, invoice) == []


def test_wrong_line_adds_none(api, customer):
    invoice = new_draft(api, customer)
    form = {**lines_form(100), "lines[1][description]": "no amount"}

    status, error = api.error("POST", f"/v1/invoices/{invoice['id']}/add_lines", form)

    assert (status, error["code"], error["param"]) == (400, "parameter_missing", "lines[1][amount]")
    assert _all_lines(api, invoice) == []
    assert api.get("/v1/invoiceitems", {"invoice": invoice["id"]})["data"] == []


def test_finalizing_opens_the_invoice_for_payment(api, customer):
    draft = new_draft(api, customer, 1200)

    invoice = api.post(
        f"/v1/invoices/{draft['id']}/finalize",
        {"expand[]": ["payments.data.payment.payment_intent", "confirmation_secret"]},
    )

    payment = invoice["payments"]["data"][0]
    intent = payment["payment"]["payment_intent"]
    assert (invoice["status"], invoice["amount_due"]) == ("open", 1200)
    assert invoice["hosted_invoice_url"] == f"{api.url}/c/invoice/{invoice['id']}"
    assert (payment["status"], payment["amount_requested"]) == ("open", 1200)
    assert (intent["amount"], intent["status"]) == (1200, "requires_payment_method")
    assert invoice["confirmation_secret"]["client_secret"] == intent["client_secret"]
    assert invoice["next_payment_attempt"] is None
    assert event_types(api) == [
        "invoice.created", "invoiceitem.created", "invoice.updated", "invoice.updated",
        "invoice.finalized",
    ]  # fmt: skip


def test_numbers_count_up_for_each_customer(api, customer):
    prefix = api.get(f"/v1/customers/{customer}")["invoice_prefix"]

    numbers = [new_open(api, customer, 500)["number"] for _ in range(2)]

    assert numbers == [f"{prefix}-0001", f"{prefix}-0002"]


def test_number_is_used_once(api, customer):
    new_draft(api, customer, number="2026-001")

    form = {"customer": customer, "number": "2026-001"}
    status, error = api.error("POST", "/v1/invoices", form)

    assert (status, error["param"]) == (400, "number")


def test_finalized_invoice_is_not_editable(api, customer):
    invoice = new_open(api, customer, 500)
    line = invoice["lines"]["data"][0]["id"]
    path = f"/v1/invoices/{invoice['id']}"

    refused = [
        api.error("POST", f"{path}/add_lines", lines_form(1)),
        api.error("POST", f"{path}/lines/{line}", {"amount": 1}),
        api.error("POST", f"{path}/finalize"),
        api.error("POST", path, {"footer": "x"}),
        api.error("DELETE", path),
    ]

    assert [(status, error["code"]) for status, error in refused] == [
        (400, "invoice_not_editable")
    ] * 5
    assert api.post(path, {"metadata[a]": "1"})["metadata"] == {"a": "1"}


def test_paying_makes_a_charge(api, customer):
    invoice = new_open(api, customer, 1200)

    paid = api.post(f"/v1/invoices/{invoice['id']}/pay")

    payment = api.get("/v1/invoice_payments", {"invoice": invoice["id"]})["data"][0]
    intent = api.get(f"/v1/payment_intents/{payment['payment']['payment_intent']}")
    charge = api.get(f"/v1/charges/{intent['latest_charge']}")
    assert (paid["status"], paid["amount_paid"], paid["amount_remaining"]) == ("paid", 1200, 0)
    assert (payment["status"], payment["amount_paid"]) == ("paid", 1200)
    assert (charge["amount"], charge["customer"], charge["paid"]) == (1200, customer, True)
    assert event_types(api)[-4:] == [
        "invoice.updated", "invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid",
    ]  # fmt: skip
    assert api.error("POST", f"/v1/invoices/{invoice['id']}/pay")[1]["message"] == (
        "Invoice is already paid"
    )


def test_charge_of_an_invoice_is_refunded(api, customer):
    invoice = new_open(api, customer, 1200)
    api.post(f"/v1/invoices/{invoice['id']}/pay")
    payment = api.get("/v1/invoice_payments", {"invoice": invoice["id"]})["data"][0]

    refund = {"payment_intent": payment["payment"]["payment_intent"], "amount": 200}
    api.post("/v1/refunds", refund)

    assert event_types(api, "charge.refunded") == ["charge.refunded"]
    assert _again(api, invoice)["status"] == "paid"


def test_declined_payment_leaves_the_invoice_open(api):
    customer = new_customer(api)
    invoice = new_open(api, customer, 1200)
    card = api.post("/v1/payment_methods", {"type": "card", "card[token]": "tok_chargeDeclined"})
    api.post(f"/v1/payment_methods/{card['id']}/attach", {"customer": customer})

    path = f"/v1/invoices/{invoice['id']}/pay"
    status, error = api.error("POST", path, {"payment_method": card["id"]})

    after = _again(api, invoice)
    assert (status, error["code"], error["decline_code"]) == (
        402,
        "card_declined",
        "generic_decline",
    )
    assert (after["status"], after["attempted"], after["attempt_count"]) == ("open", True, 1)
    assert event_types(api)[-1] == "invoice.payment_failed"


def test_paying_without_a_method_is_refused(api):
    invoice = new_open(api, new_customer(api), 1200)

    status, error = api.error("POST", f"/v1/invoices/{invoice['id']}/pay")

    assert (status, error["code"]) == (400, "resource_missing")
    assert _again(api, invoice)["attempted"] is False


def test_paying_a_draft_finalizes_it(api, customer):
    invoice = new_draft(api, customer, 1200)

    assert api.post(f"/v1/invoices/{invoice['id']}/pay")["status"] == "paid"


def test_paid_out_of_band_makes_no_charge(api, customer):
    invoice = new_open(api, customer, 1200)

    paid = api.post(f"/v1/invoices/{invoice['id']}/pay", {"paid_out_of_band": "true"})

    payment = api.get("/v1/invoice_payments", {"invoice": invoice["id"]})["data"][0]
    assert (paid["status"], paid["amount_paid"], paid["amount_paid_off_stripe"]) == (
        "paid",
        1200,
        1200,
    )
    assert payment["status"] == "canceled"
    assert api.get("/v1/charges")["data"] == []


def test_void_cancels_the_payment(api, customer):
    invoice = new_open(api, customer, 1200)

    void = api.post(f"/v1/invoices/{invoice['id']}/void")

    payment = api.get("/v1/invoice_payments", {"invoice": invoice["id"]})["data"][0]
    intent = api.get(f"/v1/payment_intents/{payment['payment']['payment_intent']}")
    assert (void["status"], void["status_transitions"]["voided_at"] is None) == ("void", False)
    assert (payment["status"], intent["status"]) == ("canceled", "canceled")
    assert event_types(api)[-1] == "invoice.voided"
    assert api.error("POST", f"/v1/invoices/{invoice['id']}/pay")[0] == 400
    assert api.error("POST", f"/v1/invoices/{invoice['id']}/void")[1]["code"] == (
        "invoice_not_editable"
    )


def test_uncollectible_invoice_can_still_be_paid(api, customer):
    invoice = new_open(api, customer, 1200)

    written_off = api.post(f"/v1/invoices/{invoice['id']}/mark_uncollectible")
    paid = api.post(f"/v1/invoices/{invoice['id']}/pay")

    assert (written_off["status"], paid["status"]) == ("uncollectible", "paid")
    assert "invoice.marked_uncollectible" in event_types(api)


def test_deleting_a_draft_frees_the_items_that_were_pending(api, customer):
    form = {"customer": customer, "amount": 300, "currency": "usd"}
    pending = api.post("/v1/invoiceitems", form)["id"]
    invoice = new_draft(api, customer, pending_invoice_items_behavior="include")
    api.post(f"/v1/invoices/{invoice['id']}/add_lines", lines_form(100))

    stub = api.delete(f"/v1/invoices/{invoice['id']}")

    items = api.get("/v1/invoiceitems")["data"]
    assert stub == {"id": invoice["id"], "object": "invoice", "deleted": True}
    assert [(item["id"], item["invoice"]) for item in items] == [(pending, None)]
    assert api.error("GET", f"/v1/invoices/{invoice['id']}")[0] == 404
    assert event_types(api)[-1] == "invoice.deleted"


def test_nothing_due_is_paid_at_once(api, customer):
    invoice = new_open(api, customer)

    assert (invoice["status"], invoice["amount_due"], invoice["attempt_count"]) == ("paid", 0, 0)
    assert api.get("/v1/invoice_payments")["data"] == []
    assert event_types(api)[-2:] == ["invoice.paid", "invoice.payment_succeeded"]


def test_control_lists_invoices_with_all_lines(api, customer):
    invoice = new_draft(api, customer, *[10] * 12, **{"metadata[run]": "1"})

    found = api.control("/invoices", method="GET")["invoices"]

    assert [(one["id"], one["status"], one["total"]) for one in found] == [
        (invoice["id"], "draft", 120)
    ]
    assert found[0]["account"] == api.get("/v1/account")["id"]
    assert (found[0]["customer"], found[0]["metadata"]) == (customer, {"run": "1"})
    assert [line["metadata"] for line in found[0]["lines"]] == [{"n": str(n)} for n in range(12)]
