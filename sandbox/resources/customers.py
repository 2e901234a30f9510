"""Customers."""

from sandbox import accounts, ids
from sandbox.books import Books, Json
from sandbox.errors import StripeError
from sandbox.events import record, record_update
from sandbox.expand import include
from sandbox.invoicing import balances
from sandbox.lists import as_list, paginate, pick
from sandbox.metadata import apply, merge, unset
from sandbox.resources.payment_methods import attach, resolve
from sandbox.routes import Call, operation
from sandbox.spec.objects import build

PLAIN = (
    "address", "description", "email", "name", "phone", "preferred_locales", "shipping",
    "tax_exempt", "invoice_prefix", "next_invoice_sequence",
)  # fmt: skip


def complete_address(address: Json | None) -> Json | None:
    """Return an address with every line of the spec, null where it was not given."""
    return build("address", **address) if address else None


def _shaped(body: Json) -> Json:
    body["address"] = complete_address(body["address"])
    if body["shipping"]:
        shipping = {**body["shipping"], "address": complete_address(body["shipping"]["address"])}
        body["shipping"] = build("shipping", **shipping)
    return body


def check_email(email: object) -> None:
    """Raise StripeError (400, ``email_invalid``) for an address without a user and a host."""
    if isinstance(email, str) and email:
        user, at, host = email.rpartition("@")
        if not (user and at and host) or " " in email:
            message = f"Invalid email address: {email}"
            raise StripeError(message, code="email_invalid", param="email")


def blank(now: int) -> Json:
    """Return a new customer without any data of its own."""
    return build(
        "customer",
        id=ids.new("cus"),
        balance=0,
        created=now,
        delinquent=False,
        invoice_prefix=ids.new("x")[2:10].upper(),
        invoice_settings=build("invoice_setting_customer_setting"),
        metadata={},
        next_invoice_sequence=1,
        preferred_locales=[],
        tax_exempt="none",
    )


def _settings(books: Books, body: Json, params: Json) -> Json:
    given = {name: unset(value) for name, value in params.get("invoice_settings", {}).items()}
    if given.get("default_payment_method"):
        method = str(given["default_payment_method"])
        books.get("payment_method", method, "invoice_settings[default_payment_method]")
    return build("invoice_setting_customer_setting", **{**body["invoice_settings"], **given})


@operation("POST", "/v1/customers")
def create_customer(call: Call) -> Json:
    """Create a customer, with a payment method attached when one is given."""
    params, books = call.params, call.books
    check_email(params.get("email"))
    body = _shaped(apply(blank(books.now), params, *PLAIN))
    body["metadata"] = merge(None, params.get("metadata"))
    books.add(body)
    if "payment_method" in params:
        attach(books, resolve(books, params["payment_method"]), body["id"])
    body["invoice_settings"] = _settings(books, body, params)
    books.save(body)
    record(books, "customer.created", body)
    return _balanced(books, body, params, "initial")


def _balanced(books: Books, customer: Json, params: Json, kind: str) -> Json:
    """Return the customer, their balance brought to what parameters say, if they do."""
    if "balance" not in params or params["balance"] == customer["balance"]:
        return customer
    currency = accounts.default_currency(books.store, books.account)
    customer = balances.fix_currency(books, customer, currency)
    balances.enter(books, customer, params["balance"] - customer["balance"], kind)
    return books.get("customer", customer["id"])


@operation("GET", "/v1/customers/{customer}")
def retrieve_customer(call: Call) -> Json:
    """Return a customer, or the stub of a deleted one."""
    found = call.books.find(call.id)
    if found is not None and found.get("deleted"):
        return found
    return call.books.get("customer", call.id)


@operation("POST", "/v1/customers/{customer}")
def update_customer(call: Call) -> Json:
    """Change the given fields of a customer."""
    before = call.books.get("customer", call.id)
    check_email(call.params.get("email"))
    after = _shaped(apply(before, call.params, *PLAIN))
    after["invoice_settings"] = _settings(call.books, before, call.params)
    record_update(call.books, "customer.updated", before, after)
    return _balanced(call.books, after, call.params, "adjustment")


@operation("DELETE", "/v1/customers/{customer}")
def delete_customer(call: Call) -> Json:
    """Delete a customer; its id stays known as deleted."""
    before = call.books.get("customer", call.id)
    stub = build("deleted_customer", id=before["id"], deleted=True)
    call.books.mark_deleted(stub)
    record(call.books, "customer.deleted", before)
    return stub


@operation("GET", "/v1/customers")
def list_customers(call: Call) -> Json:
    """List customers, newest first; ``email`` filters case-sensitively."""
    filters = pick(call.params, "email")
    return paginate(call, "customer", filters)


@operation("GET", "/v1/customers/{customer}/sources")
def list_sources(call: Call) -> Json:
    """List a customer's sources: none, payment methods have taken their place."""
    call.books.get("customer", call.ids["customer"])
    return as_list([], call.path)


@include("customer", "sources")
def _sources(books: object, customer: Json) -> Json:
    return as_list([], f"/v1/customers/{customer['id']}/sources")


@include("customer", "subscriptions")
def _subscriptions(books: object, customer: Json) -> Json:
    return as_list([], f"/v1/customers/{customer['id']}/subscriptions")


@include("customer", "tax_ids")
def _tax_ids(books: object, customer: Json) -> Json:
    return as_list([], f"/v1/customers/{customer['id']}/tax_ids")
