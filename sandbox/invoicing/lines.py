"""Invoice items and invoice lines: what parameters ask for, and what it comes to.

Source: Stripe API reference, "Invoice Items" and "Invoice Line Items".
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sandbox import ids
from sandbox.books import Books, Json
from sandbox.catalog import decimal, new_price
from sandbox.errors import StripeError, conflict, missing_parameter
from sandbox.metadata import merge
from sandbox.money import MAXIMUM, check_last_digit, display
from sandbox.spec.objects import build

WAYS = ("amount", "price_data", "pricing", "unit_amount_decimal")
UNSUPPORTED = ("discounts", "tax_amounts", "tax_rates")
MOST_DECIMALS = 12
PLAIN = ("description", "discountable", "period")


@dataclass(frozen=True)
class Worth:
    """What a line comes to, in minor units, and how it was reckoned."""

    amount: int
    quantity: Decimal
    unit: Decimal
    description: str | None = None
    price: Json | None = None

    def fields(self) -> Json:
        """Return the fields of an invoice item or a line that tell its worth."""
        pricing = build(
            "billing_bill_resource_invoicing_pricing_pricing",
            type="price_details",
            unit_amount_decimal=_plain(self.unit),
        )
        pricing.pop("price_details", None)
        if self.price is not None:
            names = {"price": self.price["id"], "product": self.price["product"]}
            pricing["price_details"] = names
        return {
            "amount": self.amount,
            "pricing": pricing,
            "quantity": int(self.quantity),
            "quantity_decimal": _plain(self.quantity),
        }


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f") if value else "0"


def _named(name: str, prefix: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def check_support(params: Json, prefix: str = "") -> None:
    """Raise StripeError (400) for what this sandbox's lines do not have."""
    for name in UNSUPPORTED:
        if params.get(name):
            param = _named(name, prefix)
            raise StripeError(f"The sandbox's invoices have no `{name}`.", param=param)


def _exact(text: str, param: str) -> Decimal:
    value = decimal(text, param)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > MOST_DECIMALS:
        message = f"Invalid decimal: {text}. It may have at most {MOST_DECIMALS} decimal places."
        raise StripeError(message, param=param)
    return value


def _quantity(params: Json, prefix: str) -> Decimal:
    if "quantity" in params and "quantity_decimal" in params:
        message = "You may only specify one of these parameters: quantity, quantity_decimal."
        raise conflict(message, "parameters_exclusive", param=_named("quantity", prefix))
    name = "quantity_decimal" if "quantity_decimal" in params else "quantity"
    value = _exact(str(params.get(name, 1)), _named(name, prefix))
    if value < 0:
        message = "Invalid non-negative integer"
        code = "parameter_invalid_integer"
        raise StripeError(message, code=code, param=_named(name, prefix))
    return value


def _price(books: Books, params: Json, currency: str, prefix: str) -> Json:
    if "price_data" in params:
        price = new_price(books, {**params["price_data"], "active": False})
    elif "price" in params["pricing"]:
        name = _named("pricing[price]", prefix)
        price = books.get("price", params["pricing"]["price"], name)
    else:
        raise missing_parameter(_named("pricing[price]", prefix))
    if price["recurring"]:
        message = "The price specified is set to `type=recurring` but this field only accepts "
        raise StripeError(f"{message}prices with `type=one_time`.", param=_named("pricing", prefix))
    check_currency(price["currency"], currency, prefix)
    return price


def check_currency(given: str, currency: str, prefix: str = "") -> None:
    """Raise StripeError (400) for a line in another currency than its invoice has."""
    if given != currency:
        message = f"The currency of this line ({given}) is not that of its invoice ({currency})."
        raise StripeError(message, param=_named("currency", prefix))


def _check_amount(amount: int, currency: str, param: str) -> None:
    if abs(amount) > MAXIMUM:
        message = f"Amount must be no more than {display(MAXIMUM, currency)}"
        raise StripeError(message, code="amount_too_large", param=param)
    check_last_digit(amount, currency, param)


def is_priced(params: Json) -> bool:
    """Say whether parameters tell or change what a line comes to."""
    return any(name in params for name in (*WAYS, "quantity", "quantity_decimal"))


