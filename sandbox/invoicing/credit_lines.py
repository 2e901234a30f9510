"""The lines of a credit note: parts of an invoice's lines, and lines of their own.

Source: Stripe API reference, "Credit Note Line Items".
"""

from decimal import ROUND_HALF_UP, Decimal

from sandbox import ids
from sandbox.books import Books, Json
from sandbox.catalog import decimal
from sandbox.errors import StripeError, conflict, missing_parameter
from sandbox.invoicing import drafts
from sandbox.spec.objects import build


def read(books: Books, invoice: Json, params: Json) -> list[Json]:
    """Return the lines that a credit note's parameters ask for; none when they name an amount.

    Raises StripeError (400): neither or both, an unknown line, or one credited beyond its amount.
    """
    if ("amount" in params) == bool(params.get("lines")):
        message = "One of `amount` and `lines` must be provided, and not both."
        raise conflict(message, "parameter_missing", param="amount")
    found: list[Json] = []
    for index, given in enumerate(params.get("lines") or []):
        name = f"lines[{index}]"
        for odd in ("tax_amounts", "tax_rates"):
            if given.get(odd):
                message = f"The sandbox's credit notes have no `{odd}`."
                raise StripeError(message, param=f"{name}[{odd}]")
        make = _invoice_line if given["type"] == "invoice_line_item" else _custom_line
        found.append(make(books, invoice, given, name))
    _check_lines(books, invoice, found)
    return found


def _check_lines(books: Books, invoice: Json, found: list[Json]) -> None:
    """Raise StripeError (400) for a line that would be credited beyond its amount."""
    credited: dict[str, int] = {}
    notes = books.where("credit_note", invoice=invoice["id"], status="issued")
    earlier = [line for note in notes for line in books.private(note["id"])["lines"]]
    for line in [*earlier, *found]:
        name = line.get("invoice_line_item")
        if name is not None:
            credited[name] = credited.get(name, 0) + line["amount"]
    amounts = {line["id"]: line["amount"] for line in drafts.lines_of(books, invoice["id"])}
    for name, amount in credited.items():
        if amount > max(0, amounts[name]):
            message = f"The line item {name} would be credited {amount} of {amounts[name]} in all."
            raise StripeError(message, param="lines")


def _line(**fields: object) -> Json:
    return build(
        "credit_note_line_item",
        id=ids.new("cnli"),
        discount_amount=0,
        discount_amounts=[],
        pretax_credit_amounts=[],
        tax_rates=[],
        taxes=[],
        **fields,
    )


def _invoice_line(books: Books, invoice: Json, given: Json, name: str) -> Json:
    for line in drafts.lines_of(books, invoice["id"]):
        if line["id"] == given.get("invoice_line_item"):
            break
    else:
        message = f"No such invoice line item: '{given.get('invoice_line_item')}'"
        param = f"{name}[invoice_line_item]"
        raise StripeError(message, code="resource_missing", param=param)
    if ("amount" in given) == ("quantity" in given):
        message = "One of `amount` and `quantity` must be provided, and not both."
        raise conflict(message, "parameter_missing", param=f"{name}[amount]")
    unit = Decimal(line["pricing"]["unit_amount_decimal"])
    amount = given.get("amount")
    if amount is None:
        amount = _rounded(unit * given["quantity"])
    return _line(
        amount=_positive(amount, f"{name}[amount]"),
        description=given.get("description", line["description"]),
        invoice_line_item=line["id"],
        metadata=given.get("metadata") or {},
        quantity=given.get("quantity"),
        type="invoice_line_item",
        **(_unit(unit) if "quantity" in given else {}),
    )


def _rounded(exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _positive(amount: int, param: str) -> int:
    if amount < 0:
        raise StripeError("Invalid non-negative integer", param=param)
    return amount


def _unit(unit: Decimal) -> Json:
    whole = int(unit) if unit == unit.to_integral_value() else None
    return {"unit_amount": whole, "unit_amount_decimal": format(unit, "f")}


def _custom_line(books: Books, invoice: Json, given: Json, name: str) -> Json:
    for field in ("description", "quantity"):
        if field not in given:
            raise missing_parameter(f"{name}[{field}]")
    if ("unit_amount" in given) == ("unit_amount_decimal" in given):
        message = "One of `unit_amount` and `unit_amount_decimal` must be provided, and not both."
        raise conflict(message, "parameter_missing", param=f"{name}[unit_amount]")
    key = "unit_amount" if "unit_amount" in given else "unit_amount_decimal"
    unit = decimal(str(given[key]), f"{name}[{key}]")
    return _line(
        amount=_positive(_rounded(unit * given["quantity"]), f"{name}[{key}]"),
        description=given["description"],
        metadata=given.get("metadata") or {},
        quantity=given["quantity"],
        type="custom_line_item",
        **_unit(unit),
    )
