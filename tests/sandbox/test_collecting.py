"""What happens to invoices by the clock, and what drafts are refused."""

import pytest

from tests.sandbox.invoicing import (
    again,
    event_types,
    lines_form,
    new_customer,
    new_draft,
    new_open,
)

HOUR, DAY = 3600, 24 * 3600


def _advance(api, seconds):
    api.control("/clock", {"advance": seconds})


def test_draft_that_advances_is_finalized_and_charged(api):
    customer = new_customer(api, "pm_card_visa")
    invoice = new_draft(api, customer, 1200, auto_advance="true")

    _advance(api, HOUR - 60)
    early = again(api, invoice)
    _advance(api, 61)
    finalized = again(api, invoice)
    _advance(api, HOUR + 1)
    charged = again(api, invoice)

    assert early["status"] == "draft"
    assert early["automatically_finalizes_at"] == invoice["created"] + HOUR
    assert (finalized["status"], finalized["automatically_finalizes_at"]) == ("open", None)
    assert finalized["attempted"] is False
    assert finalized["next_payment_attempt"] == (
        finalized["status_transitions"]["finalized_at"] + HOUR
    )
    assert (charged["status"], charged["attempt_count"]) == ("paid", 1)


def test_draft_does_not_advance_unless_told(api):
    customer = new_customer(api, "pm_card_visa")
    quiet = new_draft(api, customer, 1200)
    stopped = new_draft(api, customer, 1200, auto_advance="true")
    api.post(f"/v1/invoices/{stopped['id']}", {"auto_advance": "false"})
    open_one = new_open(api, customer, 1200)

    _advance(api, 30 * DAY)

    assert [again(api, one)["status"] for one in (quiet, stopped)] == ["draft", "draft"]
    assert (again(api, open_one)["status"], again(api, open_one)["attempted"]) == ("open", False)


def test_finalizing_may_set_the_invoice_going(api):
    invoice = new_draft(api, new_customer(api, "pm_card_visa"), 1200)

    api.post(f"/v1/invoices/{invoice['id']}/finalize", {"auto_advance": "true"})
    _advance(api, HOUR + 1)

    assert again(api, invoice)["status"] == "paid"


def test_failing_card_is_tried_again_on_days_3_5_and_7(api):
    customer = new_customer(api, "pm_card_chargeCustomerFail")
    invoice = new_draft(api, customer, 1200)
    api.post(f"/v1/invoices/{invoice['id']}/finalize", {"auto_advance": "true"})
    counts, waits = [], []

    for wait in (HOUR, 3 * DAY, 5 * DAY, 7 * DAY):
        _advance(api, wait + 1)
        now = int(api.control("/clock", method="GET")["now"])
        after = again(api, invoice)
        counts.append(after["attempt_count"])
        planned = after["next_payment_attempt"]
        waits.append(None if planned is None else round((planned - now) / DAY))
    _advance(api, 10 * DAY)

    assert counts == [1, 2, 3, 4]
    assert waits == [3, 5, 7, None]
    assert (again(api, invoice)["status"], again(api, invoice)["attempt_count"]) == ("open", 4)
    assert event_types(api, "invoice.payment_failed") == ["invoice.payment_failed"] * 4
    assert len(api.get("/v1/charges")["data"]) == 4


def test_clock_that_leaps_does_all_that_it_leaps_over(api):
    customer = new_customer(api, "pm_card_chargeCustomerFail")
    invoice = new_draft(api, customer, 1200, auto_advance="true")

    _advance(api, 20 * DAY)

    failed = api.get("/v1/events", {"type": "invoice.payment_failed"})["data"][::-1]
    finalized = again(api, invoice)["status_transitions"]["finalized_at"]
    first = invoice["created"] + 2 * HOUR
    assert finalized == invoice["created"] + HOUR
    assert [event["created"] - first for event in failed] == [0, 3 * DAY, 8 * DAY, 15 * DAY]
    assert again(api, invoice)["attempt_count"] == 4


def test_manual_attempt_leaves_the_schedule_alone(api):
    customer = new_customer(api, "pm_card_chargeCustomerFail")
    invoice = new_draft(api, customer, 1200)
    path = f"/v1/invoices/{invoice['id']}"
    api.post(f"{path}/finalize", {"auto_advance": "true"})
    _advance(api, HOUR + 1)
    before = again(api, invoice)

    api.error("POST", f"{path}/pay")

    after = again(api, invoice)
    assert (after["attempt_count"], after["next_payment_attempt"]) == (
        1,
        before["next_payment_attempt"],
    )


