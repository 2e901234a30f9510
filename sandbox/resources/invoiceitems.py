"""Invoice items: pending ones, and those of an invoice."""

from typing import Any

from sandbox import accounts
from sandbox.books import Books, Json
from sandbox.errors import StripeError, missing_parameter
from sandbox.events import record_update
from sandbox.invoicing import balances, drafts, lines
from sandbox.lists import paginate, pick
from sandbox.routes import Call, operation

UNSUPPORTED = ("customer_account", "subscription")


def _invoice(books: Books, params: Json, customer: str) -> Json | None:
    """Return the draft that an item is to stand on, or None for a pending one."""
    if "invoice" not in params:
        return None
    invoice = books.get("invoice", params["invoice"], "invoice")
    if invoice["customer"] != customer:
        message = "The customer of the invoice item is not that of the invoice."
        raise StripeError(message, param="invoice")
    drafts.editable(invoice)
    return invoice


def _currency(books: Books, params: Json, customer: Json, invoice: Json | None) -> str:
    """Return an item's currency.

    Raises StripeError (400) when it is not that of the invoice, or of items that still wait.
    """
    given = params.get("currency") or params.get("price_data", {}).get("currency")
    if invoice is not None:
        lines.check_currency(given or invoice["currency"], invoice["currency"])
        return str(invoice["currency"])
    if given is None:
        given = _price_currency(books, params) or customer["currency"] or _default(books)
    for item in drafts.pending_items(books, customer["id"]):
        if item["currency"] != given:
            message = (
                "You cannot combine currencies on a single customer. This customer has had a "
                f"subscription, coupon, or invoice item with currency {item['currency']}."
            )
            raise StripeError(message, param="currency")
    return str(given)


def _price_currency(books: Books, params: Json) -> str | None:
    name = params.get("pricing", {}).get("price")
    return books.get("price", name, "pricing[price]")["currency"] if name else None


def _default(books: Books) -> str:
    account = accounts.find(books.store, books.account)
    return str(account.body["default_currency"]) if account else "usd"


@operation("POST", "/v1/invoiceitems")
def create_invoiceitem(call: Call) -> Json:
    """Create an item on a draft, or a pending one for the customer's next invoice."""
    books, params = call.books, call.params
    for name in UNSUPPORTED:
        if params.get(name):
            raise StripeError(f"The sandbox's invoices have no `{name}`.", param=name)
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = books.get("customer", params["customer"], "customer")
    invoice = _invoice(books, params, customer["id"])
    currency = _currency(books, params, customer, invoice)
    where = invoice["id"] if invoice else None
    item = lines.new_item(books, params, customer=customer["id"], currency=currency, invoice=where)
    balances.fix_currency(books, customer, currency)
    drafts.store_item(books, item, was_pending=invoice is None)
    if invoice is not None:
        found = [*drafts.lines_of(books, invoice["id"]), lines.line_of(item)]
        drafts.write(books, invoice, found)
    return item


@operation("GET", "/v1/invoiceitems/{invoiceitem}")
def retrieve_invoiceitem(call: Call) -> Json:
    """Return an invoice item."""
    return call.books.get("invoiceitem", call.id)


def _line_of(found: list[Json], item_id: str) -> Json | None:
    for line in found:
        details = (line["parent"] or {}).get("invoice_item_details")
        if details and details["invoice_item"] == item_id:
            return line
    return None


@operation("POST", "/v1/invoiceitems/{invoiceitem}")
def update_invoiceitem(call: Call) -> Json:
    """Change an item that is pending or on a draft; its line changes with it."""
    books, params = call.books, call.params
    before = books.get("invoiceitem", call.id)
    if before["invoice"] is None:
        after = lines.change_item(books, before, params)
        return record_update(books, "invoiceitem.updated", before, after)
    invoice = books.get("invoice", before["invoice"])
    line = _line_of(drafts.lines_of(books, invoice["id"]), before["id"])
    if line is not None:
        drafts.update_lines(books, invoice, [{**params, "id": line["id"]}], is_path=True)
    return books.get("invoiceitem", call.id)


@operation("DELETE", "/v1/invoiceitems/{invoiceitem}")
def delete_invoiceitem(call: Call) -> Json:
    """Delete an item that is pending or on a draft; its line goes with it."""
    books = call.books
    item = books.get("invoiceitem", call.id)
    if item["invoice"] is not None:
        invoice = books.get("invoice", item["invoice"])
        drafts.editable(invoice)
        found = drafts.lines_of(books, invoice["id"])
        line = _line_of(found, item["id"])
        drafts.write(books, invoice, [other for other in found if other is not line])
    return drafts.delete_item(books, item)


@operation("GET", "/v1/invoiceitems")
def list_invoiceitems(call: Call) -> Json:
    """List invoice items, newest first; ``pending`` tells those on no invoice from the others."""
    filters = pick(call.params, "customer", "invoice")
    tests: list[tuple[str, Any]] = []
    if "pending" in call.params:
        field = "json_extract(body, '$.invoice') is null"
        tests.append((f"({field}) = ?", int(call.params["pending"])))
    return paginate(call, "invoiceitem", filters, *tests)
