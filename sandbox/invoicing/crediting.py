"""Credit notes: what is taken back of a finalized invoice.

Source: Stripe docs, "Credit notes". A note first reduces what remains to be paid; what exceeds
that was paid already, and is refunded, credited to the customer, or given back elsewhere.
"""

from sandbox import ids
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict, missing_parameter
from sandbox.events import record, record_update
from sandbox.invoicing import balances, collecting, credit_lines
from sandbox.lists import as_list
from sandbox.metadata import merge
from sandbox.money import check_last_digit, display
from sandbox.resources import refunds
from sandbox.spec.objects import build

SHOWN_LINES = 10
PARTS = ("credit_amount", "out_of_band_amount", "refund_amount")


def issue(books: Books, invoice: Json, params: Json) -> Json:
    """Issue a credit note on a finalized invoice. Returns it.

    Raises StripeError (400): a draft or void invoice, neither or both of ``amount`` and
    ``lines``, more than the invoice's total in all, or an excess over what remains that is not
    told in full where it goes.
    """
    check_creditable(invoice)
    note_lines = credit_lines.read(books, invoice, params)
    amount = sum(line["amount"] for line in note_lines) if note_lines else params["amount"]
    _check_amount(invoice, amount)
    pre = min(amount, invoice["amount_remaining"]) if invoice["status"] != "paid" else 0
    _check_parts(books, invoice, params, amount - pre)
    note = _new(books, invoice, params, amount=amount, pre=pre, note_lines=note_lines)
    books.add(note, lines=note_lines)
    note = books.save({**note, **_give_back(books, invoice, note, params)})
    record(books, "credit_note.created", note)
    _reduce(books, invoice, pre, amount - pre)
    return note


def check_creditable(invoice: Json) -> None:
    """Raise StripeError (400) for an invoice that no credit note can be issued on."""
    if invoice["status"] not in ("open", "paid", "uncollectible"):
        message = "You can only create credit notes for finalized invoices; this one's status is "
        raise conflict(f"{message}{invoice['status']}.", "invoice_not_editable", param="invoice")


def _check_amount(invoice: Json, amount: int) -> None:
    credited = (
        invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    )
    left = invoice["total"] - credited
    if amount < 1:
        raise StripeError(
            "Invalid positive integer", code="parameter_invalid_integer", param="amount"
        )
    check_last_digit(amount, invoice["currency"], "amount")
    if amount > left:
        shown, most = (display(value, invoice["currency"]) for value in (amount, left))
        message = f"The credit note amount ({shown}) is more than is left to credit of this "
        raise StripeError(f"{message}invoice ({most}).", param="amount")


def _linked(books: Books, invoice: Json, params: Json) -> list[Json]:
    """Return the refunds that a note names, as it shows them. Raises StripeError (400)."""
    found = []
    intent = collecting.intent_of(books, invoice)
    for index, given in enumerate(params.get("refunds") or []):
        name = f"refunds[{index}][refund]"
        if "refund" not in given:
            raise missing_parameter(name)
        refund = books.get("refund", given["refund"], name)
        if intent is None or refund["payment_intent"] != intent["id"]:
            message = f"The refund {refund['id']} is not one of this invoice's payment."
            raise StripeError(message, param=name)
        amount = given.get("amount_refunded", refund["amount"])
        if not 0 < amount <= refund["amount"]:
            message = f"The refund {refund['id']} is one of {refund['amount']}."
            raise StripeError(message, param=f"refunds[{index}][amount_refunded]")
        shown = {"amount_refunded": amount, "refund": refund["id"], "type": "refund"}
        found.append(build("credit_note_refund", **shown))
    return found


def _check_parts(books: Books, invoice: Json, params: Json, post: int) -> None:
    """Raise StripeError (400) unless the parts of the excess come to the whole of it."""
    given = [params.get(name, 0) for name in PARTS]
    given += [linked["amount_refunded"] for linked in _linked(books, invoice, params)]
    if min(given) < 0 or sum(given) != post:
        shown = [display(value, invoice["currency"]) for value in (sum(given), post)]
        message = (
            f"The sum of credit amount, refund amount and out of band amount ({shown[0]}) must "
            f"equal the post-payment credit note amount ({shown[1]})."
        )
        raise StripeError(message, param="amount")


