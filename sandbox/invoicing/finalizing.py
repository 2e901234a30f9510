"""Finalize invoices: the number, the customer's balance, and the payment that is asked for.

Source: Stripe docs, "How invoices work" and "Invoice status transitions".
"""

from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict
from sandbox.events import record, record_update
from sandbox.invoicing import balances, collecting, drafts
from sandbox.money import MAXIMUM, display
from sandbox.resources.payment_methods import DEBITS
from sandbox.spec.objects import build
from sandbox.timers import timer


def method_types(invoice: Json) -> list[str]:
    """Return how an invoice can be paid: what suits its currency, narrowed by its settings."""
    suited = ["card", *(kind for code, kind in DEBITS.items() if code == invoice["currency"])]
    asked = invoice["payment_settings"]["payment_method_types"]
    return [kind for kind in suited if asked is None or kind in asked]


def _obstacle(books: Books, invoice: Json, due: int) -> StripeError | None:
    """Return why an invoice cannot be finalized, or None."""
    wanted = books.private(invoice["id"]).get("finalization_error")
    if wanted is not None:
        return StripeError(wanted["message"], code=wanted["code"])
    if due and not method_types(invoice):
        message = (
            "No valid payment method types for this invoice: none of those in its payment "
            f"settings can be used for {invoice['currency']}."
        )
        return conflict(message, "invoice_no_payment_method_types")
    if due > MAXIMUM:
        most = display(MAXIMUM, invoice["currency"])
        return conflict(f"Amount due must be no more than {most}", "amount_too_large")
    return None


def _number(books: Books, customer: Json) -> tuple[Json, str]:
    """Return the customer, their sequence moved on, and the next free number of it."""
    sequence = customer["next_invoice_sequence"]
    while is_taken(books, f"{customer['invoice_prefix']}-{sequence:04d}"):
        sequence += 1
    number = f"{customer['invoice_prefix']}-{sequence:04d}"
    return books.save({**customer, "next_invoice_sequence": sequence + 1}), number


def is_taken(books: Books, number: str, but: str | None = None) -> bool:
    """Say whether another invoice of the account has this number."""
    return any(found["id"] != but for found in books.where("invoice", number=number))


def finalize(books: Books, invoice: Json, auto_advance: bool | None = None) -> Json:
    """Finalize a draft and return it: open, or paid at once when nothing is due.

    ``auto_advance`` replaces the draft's own wish. Raises StripeError (400): for an invoice that
    is no draft, and, kept on record with ``invoice.finalization_failed``, for one that no
    payment can be made for.
    """
    if invoice["status"] != "draft":
        message = (
            "This invoice is already finalized, you can't re-finalize a non-draft invoice. Its "
            f"status is {invoice['status']}."
        )
        raise conflict(message, "invoice_not_editable")
    customer = _customer(books, invoice)
    starting = balances.usable(customer, invoice["currency"])
    reckoning = balances.reckon(invoice["total"], starting, invoice["currency"])
    obstacle = _obstacle(books, invoice, reckoning.due)
    if obstacle is not None:
        _fail(books, invoice, obstacle)
        raise obstacle
    customer = balances.fix_currency(books, customer, invoice["currency"])
    if auto_advance is not None:
        invoice = {**invoice, "auto_advance": auto_advance}
    customer, opened = _open(books, invoice, customer)
    opened |= {"ending_balance": reckoning.ending, "starting_balance": starting}
    opened |= {"amount_due": reckoning.due, "amount_remaining": reckoning.due}
    if reckoning.ending != starting:
        change = reckoning.ending - starting
        balances.enter(books, customer, change, reckoning.kind, invoice=invoice["id"])
    return _announce(books, invoice, opened)


def _customer(books: Books, invoice: Json) -> Json:
    found = books.find(invoice["customer"])
    if found is None or found.get("deleted"):
        message = f"The customer {invoice['customer']} of this invoice is deleted."
        error = StripeError(message, code="resource_missing", param="customer")
        _fail(books, invoice, error)
        raise error
    return found


def _open(books: Books, invoice: Json, customer: Json) -> tuple[Json, Json]:
    number = invoice["number"]
    if number is None:
        customer, number = _number(books, customer)
    finalized = {**invoice["status_transitions"], "finalized_at": books.now}
    page = f"{books.base_url}/c/invoice/{invoice['id']}"
    opened = {
        **invoice,
        **drafts.payer(customer),
        "automatically_finalizes_at": None,
        "effective_at": invoice["effective_at"] or books.now,
        "hosted_invoice_url": page,
        "invoice_pdf": f"{page}/pdf",
        "last_finalization_error": None,
        "number": number,
        "status": "open",
        "status_transitions": finalized,
    }
    return customer, opened


def _announce(books: Books, draft: Json, opened: Json) -> Json:
    """Store a finalized invoice, ask for its payment or mark it paid, and write the events."""
    if opened["amount_due"] > 0:
        collecting.open_payment(books, opened, method_types(opened))
        opened = collecting.schedule(books, opened)
    record_update(books, "invoice.updated", draft, opened)
    record(books, "invoice.finalized", opened)
    if opened["amount_due"] > 0:
        return opened
    return collecting.settle(books, opened, 0)


def _fail(books: Books, invoice: Json, error: StripeError) -> None:
    """Put a failed finalization on record, and keep it through the error answer."""
    error.keeps_effects = True
    fields = {"type": "invalid_request_error", "message": str(error)}
    named = {name: error.fields[name] for name in ("code", "param") if name in error.fields}
    after = {**invoice, "last_finalization_error": build("api_errors", **fields, **named)}
    books.save(after)
    record(books, "invoice.finalization_failed", after)


@timer("finalize_invoice")
def finalize_when_due(books: Books, invoice_id: str) -> None:
    """Finalize a draft that advances by itself, unless it has moved on since."""
    invoice = books.find(invoice_id) or {}
    due = invoice.get("automatically_finalizes_at")
    if invoice.get("status") != "draft" or due is None or due > books.now:
        return
    try:
        finalize(books, invoice)
    except StripeError as error:
        if not error.keeps_effects:
            raise
