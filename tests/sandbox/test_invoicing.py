"""Invoices that the sandbox makes itself, as a subscription does: lines without invoice items."""

import pytest

from sandbox.invoicing import collecting, drafts, editing, finalizing, lines
from sandbox.limits import Limits
from sandbox.resources import customers, load, payment_methods
from sandbox.spec.document import operations
from sandbox.spec.objects import build
from sandbox.state import open_sandbox
from sandbox.store import Store
from sandbox.validation import violation

ACCOUNT = "acct_1234567890abcdef"
LINE_PARENT = "billing_bill_resource_invoicing_lines_parents_invoice_line_item_parent"
ITEM_PARENT = (
    "billing_bill_resource_invoicing_lines_parents_invoice_line_item_subscription_item_parent"
)
INVOICE_PARENT = "billing_bill_resource_invoicing_parents_invoice_parent"
SUBSCRIPTION = "billing_bill_resource_invoicing_parents_invoice_subscription_parent"


@pytest.fixture
def books():
    load()
    sandbox = open_sandbox(None, "http://127.0.0.1:1", Limits(False), validate=False)
    yield sandbox.books(ACCOUNT)
    sandbox.store.close()


@pytest.fixture
def customer(books):
    card = payment_methods.new_card(books, "4242424242424242", 12, payment_methods.next_year(books))
    body = books.add(customers.blank(books.now))
    payment_methods.attach(books, card, body["id"])
    body["invoice_settings"]["default_payment_method"] = card["id"]
    return books.save(body)


def _period_line(amount, start, end):
    details = build(ITEM_PARENT, proration=False, subscription="sub_1", subscription_item="si_1")
    parent = build(LINE_PARENT, type="subscription_item_details", subscription_item_details=details)
    fields = {
        "amount": amount, "currency": "usd", "description": "Membership", "discountable": True,
        "metadata": {}, "period": {"start": start, "end": end}, "quantity": 1,
    }  # fmt: skip
    return lines.new_line(fields, parent)


def _subscription_invoice(books, customer):
    details = build(SUBSCRIPTION, subscription="sub_1", metadata={})
    return drafts.new_invoice(
        books,
        customer,
        currency="usd",
        billing_reason="subscription_cycle",
        parent=build(INVOICE_PARENT, type="subscription_details", subscription_details=details),
        fixed_lines=[_period_line(1500, books.now, books.now + 30)],
        auto_advance=True,
    )


def _is_by_the_spec(invoice):
    return violation(operations()["GET", "/v1/invoices/{invoice}"], "answer", invoice) is None


def test_subscription_invoice_is_finalized_and_paid(books, customer):
    draft = _subscription_invoice(books, customer)

    opened = finalizing.finalize(books, draft)
    method = collecting.default_method(books, opened)
    paid = collecting.attempt(books, opened, method, is_scheduled=True)

    assert (draft["status"], draft["total"]) == ("draft", 1500)
    assert draft["lines"]["data"][0]["invoice"] == draft["id"]
    assert draft["automatically_finalizes_at"] == books.now + 3600
    assert (paid["status"], paid["amount_paid"], paid["attempt_count"]) == ("paid", 1500, 1)
    assert [_is_by_the_spec(invoice) for invoice in (draft, opened, paid)] == [True] * 3


def test_period_line_is_changed_without_an_item(books, customer):
    draft = _subscription_invoice(books, customer)
    line = draft["lines"]["data"][0]["id"]

    after = editing.update_lines(books, draft, [{"id": line, "amount": 900}])

    assert (after["total"], after["lines"]["data"][0]["subtotal"]) == (900, 900)
    assert after["lines"]["data"][0]["parent"]["type"] == "subscription_item_details"
    assert _is_by_the_spec(after)


@pytest.mark.parametrize(
    ("kind", "test", "index"),
    [
        ("invoice", "json_extract(body, '$.customer') is ?", "invoices_by_customer"),
        ("invoice", "json_extract(body, '$.status') is ?", "invoices_by_status"),
        ("invoice", "json_extract(body, '$.number') is ?", "invoices_by_number"),
        ("invoiceitem", "json_extract(body, '$.invoice') is ?", "invoiceitems_by_invoice"),
        ("invoice_payment", "json_extract(body, '$.invoice') is ?", "invoice_payments_by_invoice"),
        ("event", "json_extract(body, '$.type') glob ?", "events_by_type"),
        ("charge", "json_extract(body, '$.payment_intent') is ?", "charges_by_intent"),
    ],
)
def test_filter_is_served_by_an_index(kind, test, index):
    store = Store()

    plan = store.rows(
        f"explain query plan select body from objects where kind = '{kind}' and not deleted and "
        f"account = ? and {test} order by seq desc limit ?",
        ACCOUNT,
        "x*",
        11,
    )

    assert index in plan[0]["detail"]
    store.close()
