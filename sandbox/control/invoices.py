"""Controls of invoices: pay, fail, and all of them at a glance for checks of what was made."""

import json

from sandbox import cards, paying
from sandbox.books import Books, Json
from sandbox.control.objects import find
from sandbox.control.routes import Command, ControlError, control
from sandbox.invoicing import collecting, finalizing
from sandbox.resources import payment_methods

DECLINED_CARD = "4000000000000002"
SHOWN = (
    "id", "customer", "number", "status", "currency", "total", "amount_due", "amount_paid",
    "amount_remaining", "metadata", "created",
)  # fmt: skip
SHOWN_OF_LINE = ("id", "amount", "description", "metadata")


@control("GET", "/invoices")
def list_invoices(command: Command) -> Json:
    """Return every invoice of every account with all its lines, oldest first."""
    rows = command.sandbox.store.rows(
        "select account, body, private from objects where kind = 'invoice' and not deleted "
        "order by seq"
    )
    found = []
    for row in rows:
        body, lines = json.loads(row["body"]), json.loads(row["private"])["lines"]
        shown = [{name: line[name] for name in SHOWN_OF_LINE} for line in lines]
        facts = {name: body[name] for name in SHOWN}
        found.append({**facts, "account": row["account"], "lines": shown})
    return {"invoices": found}


def _method(books: Books, invoice: Json, given: Json) -> Json:
    """Return the payment method that a pay command describes."""
    details = {"email": invoice["customer_email"], "name": "Sandbox Buyer"}
    kinds = finalizing.method_types(invoice)
    if "account" in given:
        debits = [kind for kind in kinds if kind != "card"]
        if not debits:
            raise ControlError("this invoice takes no bank debit")
        if given["account"] not in cards.BANK_ACCOUNTS:
            raise ControlError("account must be succeeds or fails")
        return payment_methods.new_debit(books, debits[0], given["account"], details)
    number = cards.digits(given.get("card", "4242424242424242"))
    return payment_methods.new_card(books, number, 12, payment_methods.next_year(books), details)


def _pay(command: Command, given: Json) -> Json:
    with command.sandbox.store.transaction():
        books, invoice = find(command, "invoice")
        collecting.check_payable(invoice)
        collecting.attempt(books, invoice, _method(books, invoice, given))
        intent = collecting.intent_of(books, invoice)
        if intent and intent["status"] == "requires_action" and "authenticate" in given:
            paying.authenticate(books, intent, passed=given["authenticate"])
        return {
            "invoice": books.get("invoice", invoice["id"]),
            "payment_intent": collecting.intent_of(books, invoice),
        }


@control("POST", "/invoices/{id}/pay")
def pay_invoice(command: Command) -> Json:
    """Pay an open invoice as its customer would on its page. Returns it and its intent.

    ``card``, ``account`` and ``authenticate`` are those of a session's ``pay``. A decline is no
    error: the invoice stays open. Raises StripeError (400) for one that cannot be paid.
    """
    return _pay(command, command.read(card=str, account=str, authenticate=bool))


@control("POST", "/invoices/{id}/fail")
def fail_invoice(command: Command) -> Json:
    """Have a payment of an open invoice declined. Returns the invoice and its intent."""
    command.read()
    return _pay(command, {"card": DECLINED_CARD})


@control("POST", "/invoices/{id}/async")
def settle_invoice(command: Command) -> Json:
    """Settle an invoice's bank debit now; ``succeeds`` overrules the account that was used."""
    given = command.read(succeeds=bool)
    with command.sandbox.store.transaction():
        books, invoice = find(command, "invoice")
        intent = collecting.intent_of(books, invoice)
        settled = paying.settle(books, intent["id"], **given) if intent else None
        if settled is None:
            raise ControlError("this invoice has no bank debit that waits", 409)
        return {"invoice": books.get("invoice", invoice["id"]), "payment_intent": settled}


@control("POST", "/invoices/{id}/finalization_error")
def set_finalization_error(command: Command) -> Json:
    """Have the draft fail to finalize with a ``code`` and a ``message``; null lets it pass."""
    given = command.read(code=str, message=(str, type(None)))
    with command.sandbox.store.transaction():
        books, invoice = find(command, "invoice")
        wanted = None
        if "message" not in given or given["message"] is not None:
            wanted = {
                "code": given.get("code", "customer_tax_location_invalid"),
                "message": given.get("message", "The sandbox was told not to finalize it."),
            }
        books.note(invoice["id"], finalization_error=wanted)
        return {"id": invoice["id"], "finalization_error": wanted}
