"""Disputes and early fraud warnings: opened by a test card or the control API, answered here."""

from sandbox import disputing
from sandbox.books import Json
from sandbox.errors import conflict
from sandbox.lists import paginate, pick
from sandbox.metadata import apply
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


@operation("POST", "/v1/disputes/{dispute}")
def update_dispute(call: Call) -> Json:
    """Keep evidence and, unless ``submit`` is false, hand it in."""
    books, params = call.books, call.params
    dispute = books.get("dispute", call.id)
    if "metadata" in params:
        dispute = books.save(apply(dispute, params))
    evidence = params.get("evidence") or {}
    submit = params.get("submit", "evidence" in params)
    if not evidence and not submit:
        return dispute
    return disputing.give_evidence(books, dispute, evidence, submit=submit)


@operation("POST", "/v1/disputes/{dispute}/close")
def close_dispute(call: Call) -> Json:
    """Accept a dispute: it is lost at once, which cannot be taken back."""
    dispute = call.books.get("dispute", call.id)
    if dispute["status"] != "needs_response":
        message = f"This dispute is {dispute['status']} and cannot be closed."
        raise conflict(message, "dispute_not_closable")
    return disputing.end(call.books, dispute, "lost")


@operation("GET", "/v1/radar/early_fraud_warnings/{early_fraud_warning}")
def retrieve_early_fraud_warning(call: Call) -> Json:
    """Return an early fraud warning."""
    return call.books.get("radar.early_fraud_warning", call.id)


@operation("GET", "/v1/radar/early_fraud_warnings")
def list_early_fraud_warnings(call: Call) -> Json:
    """List early fraud warnings, newest first."""
    filters = pick(call.params, "charge", "payment_intent")
    return paginate(call, "radar.early_fraud_warning", filters)
