"""Invoices."""

from typing import Any

from sandbox import accounts
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict, missing_parameter
from sandbox.events import record, record_update
from sandbox.expand import include
from sandbox.invoicing import balances, closing, collecting, drafts, finalizing
from sandbox.lists import as_list, moments, paginate, pick
from sandbox.metadata import merge, unset
from sandbox.money import CURRENCIES
from sandbox.routes import Call, operation
from sandbox.spec.objects import build

DAY = 24 * 3600
MOST_FIELDS = 4
LATEST_FINALIZATION = 5 * 366 * DAY
UNSUPPORTED = (
    "account_tax_ids", "application_fee_amount", "customer_account", "default_source",
    "default_tax_rates", "discounts", "from_invoice", "on_behalf_of", "shipping_cost",
    "shipping_details", "subscription", "transfer_data",
)  # fmt: skip
PLAIN = ("description", "effective_at", "footer", "statement_descriptor")
FROZEN = (
    "automatically_finalizes_at", "collection_method", "currency", "custom_fields",
    "days_until_due", "default_payment_method", "due_date", "effective_at", "footer",
    "number", "payment_settings", "rendering", "statement_descriptor",
)  # fmt: skip


def _check_support(params: Json) -> None:
    """Raise StripeError (400) for what this sandbox's invoices do not have."""
    for name in UNSUPPORTED:
        if params.get(name):
            raise StripeError(f"The sandbox's invoices have no `{name}`.", param=name)
    if params.get("automatic_tax", {}).get("enabled"):
        raise StripeError("The sandbox reckons no tax.", param="automatic_tax[enabled]")
    if params.get("issuer", {}).get("type") == "account":
        raise StripeError("The sandbox's invoices have no issuer of their own.", param="issuer")
    odd = params.get("payment_settings", {}).keys() - {"payment_method_types"}
    if odd:
        message = "The sandbox's payment settings have `payment_method_types` only."
        raise StripeError(message, param=f"payment_settings[{min(odd)}]")


def _number(books: Books, params: Json, but: str | None = None) -> Json:
    if "number" not in params:
        return {}
    number = unset(params["number"])
    if isinstance(number, str) and finalizing.is_taken(books, number, but):
        message = f"The invoice number {number} is already in use by another invoice."
        raise StripeError(message, param="number")
    return {"number": number}


def _due_date(books: Books, params: Json, created: int, known: Json | None) -> Json:
    """Return the collection method and the due date that parameters ask for."""
    method = params.get("collection_method") or (known or {}).get("collection_method")
    method = method or "charge_automatically"
    given = [name for name in ("due_date", "days_until_due") if name in params]
    if len(given) > 1:
        message = "You may only specify one of these parameters: days_until_due, due_date."
        raise conflict(message, "parameters_exclusive", param="due_date")
    if method == "charge_automatically":
        if given:
            message = f"You can only set `{given[0]}` if the collection method is `send_invoice`."
            raise StripeError(message, param=given[0])
        return {"collection_method": method, "due_date": None}
    if not given:
        if known is not None and known["due_date"] is not None:
            return {"collection_method": method}
        message = (
            "You must pass `days_until_due` or `due_date` when the collection method is "
            "`send_invoice`."
        )
        raise conflict(message, "parameter_missing", param="days_until_due")
    return {"collection_method": method, "due_date": _moment(books, params, given[0], created)}


def _moment(books: Books, params: Json, name: str, created: int) -> int:
    value: int = params[name]
    if name == "days_until_due":
        if not 0 <= value <= 3650:
            message = "Invalid integer: `days_until_due` must be between 0 and 3650."
            raise StripeError(message, param=name)
        return created + value * DAY
    if not books.now <= value <= books.now + 10 * 366 * DAY:
        message = "The due date must be in the future, and within ten years."
        raise StripeError(message, param=name)
    return value


def _finalizes_at(books: Books, params: Json) -> int | None:
    at: int | None = params.get("automatically_finalizes_at")
    if at is not None and not books.now < at <= books.now + LATEST_FINALIZATION:
        message = "`automatically_finalizes_at` must be in the future, and within five years."
        raise StripeError(message, param="automatically_finalizes_at")
    return at


def _method(books: Books, params: Json, customer: str) -> Json:
    if "default_payment_method" not in params:
        return {}
    name = unset(params["default_payment_method"])
    if name is None:
        return {"default_payment_method": None}
    found = books.get("payment_method", params["default_payment_method"], "default_payment_method")
    if found["customer"] != customer:
        message = "The payment method does not belong to the customer of this invoice."
        raise StripeError(message, param="default_payment_method")
    return {"default_payment_method": found["id"]}


def _looks(params: Json) -> Json:
    """Return the fields that only change what an invoice shows."""
    found: Json = {name: unset(params[name]) for name in PLAIN if name in params}
    if "custom_fields" in params:
        fields = unset(params["custom_fields"])
        if isinstance(fields, list) and len(fields) > MOST_FIELDS:
            message = f"An invoice can have at most {MOST_FIELDS} custom fields."
            raise StripeError(message, param="custom_fields")
        found["custom_fields"] = fields or None
    if "rendering" in params:
        given = {name: unset(value) for name, value in params["rendering"].items()}
        known = {n: given[n] for n in ("amount_tax_display", "template") if n in given}
        found["rendering"] = build("invoices_resource_invoice_rendering", **known)
    if "payment_settings" in params:
        kinds = unset(params["payment_settings"].get("payment_method_types"))
        settings = build("invoices_payment_settings", payment_method_types=kinds)
        found["payment_settings"] = settings
    return found


def _currency(books: Books, params: Json, customer: Json) -> str:
    if "currency" in params:
        return str(params["currency"])
    account = accounts.find(books.store, books.account)
    default = account.body["default_currency"] if account else "usd"
    currency = customer["currency"] or default
    return str(currency) if currency in CURRENCIES else "usd"


@operation("POST", "/v1/invoices")
def create_invoice(call: Call) -> Json:
    """Create a draft, without lines or with the customer's pending invoice items."""
    books, params = call.books, call.params
    _check_support(params)
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = books.get("customer", params["customer"], "customer")
    currency = _currency(books, params, customer)
    items = []
    if params.get("pending_invoice_items_behavior") == "include":
        items = drafts.pending_items(books, customer["id"], currency)
    at = _finalizes_at(books, params)
    return drafts.new_invoice(
        books,
        customer,
        currency=currency,
        items=items,
        auto_advance=params.get("auto_advance", at is not None),
        finalizes_at=at,
        metadata=merge(None, params.get("metadata")),
        **_number(books, params),
        **_due_date(books, params, books.now, None),
        **_method(books, params, customer["id"]),
        **_looks(params),
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
    _check_support(params)
    before = books.get("invoice", call.id)
    if before["status"] != "draft":
        return _update_finalized(books, before, params)
    after = {**before, **_number(books, params, before["id"]), **_looks(params)}
    after |= _method(books, params, before["customer"])
    after |= _due_date(books, params, before["created"], before)
    after["metadata"] = merge(before["metadata"], params.get("metadata"))
    return record_update(books, "invoice.updated", before, _advance_draft(books, after, params))


def _advance_draft(books: Books, after: Json, params: Json) -> Json:
    at = _finalizes_at(books, params)
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
