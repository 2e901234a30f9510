"""Checkout sessions in payment mode."""

from typing import Any
from urllib.parse import urlsplit

from sandbox import checkout, ids
from sandbox.books import Books, Json
from sandbox.catalog import new_price
from sandbox.errors import StripeError, conflict, missing_parameter
from sandbox.expand import include
from sandbox.lists import as_list, paginate, pick, slice_page
from sandbox.metadata import apply, merge
from sandbox.money import MAXIMUM, check_amount
from sandbox.resources.customers import check_email
from sandbox.resources.payment_methods import DEBITS
from sandbox.routes import Call, operation
from sandbox.spec.objects import build

SHORTEST, LONGEST = 30 * 60, 24 * 3600
MOST_ITEMS = 100
COPIED = (
    "allow_promotion_codes", "billing_address_collection", "cancel_url", "client_reference_id",
    "customer", "customer_email", "integration_identifier", "locale", "origin_context",
    "payment_method_options", "submit_type", "success_url",
)  # fmt: skip
UNSUPPORTED = (
    "after_expiration", "custom_fields", "discounts", "invoice_creation", "optional_items",
    "setup_intent_data", "shipping_options", "subscription_data",
)  # fmt: skip


def _check_urls(params: Json) -> None:
    for name in ("success_url", "cancel_url"):
        url = params.get(name)
        if url is not None and urlsplit(url).scheme not in ("http", "https"):
            raise StripeError("Not a valid URL", code="url_invalid", param=name)


def _check_support(params: Json) -> None:
    """Raise StripeError (400) for what this sandbox does not do."""
    mode = params.get("mode", "payment")
    if mode != "payment":
        raise StripeError(f"The sandbox has no Checkout Sessions in {mode} mode.", param="mode")
    for name in UNSUPPORTED:
        if params.get(name):
            raise StripeError(f"The sandbox does not support `{name}`.", param=name)
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise StripeError("The sandbox has the hosted page only.", param="ui_mode")


def _check(params: Json) -> None:
    """Raise StripeError (400) for what Stripe does not take."""
    if "success_url" not in params:
        raise missing_parameter("success_url")
    if not params.get("line_items"):
        raise missing_parameter("line_items")
    if len(params["line_items"]) > MOST_ITEMS:
        message = f"You can only specify up to {MOST_ITEMS} line items."
        raise StripeError(message, param="line_items")
    if "customer" in params and ("customer_email" in params or "customer_creation" in params):
        other = "customer_email" if "customer_email" in params else "customer_creation"
        message = f"You may only specify one of these parameters: customer, {other}."
        raise StripeError(message, code="parameters_exclusive", param="customer")
    _check_urls(params)


def _expires_at(books: Books, params: Json) -> int:
    given: int = params.get("expires_at", books.now + LONGEST)
    if not SHORTEST <= given - books.now <= LONGEST:
        minutes = f"{SHORTEST // 60} minutes" if given - books.now < SHORTEST else ""
        bound = f"at least {minutes}" if minutes else f"less than {LONGEST // 3600} hours"
        message = f"The `expires_at` timestamp must be {bound} from Checkout Session creation."
        raise StripeError(message, param="expires_at")
    return given


def _price(books: Books, item: Json, index: int) -> Json:
    """Return the item's price, made from ``price_data`` when that was given."""
    name = f"line_items[{index}]"
    if "price" in item:
        price = books.get("price", item["price"], f"{name}[price]")
    elif "price_data" in item:
        price = new_price(books, {**item["price_data"], "active": False})
    else:
        raise missing_parameter(f"{name}[price]")
    if price["recurring"]:
        message = "You specified `payment` mode but passed a recurring price."
        raise StripeError(f"{message} Use `subscription` mode.", param="line_items")
    if "price" in item and not price["active"]:
        message = "The price specified is inactive. This field only accepts active prices."
        raise conflict(message, "price_inactive", param=f"{name}[price]")
    return price


def _line(books: Books, item: Json, index: int) -> Json:
    """Return a line item; its amount is the unit amount times the quantity, in minor units."""
    price = _price(books, item, index)
    quantity = item.get("quantity", 1)
    if quantity < 1 or price["unit_amount"] is None:
        message = "Quantity must be a positive integer and the price a whole unit amount."
        raise StripeError(message, param=f"line_items[{index}][quantity]")
    amount = price["unit_amount"] * quantity
    product = books.get("product", price["product"])
    return build(
        "item",
        id=ids.new("li"),
        amount_subtotal=amount,
        amount_total=amount,
        currency=price["currency"],
        description=product["name"],
        metadata=item.get("metadata", {}),
        price=price,
        quantity=quantity,
    )