def _new(
    books: Books, invoice: Json, params: Json, *, amount: int, pre: int, note_lines: list[Json]
) -> Json:
    note_id = ids.new("cn")
    count = len(books.where("credit_note", invoice=invoice["id"])) + 1
    kind = "pre_payment" if pre == amount else "post_payment" if pre == 0 else "mixed"
    url = f"/v1/credit_notes/{note_id}/lines"
    return build(
        "credit_note",
        id=note_id,
        amount=amount,
        created=books.now,
        currency=invoice["currency"],
        customer=invoice["customer"],
        effective_at=params.get("effective_at", books.now),
        invoice=invoice["id"],
        lines=as_list(note_lines[:SHOWN_LINES], url, has_more=len(note_lines) > SHOWN_LINES),
        memo=params.get("memo"),
        metadata=merge(None, params.get("metadata")),
        number=f"{invoice['number']}-CN-{count:02d}",
        out_of_band_amount=params.get("out_of_band_amount"),
        pdf=f"{books.base_url}/c/credit_note/{note_id}/pdf",
        post_payment_amount=amount - pre,
        pre_payment_amount=pre,
        reason=params.get("reason"),
        status="issued",
        subtotal=amount,
        subtotal_excluding_tax=amount,
        total=amount,
        total_excluding_tax=amount,
        total_taxes=[],
        type=kind,
    )


def _give_back(books: Books, invoice: Json, note: Json, params: Json) -> Json:
    """Refund and credit what a note says. Returns the fields of the note that tell of it."""
    shown: Json = {"refunds": _linked(books, invoice, params)}
    amount = params.get("refund_amount", 0)
    if amount:
        refund = refunds.refund(books, _charge(books, invoice), amount, {})
        made = {"amount_refunded": amount, "refund": refund["id"], "type": "refund"}
        shown["refunds"].append(build("credit_note_refund", **made))
    if params.get("credit_amount"):
        customer = books.get("customer", invoice["customer"], "invoice")
        if customer["currency"] != invoice["currency"]:
            message = "The customer's balance has another currency than this invoice."
            raise StripeError(message, param="credit_amount")
        names = {"credit_note": note["id"], "invoice": invoice["id"]}
        credit = -params["credit_amount"]
        entry = balances.enter(books, customer, credit, "credit_note", **names)
        shown["customer_balance_transaction"] = entry["id"]
    return shown


def _charge(books: Books, invoice: Json) -> Json:
    intent = collecting.intent_of(books, invoice)
    if intent is None or intent["status"] != "succeeded":
        message = "This invoice has no payment that could be refunded."
        raise StripeError(message, param="refund_amount")
    return books.get("charge", intent["latest_charge"])


def _reduce(books: Books, invoice: Json, pre: int, post: int) -> None:
    """Write a note's amounts to its invoice; one of which nothing remains is paid."""
    before = books.get("invoice", invoice["id"])
    notes = ("pre_payment_credit_notes_amount", "post_payment_credit_notes_amount")
    after = {
        **before,
        "amount_due": before["amount_due"] - pre,
        "amount_remaining": before["amount_remaining"] - pre,
        notes[0]: before[notes[0]] + pre,
        notes[1]: before[notes[1]] + post,
    }
    if pre:
        collecting.ask_for(books, after)
    record_update(books, "invoice.updated", before, after)
    if pre and after["amount_remaining"] == 0:
        collecting.settle(books, after, 0)


def void(books: Books, note: Json) -> Json:
    """Void a credit note, and have its invoice ask for its amount again. Returns the note.

    Raises StripeError (400) unless its invoice is open and nothing was given back for it.
    """
    invoice = books.get("invoice", note["invoice"])
    if note["status"] == "void":
        raise StripeError("This credit note is void already.")
    if note["post_payment_amount"] or invoice["status"] not in collecting.PAYABLE:
        message = (
            "You can only void a credit note of an open invoice that reduced what remains to be "
            f"paid. This one's invoice is {invoice['status']}."
        )
        raise StripeError(message)
    after = books.save({**note, "status": "void", "voided_at": books.now})
    record(books, "credit_note.voided", after)
    _reduce(books, invoice, -note["pre_payment_amount"], 0)
    return after
