"""Payment intents."""

from sandbox import paying
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict, missing_parameter
from sandbox.lists import paginate, pick
from sandbox.metadata import apply, merge
from sandbox.money import check_amount
from sandbox.resources import payment_methods
from sandbox.routes import Call, operation

PLAIN = (
    "currency", "description", "payment_method_types", "receipt_email", "setup_future_usage",
    "shipping", "statement_descriptor", "statement_descriptor_suffix", "transfer_group",
)  # fmt: skip


def _method(books: Books, params: Json) -> Json | None:
    """Return the payment method that parameters name or describe, or None."""
    if params.get("payment_method"):
        return payment_methods.resolve(books, params["payment_method"])
    if "payment_method_data" in params:
        return payment_methods.from_parameters(books, params["payment_method_data"])
    return None


def _check_method(intent: Json, method: Json) -> None:
    if method["customer"] and method["customer"] != intent["customer"]:
        message = "The provided PaymentMethod belongs to a different customer than the intent."
        raise conflict(message, "payment_method_unexpected_state", param="payment_method")


def _confirm(call: Call, intent: Json, method: Json) -> Json:
    _check_method(intent, method)
    after = paying.confirm(call.books, intent, method, call.params.get("return_url"))
    if after["status"] == "requires_payment_method":
        raise paying.declined(after)
    if after["status"] == "requires_action" and call.params.get("off_session"):
        after = paying.authenticate(call.books, after, passed=False)
        raise StripeError(
            "Your card was declined. This transaction requires authentication.",
            status=402,
            kind="card_error",
            code="authentication_required",
            decline_code="authentication_required",
            keeps_effects=True,
            payment_intent=after,
        )
    return after


@operation("POST", "/v1/payment_intents")
def create_payment_intent(call: Call) -> Json:
    """Create a payment intent, and confirm it at once when ``confirm`` is true."""
    params, books = call.params, call.books
    if params.get("customer"):
        books.get("customer", params["customer"], "customer")
    params = {**params, "metadata": merge(None, params.get("metadata"))}
    intent = paying.new_intent(books, params["amount"], params["currency"], params)
    method = _method(books, params)
    if method is not None:
        named = {"payment_method": method["id"], "status": "requires_confirmation"}
        intent = books.save({**intent, **named})
    if not params.get("confirm"):
        return intent
    if method is None:
        raise missing_parameter("payment_method")
    return _confirm(call, intent, method)


@operation("GET", "/v1/payment_intents/{intent}")
def retrieve_payment_intent(call: Call) -> Json:
    """Return a payment intent."""
    return call.books.get("payment_intent", call.id)


@operation("POST", "/v1/payment_intents/{intent}")
def update_payment_intent(call: Call) -> Json:
    """Change an intent that was not yet confirmed; metadata and description at any time."""
    params, books = call.params, call.books
    intent = books.get("payment_intent", call.id)
    frozen = {"amount", "currency", "customer", "payment_method"} & params.keys()
    if frozen and intent["status"] not in paying.CONFIRMABLE:
        raise paying.unexpected(intent, "update")
    after = apply(intent, params, *PLAIN)
    if params.get("customer"):
        after["customer"] = books.get("customer", params["customer"], "customer")["id"]
    if "amount" in params or "currency" in params:
        amount = params["amount"] if "amount" in params else intent["amount"]
        after["amount"] = check_amount(amount, after["currency"])
    method = _method(books, params)
    if method is not None:
        after |= {"payment_method": method["id"], "status": "requires_confirmation"}
    return books.save(after)


@operation("GET", "/v1/payment_intents")
def list_payment_intents(call: Call) -> Json:
    """List payment intents, newest first."""
    filters = pick(call.params, "customer")
    return paginate(call, "payment_intent", filters)


@operation("POST", "/v1/payment_intents/{intent}/confirm")
def confirm_payment_intent(call: Call) -> Json:
    """Pay an intent with the method given here or before."""
    intent = call.books.get("payment_intent", call.id)
    if intent["status"] not in paying.CONFIRMABLE:
        raise paying.unexpected(intent, "confirm")
    method = _method(call.books, call.params)
    if method is None and intent["payment_method"]:
        method = call.books.get("payment_method", intent["payment_method"])
    if method is None:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method or ConfirmationToken."
        )
        raise conflict(message, "payment_intent_unexpected_state", payment_intent=intent)
    return _confirm(call, intent, method)


@operation("POST", "/v1/payment_intents/{intent}/cancel")
def cancel_payment_intent(call: Call) -> Json:
    """Cancel an intent that was not paid."""
    intent = call.books.get("payment_intent", call.id)
    return paying.cancel(call.books, intent, call.params.get("cancellation_reason"))


@operation("POST", "/v1/payment_intents/{intent}/capture")
def capture_payment_intent(call: Call) -> Json:
    """Capture an authorised payment, in part or in full."""
    intent = call.books.get("payment_intent", call.id)
    return paying.capture(call.books, intent, call.params.get("amount_to_capture"))
