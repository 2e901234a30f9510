"""The hosted page of an invoice, and its PDF."""

from datetime import UTC, datetime

from markupsafe import Markup
from werkzeug.wrappers import Request, Response

from sandbox import money
from sandbox.books import Books, Json
from sandbox.errors import StripeError
from sandbox.invoicing import collecting, drafts, finalizing
from sandbox.pages import html, pdf
from sandbox.pages.card_form import CardForm, read
from sandbox.pages.checkout import business_name, find_books
from sandbox.pages.payment_form import method_of, payment_form
from sandbox.state import Sandbox

ENDS = {
    "paid": ("Invoice paid", "This invoice is paid. Nothing is left to pay."),
    "void": ("Invoice voided", "This invoice was voided by the seller. It need not be paid."),
}
STATES = {"open": "Open", "paid": "Paid", "void": "Void", "uncollectible": "Written off"}


def show(sandbox: Sandbox, request: Request, name: str) -> Response:
    """Answer GET and POST of an invoice's page, and GET of its PDF under ``/pdf``."""
    invoice_id, _, part = name.partition("/")
    with sandbox.store.transaction():
        found = find_books(sandbox, "invoice", invoice_id)
        if found is None or found[1]["status"] == "draft" or part not in ("", "pdf"):
            return html.message("Not found", "There is no such invoice page.", 404)
        books, invoice = found
        if part == "pdf":
            return pdf.answer(f"{invoice['number']}.pdf", _printed(books, invoice))
        if request.method == "POST" and invoice["status"] in collecting.PAYABLE:
            return _submit(books, invoice, request)
        if request.method == "POST":
            return html.see_other(invoice["hosted_invoice_url"])
        return _page(books, invoice)


def _submit(books: Books, invoice: Json, request: Request) -> Response:
    kinds = finalizing.method_types(invoice)
    if _is_on_its_way(books, invoice):
        return html.see_other(invoice["hosted_invoice_url"])
    filled = read(request.form, books.now, kinds)
    if filled.errors:
        return _page(books, invoice, filled, status=422)
    method = method_of(books, kinds, filled)
    url = invoice["hosted_invoice_url"]
    try:
        after = collecting.attempt(books, invoice, method, return_url=url)
    except StripeError as error:
        return _page(books, invoice, filled, str(error), error.status)
    intent = collecting.intent_of(books, after)
    if intent is not None and intent["status"] == "requires_action":
        return html.see_other(intent["next_action"]["redirect_to_url"]["url"])
    if intent is None or intent["status"] in ("succeeded", "processing"):
        return html.see_other(url)
    return _page(books, after, filled, intent["last_payment_error"]["message"], 402)


def _is_on_its_way(books: Books, invoice: Json) -> bool:
    intent = collecting.intent_of(books, invoice)
    return intent is not None and intent["status"] == "processing"


def day(seconds: int | None) -> str:
    """Return the day of a moment as people read it, in UTC."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%-d %B %Y")


def _amount(invoice: Json, name: str) -> str:
    return money.display(invoice[name], invoice["currency"])


def sums(invoice: Json) -> list[tuple[str, str]]:
    """Return the amounts under an invoice's lines, each with its name."""
    found = [("Total", _amount(invoice, "total"))]
    applied = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    if applied:
        found.append(("Balance applied", money.display(-applied, invoice["currency"])))
    for name, label in (
        ("pre_payment_credit_notes_amount", "Credit notes"),
        ("post_payment_credit_notes_amount", "Credit notes after payment"),
    ):
        if invoice[name]:
            found.append((label, money.display(-invoice[name], invoice["currency"])))
    if invoice["amount_paid"]:
        found.append(("Paid", _amount(invoice, "amount_paid")))
    left = 0 if invoice["status"] in ENDS else invoice["amount_remaining"]
    return [*found, ("Amount due", money.display(left, invoice["currency"]))]


def facts(invoice: Json) -> list[tuple[str, str]]:
    """Return what stands at an invoice's head, each with its name."""
    fields = [(field["name"], field["value"]) for field in invoice["custom_fields"] or []]
    found = [
        ("Invoice", invoice["number"]),
        ("Status", STATES[invoice["status"]]),
        ("Issued", day(invoice["effective_at"])),
        ("Due", day(invoice["due_date"])),
        ("Billed to", invoice["customer_name"] or invoice["customer_email"] or ""),
        *fields,
    ]
    return [(name, text) for name, text in found if text]


def each(line: Json) -> str:
    """Return quantity times unit price of a line, empty for a quantity of one."""
    if line["quantity_decimal"] in (None, "1") or not line["pricing"]:
        return ""
    unit = money.display_decimal(line["pricing"]["unit_amount_decimal"], line["currency"])
    return f"{line['quantity_decimal']} \N{MULTIPLICATION SIGN} {unit}"