def test_attached_card_is_no_default(api):
    customer = new_customer(api)
    api.post("/v1/payment_methods/pm_card_visa/attach", {"customer": customer})
    invoice = new_draft(api, customer, 1200)
    api.post(f"/v1/invoices/{invoice['id']}/finalize", {"auto_advance": "true"})

    _advance(api, HOUR + 1)

    after = again(api, invoice)
    assert (after["status"], after["attempt_count"]) == ("open", 1)
    assert event_types(api)[-1] == "invoice.payment_failed"
    assert api.get("/v1/charges")["data"] == []


def test_invoices_own_default_comes_first(api):
    customer = new_customer(api, "pm_card_chargeCustomerFail")
    card = api.post("/v1/payment_methods/pm_card_visa/attach", {"customer": customer})["id"]

    invoice = new_open(api, customer, 1200, default_payment_method=card)

    assert api.post(f"/v1/invoices/{invoice['id']}/pay")["status"] == "paid"


def test_card_that_wants_the_customer_asks_for_action(api):
    invoice = new_open(api, new_customer(api, "pm_card_authenticationRequired"), 1200)

    status, error = api.error("POST", f"/v1/invoices/{invoice['id']}/pay")

    assert (status, error["code"]) == (402, "invoice_payment_intent_requires_action")
    assert event_types(api)[-1] == "invoice.payment_action_required"
    assert again(api, invoice)["status"] == "open"


def test_intent_confirmed_by_the_customer_pays_the_invoice(api):
    invoice = new_open(api, new_customer(api), 1200)
    payment = api.get("/v1/invoice_payments", {"invoice": invoice["id"]})["data"][0]
    path = f"/v1/payment_intents/{payment['payment']['payment_intent']}"

    api.post(f"{path}/confirm", {"payment_method": "pm_card_visa"})

    paid = again(api, invoice)
    assert (paid["status"], paid["amount_paid"], paid["attempt_count"]) == ("paid", 1200, 1)


def test_intent_of_an_invoice_is_not_cancelled_by_hand(api):
    invoice = new_open(api, new_customer(api), 1200)
    payment = api.get("/v1/invoice_payments", {"invoice": invoice["id"]})["data"][0]

    path = f"/v1/payment_intents/{payment['payment']['payment_intent']}/cancel"

    assert api.error("POST", path)[1]["code"] == "payment_intent_unexpected_state"


@pytest.mark.parametrize(("account", "status"), [("succeeds", "paid"), ("fails", "open")])
def test_bank_debit_settles_later(api, account, status):
    invoice = new_open(api, new_customer(api), 1200)

    begun = api.control(f"/invoices/{invoice['id']}/pay", {"account": account})
    refused = api.error("POST", f"/v1/invoices/{invoice['id']}/void")
    _advance(api, 6)

    last = "invoice_payment.paid" if account == "succeeds" else "invoice.payment_failed"
    assert (begun["invoice"]["status"], begun["payment_intent"]["status"]) == ("open", "processing")
    assert refused[1]["code"] == "payment_intent_unexpected_state"
    assert again(api, invoice)["status"] == status
    assert event_types(api)[-1] == last


