"""Ends of an invoice without payment: void and uncollectible.

Source: Stripe docs, "Invoice status transitions".
"""

from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict
from sandbox.events import record, record_update
from sandbox.invoicing import balances, collecting


def _not_open(invoice: Json) -> StripeError:
    message = "You can only pass in open invoices. This invoice isn't open: its status is "
    return conflict(f"{message}{invoice['status']}.", "invoice_not_editable")


def void(books: Books, invoice: Json) -> Json:
    """Void an open or uncollectible invoice. Returns it.

    Its payment is cancelled, and the balance that it used is given back to the customer. Raises
    StripeError (400) for any other, and while a debit for it is on its way.
    """
    if invoice["status"] not in collecting.PAYABLE:
        raise _not_open(invoice)
    collecting.cancel_payment(books, invoice)
    customer = books.find(invoice["customer"]) or {}
    applied = invoice["ending_balance"] - invoice["starting_balance"]
    if applied and not customer.get("deleted"):
        kind = "unapplied_from_invoice"
        balances.enter(books, customer, -applied, kind, invoice=invoice["id"])
    return _close(books, invoice, "void", "voided_at", "invoice.voided")


def mark_uncollectible(books: Books, invoice: Json) -> Json:
    """Write an open invoice off as bad debt; it can still be paid or voided. Returns it.

    Raises StripeError (400) for an invoice that is not open.
    """
    if invoice["status"] != "open":
        raise _not_open(invoice)
    moment = "marked_uncollectible_at"
    return _close(books, invoice, "uncollectible", moment, "invoice.marked_uncollectible")


def _close(books: Books, invoice: Json, status: str, moment: str, event: str) -> Json:
    moments = {**invoice["status_transitions"], moment: books.now}
    ended = {"auto_advance": False, "next_payment_attempt": None, "status": status}
    after = {**invoice, **ended, "status_transitions": moments}
    record_update(books, "invoice.updated", invoice, after)
    record(books, event, after)
    return after
