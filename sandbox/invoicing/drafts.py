"""Draft invoices: made, filled with lines, changed and deleted.

Source: Stripe API reference, "Invoices", and Stripe docs, "How invoices work".
"""

from collections.abc import Sequence

from sandbox import accounts, ids
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict
from sandbox.events import record, record_update
from sandbox.invoicing import balances, lines
from sandbox.lists import as_list
from sandbox.metadata import merge
from sandbox.spec.objects import build

MOST_LINES = 250
SHOWN_LINES = 10
FINALIZES_AFTER = 3600
COPIED = ("address", "email", "name", "phone", "shipping", "tax_exempt")


def _payee(books: Books) -> Json:
    account = accounts.find(books.store, books.account)
    name = account.body["business_profile"]["name"] if account else accounts.NAME
    country = account.body["country"] if account else "US"
    return {"account_country": country, "account_name": name}


def payer(customer: Json) -> Json:
    """Return what an invoice says of its customer: up to date until it is finalized."""
    return {f"customer_{name}": customer.get(name) for name in COPIED}


def new_invoice(
    books: Books,
    customer: Json,
    *,
    currency: str,
    billing_reason: str = "manual",
    parent: Json | None = None,
    items: Sequence[Json] = (),
    fixed_lines: Sequence[Json] = (),
    auto_advance: bool = False,
    finalizes_at: int | None = None,
    **fields: object,
) -> Json:
    """Store a draft with its lines and write its event. Returns it.

    ``items`` are stored, pending invoice items to take in; ``fixed_lines`` are lines made by
    ``lines.new_line``, as those of a subscription's period, whose ``parent`` the invoice shows.
    An invoice that advances by itself is finalized an hour later, or at ``finalizes_at``.
    ``fields`` are further fields of the invoice, checked by the caller.
    """
    invoice_id = ids.new("in")
    shown = {
        "collection_method": "charge_automatically", "default_tax_rates": [], "metadata": {},
        "period_end": books.now, "period_start": books.now, **fields,
    }  # fmt: skip
    blank = build(
        "invoice",
        id=invoice_id,
        attempted=False,
        auto_advance=auto_advance,
        automatic_tax=build("automatic_tax", enabled=False),
        billing_reason=billing_reason,
        created=books.now,
        currency=currency,
        customer=customer["id"],
        customer_tax_ids=[],
        discounts=[],
        issuer={"type": "self"},
        parent=parent,
        payment_settings=shown.pop("payment_settings", build("invoices_payment_settings")),
        status="draft",
        total_discount_amounts=[],
        total_pretax_credit_amounts=[],
        total_taxes=[],
        webhooks_delivered_at=books.now,
        **_payee(books),
        **payer(customer),
        **shown,
    )
    taken = [take_in(books, invoice_id, item) for item in items]
    found = [*taken, *({**line, "invoice": invoice_id} for line in fixed_lines)]
    body = totalled(books, blank, found, customer)
    if auto_advance:
        body = schedule(books, body, finalizes_at)
    books.add(body, lines=found)
    record(books, "invoice.created", body)
    return body


def schedule(books: Books, body: Json, at: int | None = None) -> Json:
    """Have a draft finalized by itself at a moment, in an hour by default. Returns it, unsaved."""
    due = books.now + FINALIZES_AFTER if at is None else at
    books.later(due, "finalize_invoice", body["id"])
    return {**body, "automatically_finalizes_at": due}


def take_in(books: Books, invoice_id: str, item: Json, *, was_pending: bool = True) -> Json:
    """Put a stored invoice item on an invoice, and return its line."""
    after = books.save({**item, "invoice": invoice_id})
    books.note(item["id"], was_pending=was_pending)
    return lines.line_of(after)


def pending_items(books: Books, customer: str, currency: str | None = None) -> list[Json]:
    """Return a customer's invoice items that are on no invoice yet, the newest first."""
    found = books.where("invoiceitem", customer=customer, invoice=None)
    return [item for item in reversed(found) if currency in (None, item["currency"])]