def test_sent_invoice_becomes_overdue(api):
    customer = new_customer(api)
    form = {"collection_method": "send_invoice", "days_until_due": 14}
    invoice = new_open(api, customer, 1200, **form)
    paid = new_open(api, customer, 1200, **form)
    api.post(f"/v1/invoices/{paid['id']}/pay", {"paid_out_of_band": "true"})

    sent = api.post(f"/v1/invoices/{invoice['id']}/send")
    _advance(api, 14 * DAY - 60)
    before = event_types(api, "invoice.overdue")
    _advance(api, 61)

    overdue = api.get("/v1/events", {"type": "invoice.overdue"})["data"]
    assert (sent["status"], sent["due_date"]) == ("open", invoice["created"] + 14 * DAY)
    assert event_types(api, "invoice.sent") == ["invoice.sent"]
    assert before == []
    assert [event["data"]["object"]["id"] for event in overdue] == [invoice["id"]]
    assert again(api, invoice)["next_payment_attempt"] is None


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"days_until_due": 5}, "days_until_due"),
        ({"collection_method": "send_invoice", "days_until_due": -1}, "days_until_due"),
        ({"collection_method": "send_invoice", "due_date": 1}, "due_date"),
        (
            {"collection_method": "send_invoice", "due_date": 1, "days_until_due": 1},
            "due_date",
        ),
        ({"automatically_finalizes_at": 1}, "automatically_finalizes_at"),
        ({"number": "x" * 27}, "number"),
        ({"description": "x" * 1501}, "description"),
        ({f"custom_fields[{n}][{k}]": "x" for n in range(5) for k in ("name", "value")}, None),
        ({"default_payment_method": "pm_x"}, "default_payment_method"),
        ({"automatic_tax[enabled]": "true"}, "automatic_tax[enabled]"),
        ({"discounts[0][coupon]": "c"}, "discounts"),
        ({"subscription": "sub_x"}, "subscription"),
        ({"currency": "xyz"}, "currency"),
    ],
)
def test_wrong_draft_is_refused(api, form, param):
    customer = new_customer(api)

    status, error = api.error("POST", "/v1/invoices", {"customer": customer, **form})

    assert (status, error["param"]) == (400, param or "custom_fields")
    assert api.get("/v1/invoices")["data"] == []


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"amount": 5, "quantity": 2}, "amount"),
        ({"amount": 5, "price_data[currency]": "usd"}, "amount"),
        ({"amount": 100_000_000}, "amount"),
        ({"amount": "5.5"}, "amount"),
        ({"amount": 5, "tax_rates[0]": "txr_x"}, "tax_rates"),
        ({"amount": 5, "period[start]": 2, "period[end]": 1}, "period"),
        ({"pricing[price]": "price_x"}, "pricing[price]"),
        ({"invoice_item": "ii_x"}, "invoice_item"),
        ({"price_data[currency]": "eur", "price_data[unit_amount]": 5}, "currency"),
        ({"price_data[currency]": "usd", "price_data[unit_amount_decimal]": "NaN"}, None),
        ({"price_data[currency]": "usd", "price_data[unit_amount_decimal]": "1e999999"}, None),
        ({"price_data[currency]": "usd", "quantity_decimal": "0.0000000000001"}, None),
        ({"price_data[currency]": "usd", "quantity": -1}, "quantity"),
    ],
)
def test_wrong_line_is_refused(api, form, param):
    invoice = new_draft(api, new_customer(api))
    lines = {}
    for name, value in form.items():
        head, bracket, rest = name.partition("[")
        lines[f"lines[0][{head}]{bracket}{rest}"] = value
    if "price_data[currency]" in form:
        lines["lines[0][price_data][product_data][name]"] = "P"

    status, error = api.error("POST", f"/v1/invoices/{invoice['id']}/add_lines", lines)

    assert status == 400
    if param is not None:
        head, bracket, rest = param.partition("[")
        assert error["param"] == f"lines[0][{head}]{bracket}{rest}"
    assert again(api, invoice)["total"] == 0


def test_pending_items_have_one_currency(api):
    customer = new_customer(api)
    form = {"customer": customer, "amount": 100}
    api.post("/v1/invoiceitems", {**form, "currency": "usd"})

    status, error = api.error("POST", "/v1/invoiceitems", {**form, "currency": "eur"})

    assert (status, error["param"]) == (400, "currency")
    assert "You cannot combine currencies on a single customer." in error["message"]


def test_currency_follows_the_customers_first(api):
    customer = new_customer(api)
    new_open(api, customer, 1200, currency="eur")

    assert api.get(f"/v1/customers/{customer}")["currency"] == "eur"
    assert new_draft(api, customer)["currency"] == "eur"


@pytest.mark.parametrize(
    ("form", "amounts", "code"),
    [
        (
            {"currency": "eur", "payment_settings[payment_method_types][0]": "us_bank_account"},
            [1200],
            "invoice_no_payment_method_types",
        ),
        ({}, [99_999_999, 1], "amount_too_large"),
    ],
)
def test_finalization_fails_and_says_why(api, form, amounts, code):
    invoice = new_draft(api, new_customer(api), *amounts, **form)

    status, error = api.error("POST", f"/v1/invoices/{invoice['id']}/finalize")

    after = again(api, invoice)
    assert (status, error["code"]) == (400, code)
    assert (after["status"], after["last_finalization_error"]["code"]) == ("draft", code)
    assert event_types(api)[-1] == "invoice.finalization_failed"


