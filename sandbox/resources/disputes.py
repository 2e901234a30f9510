"""Disputes: seen here, opened by a test card or the control API."""

from sandbox.books import Json
from sandbox.lists import paginate, pick
from sandbox.routes import Call, operation


@operation("GET", "/v1/disputes/{dispute}")
def retrieve_dispute(call: Call) -> Json:
    """Return a dispute."""
    return call.books.get("dispute", call.id)


@operation("GET", "/v1/disputes")
def list_disputes(call: Call) -> Json:
    """List disputes, newest first."""
    filters = pick(call.params, "charge", "payment_intent")
    return paginate(call, "dispute", filters)
