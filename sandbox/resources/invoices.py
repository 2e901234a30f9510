"""Invoices."""

from typing import Any

from sandbox import accounts
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict, missing_parameter
from sandbox.events import record, record_update
from sandbox.expand import include
from sandbox.invoicing import balances, closing, collecting, drafts, finalizing, settings
from sandbox.lists import as_list, moments, paginate, pick
from sandbox.metadata import merge, unset
from sandbox.routes import Call, operation

FROZEN = (
    "automatically_finalizes_at", "collection_method", "currency", "custom_fields",
    "days_until_due", "default_payment_method", "due_date", "effective_at", "footer",
    "number", "payment_settings", "rendering", "statement_descriptor",
)  # fmt: skip


def _currency(books: Books, params: Json, customer: Json) -> str:
    if "currency" in params:
        return str(params["currency"])
    return str(customer["currency"] or accounts.default_currency(books.store, books.account))


@operation("POST", "/v1/invoices")
def create_invoice(call: Call) -> Json:
    """Create a draft, without lines or with the customer's pending invoice items."""
    books, params = call.books, call.params
    settings.check_support(params)
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = books.get("customer", params["customer"], "customer")
    currency = _currency(books, params, customer)
    items = []
    if params.get("pending_invoice_items_behavior") == "include":
        items = drafts.pending_items(books, customer["id"], currency)
    at = settings.finalizes_at(books, params)
    return drafts.new_invoice(
        books,
        customer,
        currency=currency,
        items=items,
        auto_advance=params.get("auto_advance", at is not None),
        finalizes_at=at,
        metadata=merge(None, params.get("metadata")),
        **settings.number(books, params),
        **settings.due_date(books, params, books.now, None),
        **settings.default_method(books, params, customer["id"]),
        **settings.looks(params),
    )


def _shown(books: Books, invoice: Json) -> Json:
    """Return an invoice; a draft says of its customer, and owes, what is so at this moment."""
    customer = books.find(invoice["customer"])
    if invoice["status"] != "draft" or customer is None or customer.get("deleted"):
        return invoice
    starting = balances.usable(customer, invoice["currency"])
    due = balances.reckon(invoice["total"], starting, invoice["currency"]).due
    fresh = {"amount_due": due, "amount_remaining": due, "starting_balance": starting}
    return {**invoice, **drafts.payer(customer), **fresh}


@operation("GET", "/v1/invoices/{invoice}")
def retrieve_invoice(call: Call) -> Json:
    """Return an invoice."""
    return _shown(call.books, call.books.get("invoice", call.id))


@operation("POST", "/v1/invoices/{invoice}")
def update_invoice(call: Call) -> Json:
    """Change a draft; of a finalized invoice only metadata, description and auto_advance."""
    books, params = call.books, call.params
    settings.check_support(params)
    before = books.get("invoice", call.id)
    if before["status"] != "draft":
        return _update_finalized(books, before, params)
    after = {**before, **settings.number(books, params, before["id"]), **settings.looks(params)}
    after |= settings.default_method(books, params, before["customer"])
    after |= settings.due_date(books, params, before["created"], before)
    after["metadata"] = merge(before["metadata"], params.get("metadata"))
    return record_update(books, "invoice.updated", before, _advance_draft(books, after, params))


def _advance_draft(books: Books, after: Json, params: Json) -> Json:
    at = settings.finalizes_at(books, params)
    wanted = params.get("auto_advance", after["auto_advance"] or at is not None)
    if not wanted:
        return {**after, "auto_advance": False, "automatically_finalizes_at": None}
    if at is None and after["auto_advance"]:
        return after
    return drafts.schedule(books, {**after, "auto_advance": True}, at)


def _update_finalized(books: Books, before: Json, params: Json) -> Json:
    frozen = [name for name in FROZEN if name in params]
    if frozen:
        message = f"Finalized invoices can't be updated in this way: {', '.join(frozen)}."
        raise conflict(message, "invoice_not_editable", param=frozen[0])
    after = {**before, "metadata": merge(before["metadata"], params.get("metadata"))}
    if "description" in params:
        after["description"] = unset(params["description"])
    if "auto_advance" in params and before["status"] == "open":
        after |= {"auto_advance": params["auto_advance"], "next_payment_attempt": None}
        if params["auto_advance"]:
            after = collecting.plan(books, after)
    return record_update(books, "invoice.updated", before, after)