def test_finalization_of_a_deleted_customers_draft_fails_by_the_clock(api):
    customer = new_customer(api)
    invoice = new_draft(api, customer, 1200, auto_advance="true")
    api.delete(f"/v1/customers/{customer}")

    _advance(api, HOUR + 1)

    assert again(api, invoice)["last_finalization_error"]["code"] == "resource_missing"
    assert event_types(api)[-1] == "invoice.finalization_failed"


def test_control_makes_finalization_fail_until_it_is_lifted(api):
    invoice = new_draft(api, new_customer(api), 1200)
    path = f"/invoices/{invoice['id']}/finalization_error"
    api.control(path, {"code": "customer_tax_location_invalid", "message": "No address."})

    status, error = api.error("POST", f"/v1/invoices/{invoice['id']}/finalize")
    api.control(path, {"message": None})
    finalized = api.post(f"/v1/invoices/{invoice['id']}/finalize")

    assert (status, error["code"], error["message"]) == (
        400, "customer_tax_location_invalid", "No address.",
    )  # fmt: skip
    assert (finalized["status"], finalized["last_finalization_error"]) == ("open", None)


def test_invoices_are_filtered(api):
    one, other = new_customer(api), new_customer(api)
    draft = new_draft(api, one)
    api.control("/clock", {"advance": 100})
    form = {"collection_method": "send_invoice", "days_until_due": 3}
    sent = new_open(api, one, 1200, **form)
    strange = new_open(api, other, 1200)

    def listed(**query):
        return [found["id"] for found in api.get("/v1/invoices", query)["data"]]

    assert listed() == [strange["id"], sent["id"], draft["id"]]
    assert listed(customer=one) == [sent["id"], draft["id"]]
    assert listed(customer=one, status="open") == [sent["id"]]
    assert listed(collection_method="send_invoice") == [sent["id"]]
    assert listed(**{"due_date[gte]": sent["due_date"]}) == [sent["id"]]
    assert listed(**{"created[lt]": sent["created"]}) == [draft["id"]]
    assert listed(subscription="sub_x") == []
    assert listed(starting_after=sent["id"]) == [draft["id"]]


def test_draft_follows_its_customer_until_it_is_finalized(api):
    customer = new_customer(api)
    draft, opened = new_draft(api, customer, 1200), new_open(api, customer, 1200)

    api.post(f"/v1/customers/{customer}", {"name": "Ada King"})

    assert again(api, draft)["customer_name"] == "Ada King"
    assert again(api, opened)["customer_name"] == "Ada"


def test_pending_item_joins_a_draft_by_its_id(api):
    customer = new_customer(api)
    form = {"customer": customer, "amount": 300, "currency": "usd"}
    item = api.post("/v1/invoiceitems", form)["id"]
    invoice = new_draft(api, customer)

    path = f"/v1/invoices/{invoice['id']}/add_lines"
    added = api.post(path, {**lines_form(100), "lines[1][invoice_item]": item})
    again = api.error("POST", path, {"lines[0][invoice_item]": item})

    assert added["total"] == 400
    assert api.get(f"/v1/invoiceitems/{item}")["invoice"] == invoice["id"]
    assert (again[0], again[1]["param"]) == (400, "lines[0][invoice_item]")


def test_item_on_a_draft_changes_its_line(api):
    customer = new_customer(api)
    invoice = new_draft(api, customer)
    form = {"customer": customer, "invoice": invoice["id"], "unit_amount_decimal": "12.5"}
    item = api.post("/v1/invoiceitems", {**form, "quantity": 3})
    path = f"/v1/invoiceitems/{item['id']}"

    changed = api.post(path, {"quantity": 5})
    total = again(api, invoice)["total"]
    api.delete(path)

    assert (item["amount"], changed["amount"], total) == (38, 63, 63)
    assert (again(api, invoice)["total"], again(api, invoice)["lines"]["data"]) == (0, [])


def test_item_on_a_finalized_invoice_is_frozen(api):
    invoice = new_open(api, new_customer(api), 500)
    item = api.get("/v1/invoiceitems", {"invoice": invoice["id"]})["data"][0]["id"]

    refused = [
        api.error("POST", f"/v1/invoiceitems/{item}", {"amount": 1}),
        api.error("DELETE", f"/v1/invoiceitems/{item}"),
    ]

    assert [error["code"] for _, error in refused] == ["invoice_not_editable"] * 2
