"""Collect finalized invoices: payments and their retries, and every other end of an invoice.

Source: Stripe docs, "Automatic charging", "Smart Retries" and "Invoice status transitions".
"""

from sandbox import ids, paying
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict, no_such
from sandbox.events import record, record_update
from sandbox.money import MINIMUM
from sandbox.resources import payment_methods
from sandbox.spec.objects import build
from sandbox.timers import timer

ATTEMPTED_AFTER = 3600
RETRY_DAYS = (3, 5, 7)
DAY = 24 * 3600
PAYABLE = ("open", "uncollectible")


def open_payment(books: Books, invoice: Json, kinds: list[str]) -> Json:
    """Store the payment intent of an invoice and the payment that ties it to it. Returns that."""
    params = {
        "customer": invoice["customer"],
        "description": "Payment for Invoice",
        "payment_method_types": kinds,
        "statement_descriptor": invoice["statement_descriptor"],
    }
    intent = paying.new_intent(books, invoice["amount_due"], invoice["currency"], params)
    body = build(
        "invoice_payment",
        id=ids.new("inpay"),
        amount_requested=invoice["amount_due"],
        created=books.now,
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions=build("invoices_payments_invoice_payment_status_transitions"),
    )
    books.note(intent["id"], invoice=invoice["id"])
    return books.add(body)


def payment_of(books: Books, invoice: Json) -> Json | None:
    """Return the payment that an invoice asks for, or None when nothing was due."""
    found = books.where("invoice_payment", invoice=invoice["id"])
    return found[-1] if found else None


def intent_of(books: Books, invoice: Json) -> Json | None:
    """Return the payment intent of an invoice, or None when nothing was due."""
    payment = payment_of(books, invoice)
    return books.get("payment_intent", payment["payment"]["payment_intent"]) if payment else None


def schedule(books: Books, opened: Json) -> Json:
    """Plan what happens by itself to a freshly finalized invoice. Returns it, not yet saved."""
    if opened["due_date"] is not None:
        books.later(opened["due_date"], "invoice_overdue", opened["id"])
    return plan(books, opened) if opened["auto_advance"] else opened


def plan(books: Books, opened: Json) -> Json:
    """Have an open invoice charged or sent an hour later. Returns it, not yet saved."""
    due = books.now + ATTEMPTED_AFTER
    books.later(due, "advance_invoice", opened["id"])
    if opened["collection_method"] == "send_invoice":
        return opened
    return {**opened, "next_payment_attempt": due}


@timer("advance_invoice")
def advance_when_due(books: Books, invoice_id: str) -> None:
    """Charge an open invoice, or send it, unless it has moved on or no longer advances."""
    invoice = books.find(invoice_id) or {}
    if invoice.get("status") != "open" or not invoice["auto_advance"]:
        return
    if invoice["collection_method"] == "send_invoice":
        record(books, "invoice.sent", invoice)
        return
    planned = invoice["next_payment_attempt"]
    if planned is not None and planned <= books.now:
        attempt(books, invoice, default_method(books, invoice), is_scheduled=True)


@timer("invoice_overdue")
def overdue_when_due(books: Books, invoice_id: str) -> None:
    """Tell that an open invoice was not paid by its due date."""
    invoice = books.find(invoice_id) or {}
    if invoice.get("status") == "open" and invoice["due_date"] <= books.now:
        record(books, "invoice.overdue", invoice)


def default_method(books: Books, invoice: Json) -> Json | None:
    """Return what an invoice is charged to: its own default, or the customer's for invoices.

    A payment method that is merely attached to the customer is not used: Stripe does not either.
    """
    customer = books.find(invoice["customer"]) or {}
    settings = customer.get("invoice_settings") or {}
    name = invoice["default_payment_method"] or settings.get("default_payment_method")
    found = books.find(name) if name else None
    return found if found and found["customer"] == invoice["customer"] else None


def _next_attempt(books: Books, invoice: Json, count: int) -> int | None:
    """Plan the next attempt after one that is about to be made; the timer is set with it."""
    is_automatic = invoice["auto_advance"] and invoice["collection_method"] != "send_invoice"
    if not is_automatic or count > len(RETRY_DAYS):
        return None
    due = books.now + RETRY_DAYS[count - 1] * DAY
    books.later(due, "advance_invoice", invoice["id"])
    return due


def attempt(
    books: Books,
    invoice: Json,
    method: Json | None,
    *,
    is_scheduled: bool = False,
    return_url: str | None = None,
) -> Json:
    """Try to pay an open invoice with a payment method. Returns the invoice as it is then.

    The payment's outcome is on its intent. Only the first attempt and those by the clock count,
    and plan the next one. Without a method the attempt fails.
    """
    is_counted = is_scheduled or not invoice["attempted"]
    count = invoice["attempt_count"] + is_counted
    planned = (
        _next_attempt(books, invoice, count) if is_counted else invoice["next_payment_attempt"]
    )
    tried = {"attempted": True, "attempt_count": count, "next_payment_attempt": planned}
    after = record_update(books, "invoice.updated", invoice, {**invoice, **tried})
    intent = intent_of(books, invoice)
    if method is None or intent is None:
        record(books, "invoice.payment_failed", after)
        return after
    if intent["status"] == "requires_action":
        intent = books.save({**intent, "status": "requires_payment_method", "next_action": None})
    paying.confirm(books, intent, method, return_url)
    return books.get("invoice", invoice["id"])


