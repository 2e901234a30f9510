"""The lines of an invoice."""

from sandbox.books import Json
from sandbox.errors import StripeError, missing_parameter
from sandbox.invoicing import drafts
from sandbox.lists import slice_page
from sandbox.routes import Call, operation

MOST_A_CALL = 100


def _wanted(call: Call) -> list[Json]:
    """Return the lines of a call. Raises StripeError (400) for none or too many.

    Stripe's spec names no greatest number for one call. A hundred is a caution of this sandbox.
    """
    wanted: list[Json] = call.params["lines"]
    if not wanted:
        raise missing_parameter("lines")
    if len(wanted) > MOST_A_CALL:
        message = (
            f"The sandbox takes at most {MOST_A_CALL} lines a call, as a caution: Stripe does not "
            f"say how many it takes. This call has {len(wanted)}."
        )
        raise StripeError(message, param="lines")
    return wanted


def _invoice(call: Call) -> Json:
    return call.books.get("invoice", call.ids["invoice"])


@operation("POST", "/v1/invoices/{invoice}/add_lines")
def add_lines(call: Call) -> Json:
    """Add up to a hundred lines to a draft."""
    metadata = call.params.get("invoice_metadata")
    return drafts.add_lines(call.books, _invoice(call), _wanted(call), metadata)


@operation("POST", "/v1/invoices/{invoice}/update_lines")
def update_lines(call: Call) -> Json:
    """Change up to a hundred lines of a draft."""
    metadata = call.params.get("invoice_metadata")
    return drafts.update_lines(call.books, _invoice(call), _wanted(call), metadata)


@operation("POST", "/v1/invoices/{invoice}/remove_lines")
def remove_lines(call: Call) -> Json:
    """Take up to a hundred lines off a draft."""
    metadata = call.params.get("invoice_metadata")
    return drafts.remove_lines(call.books, _invoice(call), _wanted(call), metadata)


@operation("POST", "/v1/invoices/{invoice}/lines/{line_item_id}")
def update_line(call: Call) -> Json:
    """Change one line of a draft. Returns the line."""
    line_id = call.ids["line_item_id"]
    wanted = [{**call.params, "id": line_id}]
    invoice = drafts.update_lines(call.books, _invoice(call), wanted, is_path=True)
    found = drafts.lines_of(call.books, invoice["id"])
    return next(line for line in found if line["id"] == line_id)


@operation("GET", "/v1/invoices/{invoice}/lines")
def list_lines(call: Call) -> Json:
    """List the lines of an invoice in their order."""
    return slice_page(call, drafts.lines_of(call.books, _invoice(call)["id"]))
