"""Credit notes."""

from sandbox.books import Json
from sandbox.clock import check_moment
from sandbox.errors import StripeError
from sandbox.events import record_update
from sandbox.invoicing import crediting
from sandbox.lists import paginate, pick, slice_page
from sandbox.metadata import apply
from sandbox.routes import Call, operation


@operation("POST", "/v1/credit_notes")
def create_credit_note(call: Call) -> Json:
    """Issue a credit note on a finalized invoice."""
    if "shipping_cost" in call.params:
        message = "The sandbox's invoices have no `shipping_cost`."
        raise StripeError(message, param="shipping_cost")
    check_moment(call.params, "effective_at")
    invoice = call.books.get("invoice", call.params["invoice"], "invoice")
    return crediting.issue(call.books, invoice, call.params)


@operation("GET", "/v1/credit_notes/{id}")
def retrieve_credit_note(call: Call) -> Json:
    """Return a credit note."""
    return call.books.get("credit_note", call.id)


@operation("POST", "/v1/credit_notes/{id}")
def update_credit_note(call: Call) -> Json:
    """Change a credit note's memo and metadata."""
    before = call.books.get("credit_note", call.id)
    after = apply(before, call.params, "memo")
    return record_update(call.books, "credit_note.updated", before, after)


@operation("POST", "/v1/credit_notes/{id}/void")
def void_credit_note(call: Call) -> Json:
    """Void a credit note that only reduced what remained to be paid."""
    return crediting.void(call.books, call.books.get("credit_note", call.id))


@operation("GET", "/v1/credit_notes/{credit_note}/lines")
def list_credit_note_lines(call: Call) -> Json:
    """List the lines of a credit note."""
    note = call.books.get("credit_note", call.id)
    return slice_page(call, call.books.private(note["id"])["lines"])


@operation("GET", "/v1/credit_notes")
def list_credit_notes(call: Call) -> Json:
    """List credit notes, newest first."""
    return paginate(call, "credit_note", pick(call.params, "customer", "invoice"))
