"""New products and prices, as the API and Checkout make them."""

from decimal import Decimal, InvalidOperation

from sandbox import ids
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict, missing_parameter
from sandbox.events import record
from sandbox.metadata import apply, merge
from sandbox.spec.objects import build

PRODUCT_FIELDS = (
    "active", "description", "images", "marketing_features", "name", "package_dimensions",
    "shippable", "statement_descriptor", "tax_code", "unit_label", "url",
)  # fmt: skip
LARGEST_EXPONENT = 20


def new_product(books: Books, params: Json) -> Json:
    """Store a product made from parameters and write its event. Returns it."""
    blank = build(
        "product",
        id=params.get("id") or ids.new("prod"),
        active=True,
        created=books.now,
        updated=books.now,
    )
    body = apply(blank, params, *PRODUCT_FIELDS)
    body["images"] = body["images"] or []
    body["metadata"] = merge(None, params.get("metadata"))
    if books.find(body["id"]) is not None:
        message = f"Product already exists: {body['id']}"
        raise conflict(message, "resource_already_exists", param="id")
    books.add(body)
    record(books, "product.created", body)
    return body


def decimal(text: str, param: str) -> Decimal:
    """Return a decimal number; StripeError (400) for anything else, or one of absurd size."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or abs(value.adjusted()) > LARGEST_EXPONENT:
        raise StripeError(f"Invalid decimal: {text[:40]}", param=param)
    return value


def unit_amounts(params: Json) -> tuple[int | None, str | None]:
    """Return (unit_amount, unit_amount_decimal) in minor units from either parameter.

    Raises StripeError (400) when neither is given, or the amount is negative.
    """
    if "unit_amount_decimal" in params:
        exact = decimal(str(params["unit_amount_decimal"]), "unit_amount_decimal")
    elif params.get("unit_amount") not in (None, ""):
        exact = Decimal(params["unit_amount"])
    else:
        raise missing_parameter("unit_amount")
    if exact < 0:
        message = "Invalid non-negative integer"
        code = "parameter_invalid_integer"
        raise StripeError(message, code=code, param="unit_amount")
    whole = int(exact) if exact == exact.to_integral_value() else None
    return whole, format(exact.normalize(), "f")


def _recurring(params: Json) -> Json | None:
    given = params.get("recurring")
    if not given:
        return None
    defaults = {"interval_count": 1, "usage_type": "licensed"}
    return build("recurring", **{**defaults, **given})


def _product_of(books: Books, params: Json) -> str:
    if "product_data" in params:
        return str(new_product(books, params["product_data"])["id"])
    if "product" not in params:
        raise missing_parameter("product")
    return str(books.get("product", params["product"], "product")["id"])


def new_price(books: Books, params: Json) -> Json:
    """Store a price made from parameters and write its event. Returns it.

    Raises StripeError (400): no product, no amount, or a lookup key in use.
    """
    whole, exact = unit_amounts(params)
    lookup_key = params.get("lookup_key")
    if lookup_key and books.where("price", lookup_key=lookup_key):
        message = f"A price (or plan) already uses the lookup key '{lookup_key}'."
        raise conflict(message, "resource_already_exists", param="lookup_key")
    recurring = _recurring(params)
    body = build(
        "price",
        id=ids.new("price"),
        active=params.get("active", True),
        billing_scheme="per_unit",
        created=books.now,
        currency=params["currency"],
        lookup_key=lookup_key,
        metadata=merge(None, params.get("metadata")),
        nickname=params.get("nickname"),
        product=_product_of(books, params),
        recurring=recurring,
        tax_behavior=params.get("tax_behavior", "unspecified"),
        transform_quantity=params.get("transform_quantity"),
        type="recurring" if recurring else "one_time",
        unit_amount=whole,
        unit_amount_decimal=exact,
    )
    books.add(body)
    record(books, "price.created", body)
    return body
