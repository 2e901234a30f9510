"""Customers' balances: what a customer owes, or has to their credit, outside of any invoice.

Source: Stripe docs, "Customer credit balance". A negative balance is credit.
"""

from dataclasses import dataclass

from sandbox import ids
from sandbox.books import Books, Json
from sandbox.errors import StripeError
from sandbox.events import record_update
from sandbox.metadata import merge
from sandbox.money import MINIMUM
from sandbox.spec.objects import build


@dataclass(frozen=True)
class Reckoning:
    """What an invoice asks for after the balance: due now, and the balance that then remains."""

    due: int
    ending: int
    kind: str


def reckon(total: int, starting: int, currency: str) -> Reckoning:
    """Apply a starting balance to an invoice's total, all in minor units.

    What is less than the least that can be charged moves to the balance; so does a credit.
    """
    net = total + starting
    if net <= 0:
        return Reckoning(0, net, "applied_to_invoice")
    if net < MINIMUM.get(currency, 1):
        return Reckoning(0, net, "invoice_too_small")
    return Reckoning(net, 0, "applied_to_invoice")


def usable(customer: Json, currency: str) -> int:
    """Return the balance that an invoice of this currency starts from: none for another one."""
    balance: int = customer.get("balance", 0)
    return balance if customer.get("currency") in (None, currency) else 0


def fix_currency(books: Books, customer: Json, currency: str) -> Json:
    """Give a customer their currency when they have none yet. Returns the customer."""
    if customer["currency"] is not None:
        return customer
    return record_update(books, "customer.updated", customer, {**customer, "currency": currency})


def enter(books: Books, customer: Json, amount: int, kind: str, **fields: object) -> Json:
    """Store a balance transaction and the customer's new balance. Returns the transaction.

    ``amount`` is signed and in minor units of the customer's currency: negative is credit.
    """
    ending = customer["balance"] + amount
    body = build(
        "customer_balance_transaction",
        id=ids.new("cbtxn"),
        amount=amount,
        created=books.now,
        currency=customer["currency"],
        customer=customer["id"],
        ending_balance=ending,
        metadata={},
        type=kind,
        **fields,
    )
    books.add(body)
    record_update(books, "customer.updated", customer, {**customer, "balance": ending})
    return body


def adjust(books: Books, customer: Json, params: Json) -> Json:
    """Change a customer's balance by hand. Returns the transaction.

    Raises StripeError (400) for another currency than the customer's.
    """
    if customer["currency"] not in (None, params["currency"]):
        message = (
            f"The currency of this balance transaction ({params['currency']}) is not that of the "
            f"customer ({customer['currency']})."
        )
        raise StripeError(message, param="currency")
    customer = fix_currency(books, customer, params["currency"])
    text = params.get("description")
    entry = enter(books, customer, params["amount"], "adjustment", description=text)
    return books.save({**entry, "metadata": merge(None, params.get("metadata"))})