def worth(books: Books, params: Json, currency: str, prefix: str = "") -> Worth:
    """Return what parameters make a line worth; a product is rounded half up to minor units.

    Raises StripeError (400): no or several ways to tell the amount, another currency than the
    invoice's, a recurring price, or an amount that no invoice can hold.
    """
    given = [name for name in WAYS if name in params]
    if not given:
        raise missing_parameter(_named("amount", prefix))
    if len(given) > 1 or ("amount" in given and {"quantity", "quantity_decimal"} & params.keys()):
        names = [*given, *(n for n in ("quantity", "quantity_decimal") if n in params)]
        message = f"You may only specify one of these parameters: {', '.join(names)}."
        raise conflict(message, "parameters_exclusive", param=_named(given[0], prefix))
    if "amount" in params:
        found = Worth(params["amount"], Decimal(1), Decimal(params["amount"]))
    else:
        found = _product(books, params, currency, prefix)
    _check_amount(found.amount, currency, _named(given[0], prefix))
    return found


def _product(books: Books, params: Json, currency: str, prefix: str) -> Worth:
    quantity = _quantity(params, prefix)
    price, name = None, None
    if "unit_amount_decimal" in params:
        unit = _exact(str(params["unit_amount_decimal"]), _named("unit_amount_decimal", prefix))
    else:
        price = _price(books, params, currency, prefix)
        unit = Decimal(price["unit_amount_decimal"])
        product = books.find(price["product"])
        name = product["name"] if product else None
    amount = int((unit * quantity).quantize(Decimal(1), ROUND_HALF_UP))
    return Worth(amount, quantity, unit, name, price)


def period(now: int, params: Json, prefix: str = "") -> Json:
    """Return the period of a line, this moment by default. Raises StripeError (400)."""
    given = params.get("period") or {"start": now, "end": now}
    if given["end"] < given["start"]:
        message = "The period's end must not be before its start."
        raise StripeError(message, param=_named("period", prefix))
    return {"end": given["end"], "start": given["start"]}


def new_item(
    books: Books,
    params: Json,
    *,
    customer: str,
    currency: str,
    invoice: str | None,
    prefix: str = "",
) -> Json:
    """Return an invoice item made from parameters; it is not stored yet.

    Raises StripeError (400) as ``worth`` does, and for what the sandbox does not support.
    """
    check_support(params, prefix)
    found = worth(books, params, currency, prefix)
    return build(
        "invoiceitem",
        id=ids.new("ii"),
        currency=currency,
        customer=customer,
        date=books.now,
        description=params.get("description", found.description),
        discountable=params.get("discountable", found.amount >= 0),
        discounts=[],
        invoice=invoice,
        metadata=merge(None, params.get("metadata")),
        net_amount=found.amount,
        period=period(books.now, params, prefix),
        tax_rates=[],
        **found.fields(),
    )


def change_item(books: Books, item: Json, params: Json, prefix: str = "") -> Json:
    """Return an invoice item with changed parameters; it is not stored. Raises as new_item."""
    check_support(params, prefix)
    after = {**item, **{name: params[name] for name in PLAIN if name in params}}
    after["metadata"] = merge(item["metadata"], params.get("metadata"))
    if "period" in params:
        after["period"] = period(books.now, params, prefix)
    if is_priced(params):
        found = worth(books, _completed(item, params), item["currency"], prefix)
        after |= {**found.fields(), "net_amount": found.amount}
    return after


def _completed(item: Json, params: Json) -> Json:
    """Return what tells the worth of a changed item; a quantity alone keeps its unit amount."""
    names = (*WAYS, "quantity", "quantity_decimal")
    given = {name: params[name] for name in names if name in params}
    if not any(name in given for name in WAYS):
        details = item["pricing"].get("price_details")
        if details:
            given["pricing"] = {"price": details["price"]}
        else:
            given["unit_amount_decimal"] = item["pricing"]["unit_amount_decimal"]
    elif "amount" not in given and not {"quantity", "quantity_decimal"} & given.keys():
        given["quantity_decimal"] = item["quantity_decimal"]
    return given


def line_of(item: Json, line_id: str | None = None) -> Json:
    """Return the line with which an invoice item stands on its invoice."""
    details = {"invoice_item": item["id"], "proration": False}
    same = (
        "amount", "currency", "description", "discountable", "invoice", "metadata", "period",
        "pricing", "quantity", "quantity_decimal",
    )  # fmt: skip
    return new_line(
        {name: item[name] for name in same},
        {
            "type": "invoice_item_details",
            "invoice_item_details": build(
                "billing_bill_resource_invoicing_lines_parents_invoice_line_item_invoice_item_parent",
                **details,
            ),
            "subscription_item_details": None,
        },
        line_id,
    )


def new_line(fields: Json, parent: Json, line_id: str | None = None) -> Json:
    """Return a line of an invoice. ``parent`` is the spec's ``invoice_line_item_parent``."""
    return build(
        "line_item",
        id=line_id or ids.new("il"),
        discount_amounts=[],
        discounts=[],
        parent=parent,
        pretax_credit_amounts=[],
        subtotal=fields["amount"],
        taxes=[],
        **fields,
    )
