"""Move a payment intent along: confirm, authenticate, settle, capture, cancel.

Source of the states: Stripe docs, "How PaymentIntents work".
"""

from collections.abc import Callable

from sandbox import charging, ids
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict
from sandbox.events import record
from sandbox.money import check_amount
from sandbox.spec.objects import build
from sandbox.timers import timer

CONFIRMABLE = ("requires_payment_method", "requires_confirmation")
OPEN = (*CONFIRMABLE, "requires_action", "requires_capture")
INTENT_FIELDS = (
    "application_fee_amount", "customer", "description", "on_behalf_of", "receipt_email",
    "setup_future_usage", "shipping", "statement_descriptor", "statement_descriptor_suffix",
    "transfer_data", "transfer_group",
)  # fmt: skip

Follower = Callable[[Books, Json], None]
FOLLOWERS: list[Follower] = []


def follower(follow: Follower) -> Follower:
    """Register the function below: it is told of each intent that was tried to be paid."""
    FOLLOWERS.append(follow)
    return follow


def _tell(books: Books, intent: Json) -> Json:
    for follow in FOLLOWERS:
        follow(books, intent)
    return intent


def new_intent(books: Books, amount: int, currency: str, params: Json) -> Json:
    """Store a payment intent and write its event. Returns it.

    ``params`` are those of the API's create call. Raises StripeError for a bad amount.
    """
    intent_id = ids.new("pi")
    is_automatic = {"enabled": "payment_method_types" not in params}
    automatic = params.get("automatic_payment_methods", is_automatic)
    body = build(
        "payment_intent",
        id=intent_id,
        amount=check_amount(amount, currency),
        amount_capturable=0,
        amount_details=build("payment_flows_amount_details", tip={}),
        amount_received=0,
        automatic_payment_methods=_automatic(automatic),
        capture_method=params.get("capture_method", "automatic_async"),
        client_secret=f"{intent_id}_secret_{ids.new('x')[2:]}",
        confirmation_method=params.get("confirmation_method", "automatic"),
        created=books.now,
        currency=currency,
        metadata=params.get("metadata") or {},
        payment_method_options=params.get("payment_method_options") or {},
        payment_method_types=params.get("payment_method_types", ["card"]),
        status="requires_payment_method",
        **{name: params[name] for name in INTENT_FIELDS if params.get(name) not in (None, "")},
    )
    books.add(body)
    record(books, "payment_intent.created", body)
    return body


def _automatic(given: Json) -> Json | None:
    if not given.get("enabled"):
        return None
    redirects = given.get("allow_redirects", "always")
    return {"allow_redirects": redirects, "enabled": True}


def _set(books: Books, intent: Json, event: str | None, **values: object) -> Json:
    after = {**intent, **values}
    books.save(after)
    if event is not None:
        record(books, event, after)
    return after


def confirm(books: Books, intent: Json, method: Json, return_url: str | None = None) -> Json:
    """Try to pay an intent with a method and return the intent in its new state.

    ``processing`` for a delayed method, ``requires_action`` for 3-D Secure, otherwise succeeded,
    ``requires_capture``, or back to ``requires_payment_method`` with ``last_payment_error``.
    """
    behaviour = books.private(method["id"])["behaviour"]
    if behaviour.startswith("debit_"):
        return _tell(books, _start_debit(books, intent, method))
    if behaviour == "authenticates":
        return _tell(books, _ask_authentication(books, intent, method, return_url))
    return _tell(books, _charge_card(books, intent, method, behaviour))


def _charge_card(
    books: Books, intent: Json, method: Json, behaviour: str, *, is_authenticated: bool = False
) -> Json:
    decline = charging.decline_of(behaviour)
    status = "failed" if decline else "succeeded"
    charge = charging.new_charge(books, intent, method, status, is_authenticated=is_authenticated)
    if decline is not None:
        charge = charging.fail(books, charge, decline)
        return _decline(books, intent, charge["id"], charging.error_of(charge, method, decline))
    paid = {"latest_charge": charge["id"], "payment_method": method["id"], "next_action": None}
    if intent["capture_method"] == "manual":
        held = {"status": "requires_capture", "amount_capturable": intent["amount"]}
        charging.succeed(books, charge, behaviour)
        return _set(books, intent, "payment_intent.amount_capturable_updated", **paid, **held)
    after = _set(books, intent, None, **paid, **_received(intent["amount"]))
    charging.succeed(books, charge, behaviour)
    record(books, "payment_intent.succeeded", after)
    return after


def _received(amount: int) -> Json:
    return {
        "amount_received": amount,
        "amount_capturable": 0,
        "last_payment_error": None,
        "status": "succeeded",
    }


def _decline(books: Books, intent: Json, charge_id: str | None, error: Json) -> Json:
    return _set(
        books,
        intent,
        "payment_intent.payment_failed",
        last_payment_error=error,
        latest_charge=charge_id,
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )


def _ask_authentication(books: Books, intent: Json, method: Json, return_url: str | None) -> Json:
    redirect = build(
        "payment_intent_next_action_redirect_to_url",
        return_url=return_url,
        url=f"{books.base_url}/c/authenticate/{intent['client_secret']}",
    )
    action = build("payment_intent_next_action", type="redirect_to_url", redirect_to_url=redirect)
    return _set(
        books,
        intent,
        "payment_intent.requires_action",
        next_action=action,
        payment_method=method["id"],
        status="requires_action",
    )


