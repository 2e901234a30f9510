"""Payment methods: cards by test number or token, and two kinds of bank debit."""

import hashlib
from datetime import UTC, datetime

from sandbox import cards, ids
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict, missing_parameter, no_such
from sandbox.events import record, record_update
from sandbox.lists import paginate, pick
from sandbox.metadata import merge
from sandbox.routes import Call, operation
from sandbox.spec.objects import build

DEBITS = {"usd": "us_bank_account", "eur": "sepa_debit"}


def billing(details: Json | None) -> Json:
    """Return billing details with every field of the spec."""
    given = {name: value for name, value in (details or {}).items() if value != ""}
    blank = build("address")
    address = {**blank, **(given.get("address") or {})}
    return build("billing_details", **{**given, "address": address})


def next_year(books: Books) -> int:
    """Return the year after the sandbox's present one, for the expiry of a test card."""
    return datetime.fromtimestamp(books.now, UTC).year + 1


def _fingerprint(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()[:16]


def _card(number: str, month: int, year: int) -> Json:
    network = cards.brand(number)
    checks = build("payment_method_card_checks", cvc_check="pass")
    return build(
        "payment_method_card",
        brand=network,
        checks=checks,
        country="US",
        display_brand=network,
        exp_month=month,
        exp_year=year,
        fingerprint=_fingerprint(number),
        funding="debit" if number == cards.TOKENS["visa_debit"] else "credit",
        last4=number[-4:],
        networks=build("networks", available=[network]),
        regulated_status="unregulated",
        three_d_secure_usage=build("three_d_secure_usage", supported=True),
    )


def _bank(kind: str, account: str) -> Json:
    mark = {"fingerprint": _fingerprint(account), "last4": account[-4:]}
    if kind == "sepa_debit":
        return build("payment_method_sepa_debit", bank_code="37040044", country="DE", **mark)
    return build(
        "payment_method_us_bank_account",
        account_holder_type="individual",
        account_type="checking",
        bank_name="STRIPE TEST BANK",
        networks=build("us_bank_account_networks", preferred="ach", supported=["ach"]),
        routing_number="110000000",
        **mark,
    )


def _new(books: Books, kind: str, part: Json, details: Json | None, behaviour: str) -> Json:
    body = build(
        "payment_method",
        id=ids.new("pm"),
        allow_redisplay="unspecified",
        billing_details=billing(details),
        created=books.now,
        metadata={},
        type=kind,
    )
    body[kind] = part
    return books.add(body, behaviour=behaviour)


def new_card(books: Books, number: str, month: int, year: int, details: Json | None = None) -> Json:
    """Store a card. Its number is not kept: only what the number does.

    Raises StripeError (402) for a wrong check digit or an expiry date in the past.
    """
    if not cards.passes_luhn(number):
        raise _card_error("incorrect_number", "Your card number is incorrect.", "number")
    today = datetime.fromtimestamp(books.now, UTC)
    if not 1 <= month <= 12:
        message = "Your card's expiration month is invalid."
        raise _card_error("invalid_expiry_month", message, "exp_month")
    if (year, month) < (today.year, today.month) or year > today.year + 50:
        message = "Your card's expiration year is invalid."
        raise _card_error("invalid_expiry_year", message, "exp_year")
    return _new(books, "card", _card(number, month, year), details, cards.behaviour(number))


def _card_error(code: str, message: str, param: str) -> StripeError:
    return StripeError(message, status=402, kind="card_error", code=code, param=param)


def new_debit(books: Books, kind: str, behaviour: str, details: Json | None = None) -> Json:
    """Store a bank account of a delayed method; ``behaviour`` is ``succeeds`` or ``fails``."""
    part = _bank(kind, cards.BANK_ACCOUNTS[behaviour])
    return _new(books, kind, part, details, f"debit_{behaviour}")


def resolve(books: Books, name: str, param: str = "payment_method") -> Json:
    """Return a payment method by id, or a new one for a test token such as ``pm_card_visa``.

    Raises StripeError (400) for an unknown one.
    """
    token = name.removeprefix("pm_card_").removeprefix("tok_")
    if token != name and token in cards.TOKENS:
        return new_card(books, cards.TOKENS[token], 12, next_year(books))
    if name in ("pm_usBankAccount_success", "pm_usBankAccount_insufficientFunds"):
        behaviour = "succeeds" if name.endswith("success") else "fails"
        return new_debit(books, "us_bank_account", behaviour)
    return books.get("payment_method", name, param)


def attach(books: Books, method: Json, customer: str) -> Json:
    """Attach a payment method to a customer and write the event. Returns it."""
    if method["customer"] == customer:
        return method
    if method["customer"]:
        message = "The payment method you provided has already been attached to a customer."
        raise conflict(message, "payment_method_unexpected_state")
    books.save({**method, "customer": customer})
    record(books, "payment_method.attached", {**method, "customer": customer})
    return {**method, "customer": customer}


def _from_card(books: Books, params: Json) -> Json:
    card = params.get("card")
    if not card:
        raise missing_parameter("card")
    if "token" in card:
        number = cards.TOKENS.get(card["token"].removeprefix("tok_"))
        if number is None:
            raise no_such("token", card["token"], "card[token]", 400)
        return new_card(books, number, 12, next_year(books), params.get("billing_details"))
    for name in ("number", "exp_month", "exp_year"):
        if name not in card:
            raise missing_parameter(f"card[{name}]")
    number = cards.digits(card["number"])
    expiry = (card["exp_month"], card["exp_year"])
    return new_card(books, number, *expiry, params.get("billing_details"))


def _from_bank(books: Books, params: Json, kind: str) -> Json:
    given = params.get(kind) or {}
    if kind == "sepa_debit":
        behaviour = cards.IBANS.get(given.get("iban", ""), "succeeds")
    else:
        behaviour = cards.BANK_BEHAVIOURS.get(given.get("account_number", ""), "succeeds")
    return new_debit(books, kind, behaviour, params.get("billing_details"))


def from_parameters(books: Books, params: Json) -> Json:
    """Store the payment method that parameters describe. Raises StripeError for bad ones."""
    kind = params.get("type", "card")
    if kind == "card":
        method = _from_card(books, params)
    elif kind in DEBITS.values():
        method = _from_bank(books, params, kind)
    else:
        raise StripeError(f"The sandbox has no payment method of type {kind}.", param="type")
    return books.save({**method, "metadata": merge(None, params.get("metadata"))})


@operation("POST", "/v1/payment_methods")
def create_payment_method(call: Call) -> Json:
    """Create a card from a test number or token, or a bank account."""
    return from_parameters(call.books, call.params)


@operation("GET", "/v1/payment_methods/{payment_method}")
def retrieve_payment_method(call: Call) -> Json:
    """Return a payment method."""
    return call.books.get("payment_method", call.id)


@operation("POST", "/v1/payment_methods/{payment_method}/attach")
def attach_payment_method(call: Call) -> Json:
    """Attach a payment method, or a test token, to a customer."""
    if "customer" not in call.params:
        raise missing_parameter("customer")
    customer = call.books.get("customer", call.params["customer"], "customer")
    return attach(call.books, resolve(call.books, call.id), customer["id"])


@operation("POST", "/v1/payment_methods/{payment_method}/detach")
def detach_payment_method(call: Call) -> Json:
    """Detach a payment method from its customer."""
    before = call.books.get("payment_method", call.id)
    if not before["customer"]:
        message = "The payment method you provided is not attached to a customer so detachment is "
        raise conflict(f"{message}impossible.", "payment_method_unexpected_state")
    after = {**before, "customer": None}
    return record_update(call.books, "payment_method.detached", before, after)


@operation("GET", "/v1/payment_methods")
def list_payment_methods(call: Call) -> Json:
    """List the payment methods of a customer, or all of the account's."""
    filters = pick(call.params, "customer", "type")
    return paginate(call, "payment_method", filters)


@operation("GET", "/v1/customers/{customer}/payment_methods")
def list_customer_payment_methods(call: Call) -> Json:
    """List a customer's payment methods."""
    customer = call.books.get("customer", call.ids["customer"])
    filters = {"customer": customer["id"]}
    if "type" in call.params:
        filters["type"] = call.params["type"]
    return paginate(call, "payment_method", filters)
