"""Refunds."""

from sandbox import ids, ledger
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict
from sandbox.events import record, record_update
from sandbox.lists import paginate, pick
from sandbox.metadata import apply, merge
from sandbox.money import check_last_digit, display
from sandbox.routes import Call, operation
from sandbox.spec.objects import build
from sandbox.timers import timer

SETTLE_SECONDS = 5
SLOW = ("refund_pends", "refund_fails", "debit_succeeds")


def _charge_of(books: Books, params: Json) -> Json:
    """Return the charge to refund. Raises StripeError (400) for an unpaid or unknown one."""
    if "charge" in params:
        return books.get("charge", params["charge"], "charge")
    if "payment_intent" not in params:
        message = "One of the following params should be provided for this request: payment_intent "
        raise StripeError(f"{message}or charge.", code="parameter_missing")
    intent = books.get("payment_intent", params["payment_intent"], "payment_intent")
    if not intent["latest_charge"]:
        message = f"This PaymentIntent ({intent['id']}) has no successful charge to refund."
        raise conflict(message, "payment_intent_unexpected_state", payment_intent=intent)
    return books.get("charge", intent["latest_charge"])


def _check(charge: Json, amount: int) -> None:
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["status"] != "succeeded" or not charge["captured"]:
        message = f"Charge {charge['id']} has not been paid, so it cannot be refunded."
        raise conflict(message, "charge_not_refundable")
    if charge["refunded"] or left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise conflict(message, "charge_already_refunded")
    if charge["disputed"]:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise conflict(message, "charge_disputed")
    if amount < 1:
        message = "Invalid positive integer"
        raise conflict(message, "parameter_invalid_integer", param="amount")
    check_last_digit(amount, charge["currency"], "amount")
    if amount > left:
        shown, most = (display(value, charge["currency"]) for value in (amount, left))
        message = f"Refund amount ({shown}) is greater than unrefunded amount on charge ({most})"
        raise StripeError(message, param="amount")


def _book(books: Books, charge: Json, change: int) -> Json:
    """Write a change of the refunded amount to the charge. Returns the charge."""
    refunded = charge["amount_refunded"] + change
    is_whole = refunded == charge["amount_captured"]
    return books.save({**charge, "amount_refunded": refunded, "refunded": is_whole})


def _new(books: Books, charge: Json, amount: int, params: Json, status: str) -> Json:
    method = charge["payment_method_details"]["type"]
    details: Json = {"type": method, method: {}}
    if method == "card":
        details["card"] = build("refund_destination_details_card", type="refund")
    return build(
        "refund",
        id=ids.new("re" if charge["id"].startswith("ch_") else "pyr"),
        amount=amount,
        charge=charge["id"],
        created=books.now,
        currency=charge["currency"],
        destination_details=details,
        metadata=merge(None, params.get("metadata")),
        payment_intent=charge["payment_intent"],
        reason=params.get("reason"),
        status=status,
    )


@operation("POST", "/v1/refunds")
def create_refund(call: Call) -> Json:
    """Refund a charge, in part or what is left of it.

    Raises StripeError (400): ``charge_already_refunded``, or an amount above what is left.
    """
    charge = _charge_of(call.books, call.params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    return refund(call.books, charge, call.params.get("amount", left), call.params)


def refund(books: Books, charge: Json, amount: int, params: Json) -> Json:
    """Refund an amount of a charge, and write the events. Returns the refund; raises as above."""
    _check(charge, amount)
    behaviour = books.private(charge["payment_method"]).get("behaviour")
    status = "pending" if behaviour in SLOW else "succeeded"
    body = _new(books, charge, amount, params, status)
    kind = "refund" if body["id"].startswith("re_") else "payment_refund"
    body["balance_transaction"] = ledger.enter(books, kind, body, -amount)["id"]
    books.add(body)
    charge = _book(books, charge, amount)
    record(books, "refund.created", body)
    record(books, "charge.refunded", charge)
    if status == "pending":
        books.later(books.now + SETTLE_SECONDS, "settle_refund", body["id"])
    return body


@timer("settle_refund")
def settle_refund(books: Books, refund_id: str) -> None:
    """Let a pending refund succeed, or fail for the test card that does."""
    before = books.get("refund", refund_id)
    if before["status"] != "pending":
        return
    charge = books.get("charge", before["charge"])
    if books.private(charge["payment_method"]).get("behaviour") == "refund_fails":
        _undo(books, before, charge, "failed", failure_reason="unknown")
    else:
        record_update(books, "refund.updated", before, {**before, "status": "succeeded"})


def _undo(books: Books, before: Json, charge: Json, status: str, **fields: str) -> Json:
    """Give a refund's money back to the balance and the charge. Returns the refund."""
    entry = ledger.enter(books, "refund_failure", before, before["amount"])
    after = {**before, **fields, "status": status, "failure_balance_transaction": entry["id"]}
    _book(books, charge, -before["amount"])
    record_update(books, "refund.updated", before, after)
    if status == "failed":
        record(books, "refund.failed", after)
    return after


@operation("GET", "/v1/refunds/{refund}")
def retrieve_refund(call: Call) -> Json:
    """Return a refund."""
    return call.books.get("refund", call.id)


@operation("POST", "/v1/refunds/{refund}")
def update_refund(call: Call) -> Json:
    """Change a refund's metadata."""
    before = call.books.get("refund", call.id)
    return record_update(call.books, "refund.updated", before, apply(before, call.params))


@operation("POST", "/v1/refunds/{refund}/cancel")
def cancel_refund(call: Call) -> Json:
    """Cancel a refund that still waits for the customer; no other can be taken back."""
    refund = call.books.get("refund", call.id)
    if refund["status"] != "requires_action":
        message = f"Refund {refund['id']} cannot be canceled: its status is {refund['status']}."
        raise StripeError(message)
    return _undo(call.books, refund, call.books.get("charge", refund["charge"]), "canceled")


@operation("GET", "/v1/refunds")
def list_refunds(call: Call) -> Json:
    """List refunds, newest first."""
    filters = pick(call.params, "charge", "payment_intent")
    return paginate(call, "refund", filters)
