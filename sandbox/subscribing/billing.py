"""Invoices of a subscription: of its start, of each period, and none while it is paused."""

import dataclasses
from decimal import ROUND_HALF_UP, Decimal

from sandbox.books import Books, Json
from sandbox.errors import StripeError
from sandbox.invoicing import closing, collecting, drafts, finalizing
from sandbox.invoicing.lines import Worth, new_line
from sandbox.money import display
from sandbox.spec.objects import build

DAY = 24 * 3600


def share(amount: int, part: int, whole: int) -> int:
    """Return the part of an amount that a part of a period is worth, rounded half up."""
    exact = Decimal(amount) * part / whole
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def period_lines(
    books: Books,
    subscription: Json,
    start: int,
    end: int,
    *,
    whole: int | None = None,
    is_trial: bool = False,
) -> list[Json]:
    """Return the lines of one period; ``whole`` is its full length where only a part is billed."""
    found = []
    for item in subscription["items"]["data"]:
        price, quantity = item["price"], item["quantity"]
        unit = Decimal(price["unit_amount_decimal"])
        amount = int((unit * quantity).quantize(Decimal(1), ROUND_HALF_UP))
        name = (books.find(price["product"]) or {}).get("name", price["product"])
        shown = display(price["unit_amount"] or 0, price["currency"])
        text = f"{quantity} x {name} (at {shown} / {price['recurring']['interval']})"
        if whole is not None:
            amount = share(amount, end - start, whole)
        if is_trial:
            amount, unit, text = 0, Decimal(0), f"Trial period for {name}"
        worth = Worth(amount, Decimal(quantity), unit, text, price)
        period = {"start": start, "end": end}
        found.append(_line(subscription, item, worth, period, is_proration=whole is not None))
    return found


def _line(
    subscription: Json, item: Json, worth: Worth, period: Json, *, is_proration: bool
) -> Json:
    return new_line(
        {
            **worth.fields(),
            "currency": subscription["currency"],
            "description": worth.description,
            "discountable": True,
            "invoice": None,
            "metadata": dict(subscription["metadata"]),
            "period": period,
        },
        {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": build(
                "billing_bill_resource_invoicing_lines_parents_invoice_line_item_subscription_item_parent",
                proration=is_proration,
                subscription=subscription["id"],
                subscription_item=item["id"],
            ),
        },
    )


def bill(books: Books, subscription: Json, lines: list[Json], reason: str) -> Json:
    """Make the invoice of a subscription with these lines. Returns it as a draft.

    It advances by itself unless collection is paused.
    """
    customer = books.get("customer", subscription["customer"])
    sends = subscription["collection_method"] == "send_invoice"
    due = books.now + (subscription["days_until_due"] or 0) * DAY if sends else None
    paused = subscription["pause_collection"] is not None
    invoice = drafts.new_invoice(
        books,
        customer,
        currency=subscription["currency"],
        billing_reason=reason,
        parent=_parent(subscription),
        items=drafts.pending_items(books, customer["id"], subscription["currency"]),
        fixed_lines=lines,
        auto_advance=not paused,
        collection_method=subscription["collection_method"],
        default_payment_method=subscription["default_payment_method"],
        due_date=due,
        period_start=min(line["period"]["start"] for line in lines),
        period_end=books.now,
    )
    return _paused(books, subscription, invoice) if paused else invoice


def _parent(subscription: Json) -> Json:
    return build(
        "billing_bill_resource_invoicing_parents_invoice_parent",
        type="subscription_details",
        subscription_details={
            "subscription": subscription["id"],
            "metadata": dict(subscription["metadata"]),
        },
    )


def _paused(books: Books, subscription: Json, invoice: Json) -> Json:
    """Do with an invoice what the pause wants: keep the draft, void it or write it off."""
    behavior = subscription["pause_collection"]["behavior"]
    if behavior == "keep_as_draft":
        return invoice
    opened = finalizing.finalize(books, invoice, auto_advance=False)
    if opened["status"] != "open":
        return opened
    if behavior == "void":
        return closing.void(books, opened)
    return closing.mark_uncollectible(books, opened)


def collect_now(books: Books, subscription: Json, invoice: Json) -> Json:
    """Finalize and pay the first invoice of a subscription that charges by itself."""
    opened = finalizing.finalize(books, invoice)
    if opened["status"] != "open":
        return opened
    method = collecting.default_method(books, opened)
    if method is None:
        return opened
    try:
        return collecting.pay(books, opened, method)
    except StripeError:
        return books.get("invoice", opened["id"])


def at(books: Books, moment: int) -> Books:
    """Return the books as of a moment that the clock has passed already."""
    return dataclasses.replace(books, now=min(books.now, moment))