@operation("DELETE", "/v1/invoices/{invoice}")
def delete_invoice(call: Call) -> Json:
    """Delete a draft."""
    return drafts.delete(call.books, call.books.get("invoice", call.id))


@operation("GET", "/v1/invoices")
def list_invoices(call: Call) -> Json:
    """List invoices, newest first."""
    filters = pick(call.params, "collection_method", "customer", "status")
    tests: list[tuple[str, Any]] = []
    if "subscription" in call.params:
        field = "json_extract(body, '$.parent.subscription_details.subscription')"
        tests.append((f"{field} = ?", call.params["subscription"]))
    tests += moments(call.params.get("due_date"), "json_extract(body, '$.due_date')")
    page = paginate(call, "invoice", filters, *tests)
    page["data"] = [_shown(call.books, invoice) for invoice in page["data"]]
    return page


@operation("POST", "/v1/invoices/{invoice}/finalize")
def finalize_invoice(call: Call) -> Json:
    """Finalize a draft; ``auto_advance`` replaces what the draft says."""
    invoice = call.books.get("invoice", call.id)
    return finalizing.finalize(call.books, invoice, call.params.get("auto_advance"))


@operation("POST", "/v1/invoices/{invoice}/pay")
def pay_invoice(call: Call) -> Json:
    """Pay an invoice now, or mark it paid out of band; a draft is finalized first."""
    books, params = call.books, call.params
    for name in ("forgive", "source"):
        if params.get(name):
            message = f"`{name}` is for sources, and the sandbox has payment methods only."
            raise StripeError(message, param=name)
    invoice = books.get("invoice", call.id)
    if invoice["status"] == "draft":
        invoice = finalizing.finalize(books, invoice)
        if invoice["status"] == "paid":
            return invoice
    collecting.check_payable(invoice)
    if params.get("paid_out_of_band"):
        return collecting.pay_out_of_band(books, invoice)
    method = None
    if "payment_method" in params:
        method = collecting.named_method(books, invoice, params["payment_method"])
    return collecting.pay(books, invoice, method)


@operation("POST", "/v1/invoices/{invoice}/send")
def send_invoice(call: Call) -> Json:
    """Send an invoice: as at Stripe in test mode an event and no mail. A draft is finalized."""
    books = call.books
    invoice = books.get("invoice", call.id)
    if invoice["collection_method"] != "send_invoice":
        message = "You can only manually send an invoice if its collection method is "
        raise StripeError(f"{message}`send_invoice`.", param="invoice")
    if invoice["status"] == "draft":
        invoice = finalizing.finalize(books, invoice)
    if invoice["status"] == "void":
        raise conflict("You can't send a void invoice.", "invoice_not_editable")
    record(books, "invoice.sent", invoice)
    return invoice


@operation("POST", "/v1/invoices/{invoice}/void")
def void_invoice(call: Call) -> Json:
    """Void an open or uncollectible invoice."""
    return closing.void(call.books, call.books.get("invoice", call.id))


@operation("POST", "/v1/invoices/{invoice}/mark_uncollectible")
def mark_invoice_uncollectible(call: Call) -> Json:
    """Write an open invoice off."""
    return closing.mark_uncollectible(call.books, call.books.get("invoice", call.id))


@include("invoice", "confirmation_secret")
def _confirmation_secret(books: Books, invoice: Json) -> Json | None:
    intent = collecting.intent_of(books, invoice)
    if intent is None:
        return None
    return {"client_secret": intent["client_secret"], "type": "payment_intent"}


@include("invoice", "payments")
def _payments(books: Books, invoice: Json) -> Json:
    found = books.where("invoice_payment", invoice=invoice["id"])
    return as_list(found[::-1][:10], f"/v1/invoice_payments?invoice={invoice['id']}")
