"""Lines of a draft invoice, and the invoice items behind them: added, changed and removed.

Source: Stripe API reference, "Invoice Line Items".
"""

from sandbox.books import Books, Json
from sandbox.errors import StripeError
from sandbox.events import record, record_update
from sandbox.invoicing import drafts, lines
from sandbox.metadata import merge


def store_item(books: Books, item: Json, *, was_pending: bool = False) -> Json:
    """Store a new invoice item and write its event. Returns it."""
    books.add(item, was_pending=was_pending)
    record(books, "invoiceitem.created", item)
    return item


def add_lines(books: Books, invoice: Json, wanted: list[Json], metadata: Json | None) -> Json:
    """Add lines to a draft: new ones, or pending invoice items by their id. Returns the invoice.

    Raises StripeError (400) for an invoice that is no draft, for more than 250 lines in all, and
    for a line that is wrong; nothing is added then.
    """
    drafts.editable(invoice)
    found = drafts.lines_of(books, invoice["id"])
    for index, params in enumerate(wanted):
        found.append(_new_line(books, invoice, params, f"lines[{index}]"))
    return drafts.write(books, invoice, found, metadata=merge(invoice["metadata"], metadata))


def _new_line(books: Books, invoice: Json, params: Json, prefix: str) -> Json:
    if "invoice_item" in params:
        item = books.get("invoiceitem", params["invoice_item"], f"{prefix}[invoice_item]")
        if item["invoice"] is not None or item["customer"] != invoice["customer"]:
            message = f"The invoice item {item['id']} is not a pending one of this customer."
            raise StripeError(message, param=f"{prefix}[invoice_item]")
        lines.check_currency(item["currency"], invoice["currency"], prefix)
        return drafts.take_in(books, invoice["id"], item)
    item = lines.new_item(
        books,
        params,
        customer=invoice["customer"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        prefix=prefix,
    )
    return lines.line_of(store_item(books, item))


def _position(invoice: Json, found: list[Json], line_id: str, param: str, status: int) -> int:
    for index, line in enumerate(found):
        if line["id"] == line_id:
            return index
    message = f"No such invoice line item: '{line_id}' on {invoice['id']}"
    raise StripeError(message, status=status, code="resource_missing", param=param)


def update_lines(
    books: Books,
    invoice: Json,
    wanted: list[Json],
    metadata: Json | None = None,
    *,
    is_path: bool = False,
) -> Json:
    """Change lines of a draft, and the invoice items behind them. Returns the invoice.

    ``is_path`` says that the line was named by the address, so that an unknown one is a 404.
    """
    drafts.editable(invoice)
    found = drafts.lines_of(books, invoice["id"])
    for number, params in enumerate(wanted):
        prefix = "" if is_path else f"lines[{number}]"
        param = "line_item_id" if is_path else f"{prefix}[id]"
        index = _position(invoice, found, params["id"], param, 404 if is_path else 400)
        found[index] = _changed(books, found[index], params, prefix)
    return drafts.write(books, invoice, found, metadata=merge(invoice["metadata"], metadata))


def _item_of(line: Json) -> str | None:
    details = (line["parent"] or {}).get("invoice_item_details")
    return details["invoice_item"] if details else None


def _changed(books: Books, line: Json, params: Json, prefix: str) -> Json:
    item_id = _item_of(line)
    if item_id is None:
        after = lines.change_item(books, {**line, "net_amount": line["amount"]}, params, prefix)
        after.pop("net_amount")
        return {**after, "subtotal": after["amount"]}
    before = books.get("invoiceitem", item_id)
    after = lines.change_item(books, before, params, prefix)
    record_update(books, "invoiceitem.updated", before, after)
    return lines.line_of(after, line["id"])


def remove_lines(
    books: Books, invoice: Json, wanted: list[Json], metadata: Json | None = None
) -> Json:
    """Take lines off a draft. Returns the invoice.

    ``behavior`` ``delete`` deletes the invoice item too, ``unassign`` makes it pending again.
    """
    drafts.editable(invoice)
    found = drafts.lines_of(books, invoice["id"])
    for number, params in enumerate(wanted):
        param = f"lines[{number}][id]"
        line = found.pop(_position(invoice, found, params["id"], param, 400))
        item_id = _item_of(line)
        if item_id is not None:
            drafts.release(books, books.get("invoiceitem", item_id), params["behavior"] == "delete")
    return drafts.write(books, invoice, found, metadata=merge(invoice["metadata"], metadata))
