"""The hosted page of an invoice, as a browser without JavaScript uses it, and its PDF."""

import re

import pytest
import requests
import stripe

from sandbox.pages.pdf import render
from tests.sandbox.invoicing import event_types, lines_form, new_customer, new_draft, new_open

CARD = {
    "email": "ada@example.com",
    "method": "card",
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 40",
    "cvc": "123",
    "name": "Ada Lovelace",
}


@pytest.fixture
def invoice(api):
    return new_open(api, new_customer(api), 1200, 34)


def _path(api, invoice):
    return invoice["hosted_invoice_url"].removeprefix(api.url)


def _submit(api, invoice, **changes):
    return api.send("POST", _path(api, invoice), {**CARD, **changes})


def _again(api, invoice):
    return api.get(f"/v1/invoices/{invoice['id']}")


def test_page_shows_lines_and_sums(api):
    api.control("/accounts", {"id": api.get("/v1/account")["id"], "business_name": "<Harbour>"})
    customer = new_customer(api)
    credit = {"amount": -100, "currency": "usd"}
    api.post(f"/v1/customers/{customer}/balance_transactions", credit)
    form = {"custom_fields[0][name]": "Order", "custom_fields[0][value]": "<7>"}
    looks = {"description": "Thank you", "footer": "Quay 1", "number": "A-1"}
    draft = new_draft(api, customer, *range(1000, 1012), **looks, **form)
    invoice = api.post(f"/v1/invoices/{draft['id']}/finalize")

    response = api.send("GET", _path(api, invoice))

    shown = ("&lt;Harbour&gt;", "A-1", "Line 11", "10.11 USD", "&lt;7&gt;", "Thank you", "Quay 1")
    sums = ("120.66 USD", "-1.00 USD", "119.66 USD", "Sandbox, not Stripe.")
    assert response.status_code == 200
    for text in (*shown, *sums):
        assert text in response.text
    assert "form-action 'self'" in response.headers["Content-Security-Policy"]


def test_paying_on_the_page(api, invoice):
    response = _submit(api, invoice)

    page = api.send("GET", _path(api, invoice))
    again = _submit(api, invoice)
    assert (response.status_code, again.status_code) == (303, 303)
    assert response.headers["Location"] == invoice["hosted_invoice_url"]
    assert _again(api, invoice)["status"] == "paid"
    assert "Invoice paid" in page.text
    assert "<form" not in page.text
    assert len(api.get("/v1/charges")["data"]) == 1


def test_wrong_field_is_named(api, invoice):
    response = _submit(api, invoice, number="4242")

    assert response.status_code == 422
    assert "Your card number is incomplete." in response.text
    assert _again(api, invoice)["attempted"] is False


def test_decline_is_told(api, invoice):
    response = _submit(api, invoice, number="4000000000009995")

    assert response.status_code == 402
    assert 'role="alert">Your card has insufficient funds.</p>' in response.text
    assert '<main class="checkout pay-first">' in response.text
    assert _again(api, invoice)["status"] == "open"
    assert _submit(api, invoice).status_code == 303
    assert _again(api, invoice)["status"] == "paid"


def test_three_d_secure_failed_then_passed(api, invoice):
    def challenge():
        return _submit(api, invoice, number="4000000000003220").headers["Location"]

    failed = api.send("POST", challenge().removeprefix(api.url), {"outcome": "fail"})
    page = api.send("GET", _path(api, invoice))
    passed = api.send("POST", challenge().removeprefix(api.url), {"outcome": "complete"})

    assert failed.headers["Location"] == invoice["hosted_invoice_url"]
    assert "We are unable to authenticate your payment method." in page.text
    assert passed.headers["Location"] == invoice["hosted_invoice_url"]
    assert _again(api, invoice)["status"] == "paid"
    assert (
        event_types(api, "invoice.payment_action_required")
        == ["invoice.payment_action_required"] * 2
    )


def test_bank_debit_on_the_page(api, invoice):
    _submit(api, invoice, method="bank", account="succeeds")
    waiting = api.send("GET", _path(api, invoice))
    repeated = _submit(api, invoice)

    api.control("/clock", {"advance": 6})

    assert "A bank debit for this invoice is on its way." in waiting.text
    assert "<form" not in waiting.text
    assert repeated.status_code == 303
    assert _again(api, invoice)["status"] == "paid"
    assert len(api.get("/v1/charges")["data"]) == 1


def test_void_invoice_has_no_form(api, invoice):
    api.post(f"/v1/invoices/{invoice['id']}/void")

    page = api.send("GET", _path(api, invoice))
    paying = _submit(api, invoice)

    assert "This invoice was voided by the seller." in page.text
    assert "<form" not in page.text
    assert paying.status_code == 303
    assert _again(api, invoice)["status"] == "void"