def _currency(lines: list[Json]) -> str:
    currencies = {line["currency"] for line in lines}
    if len(currencies) > 1:
        message = "All line items of a Checkout Session must have the same currency."
        raise StripeError(message, param="line_items")
    return str(currencies.pop())


def _methods(params: Json, currency: str) -> list[str]:
    """Return the payment methods offered: those asked for, or what suits the currency."""
    suited = ["card", *(kind for code, kind in DEBITS.items() if code == currency)]
    asked: list[str] = params.get("payment_method_types", suited)
    excluded = params.get("excluded_payment_method_types", [])
    offered = [kind for kind in asked if kind not in excluded]
    odd = [kind for kind in offered if kind not in suited]
    if odd or not offered:
        name = odd[0] if odd else "none"
        message = f"The payment method type provided: {name} is invalid for {currency} here."
        raise conflict(message, "payment_intent_invalid_parameter", param="payment_method_types")
    return offered


def _total(lines: list[Json], currency: str) -> int:
    total: int = sum(line["amount_total"] for line in lines)
    if total > MAXIMUM:
        message = "The Checkout Session's total amount must convert to at most 99999999."
        raise StripeError(message, code="amount_too_large", param="line_items")
    return check_amount(total, currency, "line_items")


def _shape(books: Books, params: Json, lines: list[Json]) -> Json:
    session_id = ids.new("cs_test")
    currency = _currency(lines)
    total = _total(lines, currency)
    has_customer = params.get("customer") is not None
    collection = build("payment_pages_checkout_session_phone_number_collection", enabled=False)
    values: dict[str, Any] = {name: params[name] for name in COPIED if params.get(name) is not None}
    return build(
        "checkout.session",
        id=session_id,
        adaptive_pricing={"enabled": False},
        amount_subtotal=total,
        amount_total=total,
        created=books.now,
        currency=currency,
        customer_creation=None if has_customer else params.get("customer_creation", "if_required"),
        expires_at=_expires_at(books, params),
        metadata=merge(None, params.get("metadata")),
        mode="payment",
        payment_method_collection="if_required",
        payment_method_types=_methods(params, currency),
        payment_status="unpaid",
        phone_number_collection=collection,
        status="open",
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        ui_mode="hosted_page",
        url=f"{books.base_url}/c/pay/{session_id}",
        **values,
    )


@operation("POST", "/v1/checkout/sessions")
def create_session(call: Call) -> Json:
    """Create a session in payment mode with a page to pay on."""
    books, params = call.books, call.params
    _check_support(params)
    _check(params)
    check_email(params.get("customer_email"))
    if "customer" in params:
        books.get("customer", params["customer"], "customer")
    lines = [_line(books, item, index) for index, item in enumerate(params["line_items"])]
    body = _shape(books, params, lines)
    books.add(body, line_items=lines, payment_intent_data=params.get("payment_intent_data", {}))
    books.later(body["expires_at"], "expire_session", body["id"])
    return body


@operation("GET", "/v1/checkout/sessions/{session}")
def retrieve_session(call: Call) -> Json:
    """Return a session."""
    return call.books.get("checkout.session", call.id)


@operation("POST", "/v1/checkout/sessions/{session}")
def update_session(call: Call) -> Json:
    """Change a session's metadata."""
    odd = call.params.keys() - {"metadata"}
    if odd:
        message = "The sandbox updates metadata only of a Checkout Session."
        raise StripeError(message, param=sorted(odd)[0])
    session = call.books.get("checkout.session", call.id)
    return call.books.save(apply(session, call.params))


@operation("GET", "/v1/checkout/sessions")
def list_sessions(call: Call) -> Json:
    """List sessions, newest first."""
    params = call.params
    filters = pick(call.params, "customer", "payment_intent", "status")
    tests = []
    if "customer_details" in params:
        email = "json_extract(body, '$.customer_details.email') = ?"
        tests.append((email, params["customer_details"]["email"]))
    return paginate(call, "checkout.session", filters, *tests)


@operation("POST", "/v1/checkout/sessions/{session}/expire")
def expire_session(call: Call) -> Json:
    """Expire an open session."""
    session = call.books.get("checkout.session", call.ids["session"])
    return checkout.expire(call.books, session)


@operation("GET", "/v1/checkout/sessions/{session}/line_items")
def list_line_items(call: Call) -> Json:
    """List a session's lines in the order they were given."""
    session = call.books.get("checkout.session", call.ids["session"])
    return slice_page(call, call.books.private(session["id"])["line_items"])


@include("checkout.session", "line_items")
def _line_items(books: Books, session: Json) -> Json:
    lines = books.private(session["id"])["line_items"]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return as_list(lines[:10], url, has_more=len(lines) > 10)