def authenticate(books: Books, intent: Json, *, passed: bool) -> Json:
    """Finish 3-D Secure: charge the card, or fail with Stripe's words. Returns the intent.

    Raises StripeError (400) when the intent does not wait for authentication.
    """
    if intent["status"] != "requires_action":
        raise unexpected(intent, "authenticate")
    method = books.get("payment_method", intent["payment_method"])
    if passed:
        paid = _charge_card(books, intent, method, "succeeds", is_authenticated=True)
        return _tell(books, paid)
    code = "payment_intent_authentication_failure"
    error = {
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": "We are unable to authenticate your payment method. Please choose a different "
        "payment method and try again.",
        "payment_method": method,
        "type": "invalid_request_error",
    }
    return _tell(books, _decline(books, intent, None, error))


def _start_debit(books: Books, intent: Json, method: Json) -> Json:
    charge = charging.new_charge(books, intent, method, "pending")
    after = _set(
        books,
        intent,
        None,
        latest_charge=charge["id"],
        payment_method=method["id"],
        status="processing",
    )
    record(books, "charge.pending", charge)
    record(books, "payment_intent.processing", after)
    books.later(books.now + charging.SETTLE_SECONDS, "settle", intent["id"])
    return after


def settle(books: Books, intent_id: str, *, succeeds: bool | None = None) -> Json | None:
    """Let a processing bank debit succeed or fail; None decides by the account used.

    Returns the intent, or None when it was not processing.
    """
    intent = books.get("payment_intent", intent_id)
    if intent["status"] != "processing":
        return None
    method = books.get("payment_method", intent["payment_method"])
    charge = books.get("charge", intent["latest_charge"])
    behaviour = books.private(method["id"])["behaviour"]
    if succeeds is not None:
        behaviour = "debit_succeeds" if succeeds else "debit_fails"
    decline = charging.decline_of(behaviour)
    if decline is not None:
        charge = charging.fail(books, charge, decline)
        error = charging.error_of(charge, method, decline)
        return _tell(books, _decline(books, intent, charge["id"], error))
    return _tell(books, _settle_paid(books, intent, charge))


def _settle_paid(books: Books, intent: Json, charge: Json) -> Json:
    outcome = build("charge_outcome", risk_level="not_assessed", type="authorized")
    paid = {"status": "succeeded", "paid": True, "amount_captured": charge["amount"]}
    charge = books.save({**charge, **paid, "outcome": outcome})
    after = _set(books, intent, None, **_received(charge["amount"]))
    charging.succeed(books, charge, "debit_succeeds")
    record(books, "payment_intent.succeeded", after)
    return after


@timer("settle")
def settle_when_due(books: Books, intent_id: str) -> None:
    """Settle a bank debit, and tell the Checkout session that it belongs to."""
    after = settle(books, intent_id)
    if after is not None:
        announce(books, after)


def announce(books: Books, intent: Json) -> None:
    """Write a settled debit to its Checkout session, if it has one."""
    for session in books.where("checkout.session", payment_intent=intent["id"]):
        is_paid = intent["status"] == "succeeded"
        after = {**session, "payment_status": "paid" if is_paid else "unpaid"}
        books.save(after)
        outcome = "succeeded" if is_paid else "failed"
        record(books, f"checkout.session.async_payment_{outcome}", after)


def capture(books: Books, intent: Json, amount: int | None) -> Json:
    """Capture an authorised amount, all of it by default; the rest is released."""
    if intent["status"] != "requires_capture":
        raise unexpected(intent, "capture")
    wanted = intent["amount_capturable"] if amount is None else amount
    if not 0 < wanted <= intent["amount_capturable"]:
        message = "The provided amount is not within the capturable amount."
        raise conflict(message, "amount_too_large", param="amount_to_capture")
    charge = books.get("charge", intent["latest_charge"])
    charge = books.save({**charge, "captured": True, "amount_captured": wanted})
    record(books, "charge.captured", charge)
    behaviour = books.private(charge["payment_method"])["behaviour"]
    charging.enter_funds(books, charge, behaviour)
    return _set(books, intent, "payment_intent.succeeded", **_received(wanted))


def cancel(books: Books, intent: Json, reason: str | None) -> Json:
    """Cancel an intent that was not paid. Raises StripeError (400) for any other."""
    if intent["status"] not in OPEN:
        raise unexpected(intent, "cancel")
    return _set(
        books,
        intent,
        "payment_intent.canceled",
        amount_capturable=0,
        canceled_at=books.now,
        cancellation_reason=reason,
        next_action=None,
        status="canceled",
    )


def declined(intent: Json) -> StripeError:
    """Return the 402 of an intent whose payment failed; what was written stays."""
    error = intent["last_payment_error"]
    fields = {name: error[name] for name in ("charge", "decline_code") if name in error}
    return StripeError(
        error["message"],
        status=402,
        kind="card_error",
        code=error["code"],
        keeps_effects=True,
        payment_intent=intent,
        payment_method=error["payment_method"],
        **fields,
    )


def unexpected(intent: Json, verb: str) -> StripeError:
    """Return Stripe's 400 for an intent whose state does not allow a verb."""
    message = f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}."
    return conflict(message, "payment_intent_unexpected_state", payment_intent=intent)