def test_written_off_invoice_can_be_paid(api, invoice):
    api.post(f"/v1/invoices/{invoice['id']}/mark_uncollectible")

    page = api.send("GET", _path(api, invoice))

    assert "Written off" in page.text
    assert _submit(api, invoice).status_code == 303
    assert _again(api, invoice)["status"] == "paid"


@pytest.mark.parametrize("rest", ["", "/pdf", "/nothing"])
def test_draft_has_no_page(api, rest):
    draft = new_draft(api, new_customer(api), 500)

    assert api.send("GET", f"/c/invoice/{draft['id']}{rest}").status_code == 404
    assert api.send("GET", f"/c/invoice/in_x{rest}").status_code == 404


def test_fractions_of_a_cent_are_shown(api):
    draft = new_draft(api, new_customer(api))
    form = {
        "lines[0][price_data][currency]": "usd",
        "lines[0][price_data][unit_amount_decimal]": "0.27",
        "lines[0][price_data][product_data][name]": "Egress",
        "lines[0][quantity]": 72000,
    }
    api.post(f"/v1/invoices/{draft['id']}/add_lines", form)
    invoice = api.post(f"/v1/invoices/{draft['id']}/finalize")

    page = api.send("GET", _path(api, invoice))

    assert "72000 \N{MULTIPLICATION SIGN} 0.0027 USD" in page.text


def _texts(content):
    return [part.decode("cp1252") for part in re.findall(rb"\((.*)\) Tj", content)]


def test_pdf_is_whole_and_says_what_it_is(api):
    draft = new_draft(api, new_customer(api), number="Ä (1)")
    form = lines_form(*[100] * 99)
    form["lines[98][description]"] = "Überweisung (bar) \\ 漢"
    api.post(f"/v1/invoices/{draft['id']}/add_lines", form)
    invoice = api.post(f"/v1/invoices/{draft['id']}/finalize")

    response = api.session.get(invoice["invoice_pdf"])

    content = response.content
    texts = _texts(content)
    start = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
    table = content[start:].splitlines()[3:]
    positions = [int(line[:10]) for line in table if line.endswith(b" n ")]
    assert response.headers["Content-Type"] == "application/pdf"
    assert content.startswith(b"%PDF-1.4")
    assert content[start:].startswith(b"xref")
    assert all(
        content[position:].startswith(b"%d 0 obj" % number)
        for number, position in enumerate(positions, start=1)
    )
    assert texts.count("Sandbox, not Stripe. No money moves here: this is no real invoice.") == 3
    assert "Überweisung \\(bar\\) \\\\ ?" in texts
    assert "99.00 USD" in texts


def test_pdf_of_nothing_has_one_page():
    assert render([]).count(b"/Type /Page ") == 1


def test_credit_note_has_a_pdf(api, invoice):
    form = {"invoice": invoice["id"], "amount": 200}
    note = api.post("/v1/credit_notes", form)

    response = api.session.get(note["pdf"])

    assert note["number"] in _texts(response.content)
    assert "2.00 USD" in _texts(response.content)
    assert api.send("GET", f"/c/credit_note/{note['id']}").status_code == 404


def test_dashboard_lists_invoices_and_credit_notes(api, invoice):
    note = api.post("/v1/credit_notes", {"invoice": invoice["id"], "amount": 200})

    page = api.send("GET", "/")

    assert f'<a href="{invoice["hosted_invoice_url"]}">{invoice["number"]}</a>' in page.text
    assert f'<a href="{note["pdf"]}">{note["number"]}</a>' in page.text


def test_control_pays_and_fails_an_invoice(api, invoice):
    path = f"/invoices/{invoice['id']}"

    failed = api.control(f"{path}/fail", {})
    paid = api.control(f"{path}/pay", {"card": "4000000000003220", "authenticate": True})

    assert (failed["invoice"]["status"], failed["payment_intent"]["status"]) == (
        "open", "requires_payment_method",
    )  # fmt: skip
    assert paid["invoice"]["status"] == "paid"
    assert api.session.post(f"{api.url}/_sandbox{path}/pay").status_code == 400


def test_control_settles_the_bank_debit_of_an_invoice(api, invoice):
    path = f"/invoices/{invoice['id']}"
    api.control(f"{path}/pay", {"account": "fails"})

    settled = api.control(f"{path}/async", {"succeeds": True})

    assert settled["invoice"]["status"] == "paid"
    assert api.session.post(f"{api.url}/_sandbox{path}/async").status_code == 409


def test_events_of_an_invoice_are_delivered(api, receiver):
    form = {"url": receiver.url, "enabled_events[]": "invoice.finalized"}
    secret = api.post("/v1/webhook_endpoints", form)["secret"]
    invoice = new_open(api, new_customer(api), 500)

    signature, body = receiver.next()

    event = stripe.Webhook.construct_event(body, signature, secret)
    assert (event.type, event.data.object.id) == ("invoice.finalized", invoice["id"])


def test_page_is_for_get_and_post_only(api, invoice):
    assert requests.put(invoice["hosted_invoice_url"], timeout=5).status_code == 405
