"""Charges."""

from sandbox.books import Books, Json
from sandbox.events import record_update
from sandbox.expand import include
from sandbox.lists import as_list, paginate, pick
from sandbox.metadata import apply
from sandbox.routes import Call, operation


@operation("GET", "/v1/charges/{charge}")
def retrieve_charge(call: Call) -> Json:
    """Return a charge."""
    return call.books.get("charge", call.id)


@operation("POST", "/v1/charges/{charge}")
def update_charge(call: Call) -> Json:
    """Change a charge's description, metadata and the like."""
    before = call.books.get("charge", call.id)
    names = ("customer", "description", "receipt_email", "shipping", "transfer_group")
    after = apply(before, call.params, *names)
    return record_update(call.books, "charge.updated", before, after)


@operation("GET", "/v1/charges")
def list_charges(call: Call) -> Json:
    """List charges, newest first."""
    filters = pick(call.params, "customer", "payment_intent", "transfer_group")
    return paginate(call, "charge", filters)


@include("charge", "refunds")
def _refunds(books: Books, charge: Json) -> Json:
    refunds = books.where("refund", charge=charge["id"])
    refunds.reverse()
    url = f"/v1/charges/{charge['id']}/refunds"
    return as_list(refunds[:10], url, has_more=len(refunds) > 10)