def totalled(books: Books, body: Json, found: list[Json], customer: Json | None = None) -> Json:
    """Return a draft with these lines, its totals and what would be due; nothing is stored."""
    if len(found) > MOST_LINES:
        message = f"An invoice can have at most {MOST_LINES} line items; this would have "
        raise StripeError(f"{message}{len(found)}.", param="lines")
    total = sum(line["amount"] for line in found)
    payee = customer or books.find(body["customer"]) or {}
    starting = balances.usable(payee, body["currency"])
    due = balances.reckon(total, starting, body["currency"]).due
    url = f"/v1/invoices/{body['id']}/lines"
    return {
        **body,
        "amount_due": due,
        "amount_remaining": due,
        "lines": as_list(found[:SHOWN_LINES], url, has_more=len(found) > SHOWN_LINES),
        "starting_balance": starting,
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
    }


def lines_of(books: Books, invoice_id: str) -> list[Json]:
    """Return all lines of an invoice in their order."""
    found: list[Json] = books.private(invoice_id).get("lines", [])
    return found


def editable(invoice: Json) -> None:
    """Raise StripeError (400, ``invoice_not_editable``) for an invoice that is no draft."""
    if invoice["status"] != "draft":
        message = (
            f"This invoice is no longer editable: its status is {invoice['status']}. Only a draft "
            "can be changed in this way."
        )
        raise conflict(message, "invoice_not_editable")


def write(books: Books, before: Json, found: list[Json], **changes: object) -> Json:
    """Store a draft's lines and changes, and write ``invoice.updated``. Returns the invoice."""
    after = totalled(books, {**before, **changes}, found)
    books.note(before["id"], lines=found)
    return record_update(books, "invoice.updated", before, after)


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
    editable(invoice)
    found = lines_of(books, invoice["id"])
    for index, params in enumerate(wanted):
        found.append(_new_line(books, invoice, params, f"lines[{index}]"))
    return write(books, invoice, found, metadata=merge(invoice["metadata"], metadata))


def _new_line(books: Books, invoice: Json, params: Json, prefix: str) -> Json:
    if "invoice_item" in params:
        item = books.get("invoiceitem", params["invoice_item"], f"{prefix}[invoice_item]")
        if item["invoice"] is not None or item["customer"] != invoice["customer"]:
            message = f"The invoice item {item['id']} is not a pending one of this customer."
            raise StripeError(message, param=f"{prefix}[invoice_item]")
        lines.check_currency(item["currency"], invoice["currency"], prefix)
        return take_in(books, invoice["id"], item)
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
    editable(invoice)
    found = lines_of(books, invoice["id"])
    for number, params in enumerate(wanted):
        prefix = "" if is_path else f"lines[{number}]"
        param = "line_item_id" if is_path else f"{prefix}[id]"
        index = _position(invoice, found, params["id"], param, 404 if is_path else 400)
        found[index] = _changed(books, found[index], params, prefix)
    return write(books, invoice, found, metadata=merge(invoice["metadata"], metadata))


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
    editable(invoice)
    found = lines_of(books, invoice["id"])
    for number, params in enumerate(wanted):
        param = f"lines[{number}][id]"
        line = found.pop(_position(invoice, found, params["id"], param, 400))
        item_id = _item_of(line)
        if item_id is not None:
            release(books, books.get("invoiceitem", item_id), params["behavior"] == "delete")
    return write(books, invoice, found, metadata=merge(invoice["metadata"], metadata))


def release(books: Books, item: Json, is_deleted: bool) -> None:
    """Delete an invoice item that left its invoice, or make it pending again."""
    if is_deleted:
        delete_item(books, item)
    else:
        record_update(books, "invoiceitem.updated", item, {**item, "invoice": None})


def delete_item(books: Books, item: Json) -> Json:
    """Delete an invoice item and write its event. Returns the stub."""
    stub = build("deleted_invoiceitem", id=item["id"], deleted=True)
    books.mark_deleted(stub)
    record(books, "invoiceitem.deleted", item)
    return stub


def delete(books: Books, invoice: Json) -> Json:
    """Delete a draft; items that were pending before are pending again. Returns the stub.

    Raises StripeError (400) for an invoice that is no draft, or belongs to a subscription.
    """
    if invoice["status"] != "draft" or invoice["parent"] is not None:
        message = (
            "You can only delete draft invoices that belong to no subscription; this one's status "
            f"is {invoice['status']}. Void it instead."
        )
        raise conflict(message, "invoice_not_editable")
    for item in books.where("invoiceitem", invoice=invoice["id"]):
        release(books, item, not books.private(item["id"]).get("was_pending", False))
    stub = build("deleted_invoice", id=invoice["id"], deleted=True)
    books.mark_deleted(stub)
    record(books, "invoice.deleted", invoice)
    return stub