def _pairs(template: str, pairs: list[tuple[str, str]]) -> Markup:
    return html.join([html.fill(template, name=name, text=text) for name, text in pairs])


def _lines(books: Books, invoice: Json) -> Markup:
    return html.join(
        [
            html.fill(
                "line",
                description=line["description"] or "Item",
                quantity=each(line),
                amount=money.display(line["amount"], line["currency"]),
            )
            for line in drafts.lines_of(books, invoice["id"])
        ]
    )


def _panel(books: Books, invoice: Json, filled: CardForm | None, error: str | None) -> Markup:
    """Return the part of the page that pays, or says why there is nothing to pay."""
    if invoice["status"] in ENDS:
        title, text = ENDS[invoice["status"]]
        return html.fill("invoice-end", title=title, text=text, receipt=_receipt(books, invoice))
    if _is_on_its_way(books, invoice):
        text = "A bank debit for this invoice is on its way. This takes a few days."
        return html.fill("invoice-end", title="Payment on its way", text=text, receipt="")
    intent = collecting.intent_of(books, invoice)
    last = intent["last_payment_error"] if intent else None
    shown = error or (last["message"] if last and filled is None else None)
    alert = html.fill("alert", text=shown) if shown else ""
    total = _amount(invoice, "amount_remaining")
    kinds = finalizing.method_types(invoice)
    form = payment_form(filled, total, kinds, invoice["customer_email"])
    return html.fill("invoice-pay", number=invoice["number"], alert=alert, form=form)


def _receipt(books: Books, invoice: Json) -> Markup:
    intent = collecting.intent_of(books, invoice)
    if invoice["status"] != "paid" or intent is None or not intent["latest_charge"]:
        return Markup("")
    charge = books.get("charge", intent["latest_charge"])
    if not charge["paid"]:
        return Markup("")
    return Markup('<p><a href="{}">See the receipt</a></p>').format(charge["receipt_url"])


def _note(text: str | None) -> Markup:
    return Markup('<p class="note">{}</p>').format(text) if text else Markup("")


def _page(
    books: Books,
    invoice: Json,
    filled: CardForm | None = None,
    error: str | None = None,
    status: int = 200,
) -> Response:
    left = dict(sums(invoice))["Amount due"]
    body = html.fill(
        "invoice",
        # On a phone what went wrong must not stand below a long list of lines.
        first=" pay-first" if filled is not None else "",
        business=business_name(books),
        due=left,
        jump=Markup("") if invoice["status"] in ENDS else html.fill("invoice-jump"),
        facts=_pairs("fact", facts(invoice)),
        memo=_note(invoice["description"]),
        lines=_lines(books, invoice),
        sums=_pairs("fact", sums(invoice)),
        footer=_note(invoice["footer"]),
        pdf=invoice["invoice_pdf"],
        panel=_panel(books, invoice, filled, error),
    )
    return html.page(f"Invoice {invoice['number']}", body, status)


def _printed(books: Books, invoice: Json) -> list[pdf.Row]:
    """Return the invoice as rows of text and amount."""
    rows: list[pdf.Row] = [(business_name(books), ""), ("Invoice", ""), ("", "")]
    rows += facts(invoice)
    if invoice["description"]:
        rows += [("", ""), (invoice["description"], "")]
    rows.append(("", ""))
    for line in drafts.lines_of(books, invoice["id"]):
        detail = f" ({each(line)})" if each(line) else ""
        text = f"{line['description'] or 'Item'}{detail}"
        rows.append((text, money.display(line["amount"], line["currency"])))
    rows += [("", ""), *sums(invoice)]
    return [*rows, ("", ""), (invoice["footer"] or "", "")]


def show_credit_note(sandbox: Sandbox, request: Request, name: str) -> Response:
    """Answer GET of the PDF of a credit note."""
    note_id, _, part = name.partition("/")
    with sandbox.store.transaction():
        found = find_books(sandbox, "credit_note", note_id)
        if found is None or part != "pdf":
            return html.message("Not found", "There is no such credit note.", 404)
        books, note = found
        invoice = books.get("invoice", note["invoice"])
        rows: list[pdf.Row] = [
            (business_name(books), ""), ("Credit note", ""), ("", ""),
            ("Number", note["number"]), ("Invoice", invoice["number"]),
            ("Status", note["status"]), ("Issued", day(note["effective_at"])),
            ("", ""),
        ]  # fmt: skip
        for line in books.private(note["id"])["lines"]:
            rows.append((line["description"], money.display(line["amount"], note["currency"])))
        rows.append(("Total credited", money.display(note["amount"], note["currency"])))
        return pdf.answer(f"{note['number']}.pdf", rows)