@paying.follower
def follow(books: Books, intent: Json) -> None:
    """Write the outcome of a payment intent to the invoice that it belongs to, if any."""
    invoice_id = books.private(intent["id"]).get("invoice")
    invoice = books.find(invoice_id) if invoice_id else None
    if invoice is None or invoice["status"] not in PAYABLE:
        return
    if intent["status"] == "succeeded":
        settle(books, invoice, intent["amount_received"])
    elif intent["status"] == "requires_action":
        record(books, "invoice.payment_action_required", _tried(books, invoice))
    elif intent["status"] == "requires_payment_method":
        record(books, "invoice.payment_failed", _tried(books, invoice))


def _tried(books: Books, invoice: Json) -> Json:
    if invoice["attempted"]:
        return invoice
    return books.save({**invoice, "attempted": True, "attempt_count": 1})


def settle(books: Books, invoice: Json, amount: int, *, out_of_band: bool = False) -> Json:
    """Mark an invoice paid by an amount in minor units, and write the events. Returns it."""
    paid_at = {**invoice["status_transitions"], "paid_at": books.now}
    off = invoice["amount_paid_off_stripe"] + (amount if out_of_band else 0)
    counted = (
        {} if out_of_band or not amount else {"attempt_count": max(1, invoice["attempt_count"])}
    )
    after = {
        **invoice,
        **counted,
        "amount_paid": invoice["amount_paid"] + amount,
        "amount_paid_off_stripe": off,
        "amount_remaining": 0,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "paid",
        "status_transitions": paid_at,
    }
    record_update(books, "invoice.updated", invoice, after)
    record(books, "invoice.paid", after)
    record(books, "invoice.payment_succeeded", after)
    payment = payment_of(books, invoice)
    if payment is not None and not out_of_band and payment["status"] == "open":
        moments = {**payment["status_transitions"], "paid_at": books.now}
        done = {"amount_paid": amount, "status": "paid", "status_transitions": moments}
        record(books, "invoice_payment.paid", books.save({**payment, **done}))
    return after


def pay(books: Books, invoice: Json, method: Json | None) -> Json:
    """Pay a finalized invoice now, with this method or the default one. Returns the invoice.

    Raises StripeError: 400 for an invoice that cannot be paid or without a payment method, and
    402, what was written kept, when the payment failed or asks for more of the customer.
    """
    check_payable(invoice)
    method = method or default_method(books, invoice)
    if method is None:
        message = (
            "There is no `default_payment_method` set on this Customer or Invoice. Please attach "
            "a payment method and set it as default, or name one."
        )
        raise conflict(message, "resource_missing", param="payment_method")
    if invoice["amount_remaining"] < MINIMUM.get(invoice["currency"], 1):
        message = "The amount remaining is less than the least that can be charged."
        raise conflict(message, "amount_too_small")
    after = attempt(books, invoice, method)
    intent = intent_of(books, invoice)
    if intent is not None and after["status"] != "paid":
        _raise_unpaid(intent)
    return after


def check_payable(invoice: Json) -> None:
    """Raise StripeError (400) for an invoice that is paid, void or still a draft."""
    if invoice["status"] == "paid":
        raise StripeError("Invoice is already paid")
    if invoice["status"] not in PAYABLE:
        message = f"This invoice can no longer be paid: its status is {invoice['status']}."
        raise conflict(message, "invoice_not_editable")


def _raise_unpaid(intent: Json) -> None:
    """Raise the 402 of a payment that failed or waits for the customer; none for a debit."""
    if intent["status"] == "requires_payment_method":
        raise paying.declined(intent)
    if intent["status"] == "requires_action":
        raise StripeError(
            "Payment for this invoice requires additional user action before it can be completed "
            "successfully. Payment can be completed using the PaymentIntent associated with the "
            "invoice.",
            status=402,
            kind="card_error",
            code="invoice_payment_intent_requires_action",
            keeps_effects=True,
        )


def pay_out_of_band(books: Books, invoice: Json) -> Json:
    """Mark an invoice paid outside of Stripe; its payment is cancelled. Returns the invoice."""
    check_payable(invoice)
    cancel_payment(books, invoice)
    return settle(books, invoice, invoice["amount_remaining"], out_of_band=True)


def cancel_payment(books: Books, invoice: Json) -> None:
    """Cancel what an invoice asks for. Raises StripeError (400) while a debit is on its way."""
    payment, intent = payment_of(books, invoice), intent_of(books, invoice)
    if payment is None or intent is None or payment["status"] != "open":
        return
    paying.cancel(books, intent, "void_invoice")
    moments = {**payment["status_transitions"], "canceled_at": books.now}
    books.save({**payment, "status": "canceled", "status_transitions": moments})


def named_method(books: Books, invoice: Json, name: str) -> Json:
    """Return a payment method of the invoice's customer, by id or as a test token.

    Raises StripeError (400) for an unknown one or one of somebody else.
    """
    method = payment_methods.resolve(books, name)
    if method["customer"] is None and name != method["id"]:
        return payment_methods.attach(books, method, invoice["customer"])
    if method["customer"] != invoice["customer"]:
        raise no_such("PaymentMethod", name, "payment_method", 400)
    return method
