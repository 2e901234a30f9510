"""The hosted checkout page and the 3-D Secure page."""

import json

from markupsafe import Markup
from werkzeug.wrappers import Request, Response

from sandbox import accounts, checkout, money, paying
from sandbox.books import Books, Json
from sandbox.pages import html
from sandbox.pages.card_form import CardForm, read
from sandbox.pages.payment_form import method_of, payment_form
from sandbox.state import Sandbox

PAID = ("succeeded", "processing", "requires_capture")


def find_books(sandbox: Sandbox, kind: str, object_id: str) -> tuple[Books, Json] | None:
    """Return the object with this id, whatever its account, and that account's books."""
    row = sandbox.store.row(
        "select account, body from objects where id = ? and kind = ? and not deleted",
        object_id,
        kind,
    )
    return (sandbox.books(row["account"]), json.loads(row["body"])) if row else None


def business_name(books: Books) -> str:
    """Return the name that buyers see."""
    account = accounts.find(books.store, books.account)
    return str(account.body["business_profile"]["name"]) if account else accounts.NAME


def show(sandbox: Sandbox, request: Request, session_id: str) -> Response:
    """Answer GET and POST of a session's page."""
    with sandbox.store.transaction():
        found = find_books(sandbox, "checkout.session", session_id)
        if found is None:
            return html.message("Not found", "There is no such payment page.", 404)
        books, session = found
        if session["status"] == "open" and session["expires_at"] <= books.now:
            session = checkout.expire(books, session)
        if request.method == "POST":
            return _submit(books, session, request)
        if session["status"] != "open":
            return _closed(session)
        return _form(books, session, None, _last_error(books, session))


def _closed(session: Json) -> Response:
    if session["status"] == "expired":
        text = "This payment page has expired. Go back to the seller and start again."
        return html.message("Page expired", text, 410)
    text = "This payment page has been used. There is nothing left to pay here."
    return html.message("You're all done here", text)


def _last_error(books: Books, session: Json) -> str | None:
    if not session["payment_intent"]:
        return None
    intent = books.get("payment_intent", session["payment_intent"])
    error = intent["last_payment_error"]
    return str(error["message"]) if error else None


def _submit(books: Books, session: Json, request: Request) -> Response:
    url = checkout.success_url(session)
    if session["status"] == "complete" and url:
        return html.see_other(url)
    if session["status"] != "open":
        return _closed(session)
    filled = read(request.form, books.now, session["payment_method_types"])
    if filled.errors:
        return _form(books, session, filled, None, 422)
    session, intent = checkout.pay(
        books, session, method_of(books, session["payment_method_types"], filled)
    )
    if intent["status"] == "requires_action":
        return html.see_other(intent["next_action"]["redirect_to_url"]["url"])
    if intent["status"] in PAID and url:
        return html.see_other(url)
    return _form(books, session, filled, intent["last_payment_error"]["message"], 402)


def _lines(books: Books, session: Json) -> Markup:
    parts = []
    for line in books.private(session["id"])["line_items"]:
        each = money.display(line["price"]["unit_amount"], line["currency"])
        quantity = (
            f"{line['quantity']} \N{MULTIPLICATION SIGN} {each}" if line["quantity"] > 1 else ""
        )
        amount = money.display(line["amount_total"], line["currency"])
        parts.append(
            html.fill("line", description=line["description"], quantity=quantity, amount=amount)
        )
    return html.join(parts)


def _form(
    books: Books, session: Json, filled: CardForm | None, error: str | None, status: int = 200
) -> Response:
    business = business_name(books)
    total = money.display(session["amount_total"], session["currency"])
    cancel = Markup("")
    if session["cancel_url"]:
        cancel = Markup('<a href="{}">← Cancel and go back</a>').format(session["cancel_url"])
    body = html.fill(
        "checkout",
        business=business,
        total=total,
        lines=_lines(books, session),
        cancel=cancel,
        alert=html.fill("alert", text=error) if error else "",
        form=payment_form(
            filled, total, session["payment_method_types"], _expected_email(books, session)
        ),
    )
    return html.page(f"Pay {business}", body, status, leads_to=session["success_url"])


def _expected_email(books: Books, session: Json) -> str | None:
    """Return the e-mail to fill in: Checkout takes it from the customer, if there is one."""
    if session["customer"]:
        customer: str | None = books.get("customer", session["customer"])["email"]
        return customer
    email: str | None = session["customer_email"]
    return email


def authenticate(sandbox: Sandbox, request: Request, client_secret: str) -> Response:
    """Answer GET and POST of the 3-D Secure page of a payment intent."""
    with sandbox.store.transaction():
        found = find_books(sandbox, "payment_intent", client_secret.partition("_secret_")[0])
        if found is None or found[1]["client_secret"] != client_secret:
            return html.message("Not found", "There is no such payment.", 404)
        books, intent = found
        sessions = books.where("checkout.session", payment_intent=intent["id"])
        session = sessions[0] if sessions else None
        if intent["status"] != "requires_action":
            return _authenticated(session, intent)
        if request.method == "POST":
            passed = request.form.get("outcome") == "complete"
            return _finish(books, session, intent, passed)
        return _ask(books, intent)


def _ask(books: Books, intent: Json) -> Response:
    method = books.get("payment_method", intent["payment_method"])
    body = html.fill(
        "authenticate",
        business=business_name(books),
        total=money.display(intent["amount"], intent["currency"]),
        last4=method["card"]["last4"],
    )
    target = intent["next_action"]["redirect_to_url"]["return_url"]
    return html.page("3-D Secure", body, leads_to=target)


def _finish(books: Books, session: Json | None, intent: Json, passed: bool) -> Response:
    target = intent["next_action"]["redirect_to_url"]["return_url"]
    if session is None:
        paying.authenticate(books, intent, passed=passed)
        return html.see_other(target or books.base_url)
    session, intent = checkout.authenticate(books, session, intent, passed=passed)
    return _authenticated(session, intent)


def _authenticated(session: Json | None, intent: Json) -> Response:
    if session is None:
        return html.message("You're all done here", f"This payment is {intent['status']}.")
    if session["status"] == "open":
        return html.see_other(session["url"])
    url = checkout.success_url(session)
    return html.see_other(url) if session["status"] == "complete" and url else _closed(session)
