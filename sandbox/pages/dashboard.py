"""A page that shows what is in the sandbox, and receipts."""

import json
from datetime import UTC, datetime

from markupsafe import Markup
from werkzeug.wrappers import Request, Response

from sandbox import accounts, money
from sandbox.pages import html
from sandbox.pages.checkout import business_name, find_books
from sandbox.state import Sandbox

SHOWN = 20


def when(seconds: float) -> str:
    """Return a moment as people read it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def table(name: str, title: str, head: tuple[str, ...], rows: list[tuple[object, ...]]) -> Markup:
    """Return a table with its title."""
    cells = [html.join([Markup("<td>{}</td>").format(cell) for cell in row]) for row in rows]
    return html.fill(
        "table",
        id=name,
        title=title,
        head=html.join([Markup("<th scope=col>{}</th>").format(text) for text in head]),
        rows=html.join([Markup("<tr>{}</tr>").format(row) for row in cells]),
        empty="" if rows else Markup("<p><small>None yet.</small></p>"),
    )


def _latest(sandbox: Sandbox, kind: str) -> list[dict[str, object]]:
    rows = sandbox.store.rows(
        "select account, body from objects where kind = ? and not deleted order by seq desc "
        "limit ?",
        kind,
        SHOWN,
    )
    return [{**json.loads(row["body"]), "owner": row["account"]} for row in rows]


def _amount(body: dict[str, object], field: str) -> str:
    return money.display(int(str(body[field])), str(body["currency"]))


def _accounts(sandbox: Sandbox) -> Markup:
    rows: list[tuple[object, ...]] = []
    for row in sandbox.store.rows("select * from accounts order by rowid"):
        name = json.loads(row["body"])["business_profile"]["name"]
        key = accounts.masked(row["secret_key"]) if row["secret_key"] else "connected"
        rows.append((name, row["id"], key, row["platform"] or ""))
    return table("accounts", "Accounts", ("Business", "Id", "Key", "Platform"), rows)


def _sessions(sandbox: Sandbox) -> Markup:
    rows: list[tuple[object, ...]] = []
    for body in _latest(sandbox, "checkout.session"):
        shown: object = str(body["id"])[:20] + "…"
        if body["url"]:
            shown = Markup('<a href="{}">{}</a>').format(body["url"], shown)
        amount = _amount(body, "amount_total")
        rows.append((shown, amount, body["status"], body["payment_status"], body["owner"]))
    head = ("Session", "Amount", "Status", "Payment", "Account")
    return table("sessions", "Checkout sessions", head, rows)


def _payments(sandbox: Sandbox) -> Markup:
    rows: list[tuple[object, ...]] = [
        (body["id"], _amount(body, "amount"), body["status"], body["owner"])
        for body in _latest(sandbox, "payment_intent")
    ]
    return table("payments", "Payments", ("Payment", "Amount", "Status", "Account"), rows)


def _invoices(sandbox: Sandbox) -> Markup:
    rows: list[tuple[object, ...]] = []
    for body in _latest(sandbox, "invoice"):
        shown: object = body["number"] or body["id"]
        if body["hosted_invoice_url"]:
            shown = Markup('<a href="{}">{}</a>').format(body["hosted_invoice_url"], shown)
        amounts = (_amount(body, "total"), _amount(body, "amount_remaining"))
        rows.append((shown, *amounts, body["status"], body["customer"], body["owner"]))
    head = ("Invoice", "Total", "Remaining", "Status", "Customer", "Account")
    return table("invoices", "Invoices", head, rows)


def _credit_notes(sandbox: Sandbox) -> Markup:
    rows: list[tuple[object, ...]] = []
    for body in _latest(sandbox, "credit_note"):
        shown = Markup('<a href="{}">{}</a>').format(body["pdf"], body["number"])
        rows.append((shown, _amount(body, "amount"), body["status"], body["type"], body["owner"]))
    head = ("Credit note", "Amount", "Status", "Kind", "Account")
    return table("credit-notes", "Credit notes", head, rows)


def _endpoints(sandbox: Sandbox) -> Markup:
    rows: list[tuple[object, ...]] = [
        (body["url"], body["status"], body["id"], body["owner"])
        for body in _latest(sandbox, "webhook_endpoint")
    ]
    return table("endpoints", "Webhook endpoints", ("Address", "Status", "Id", "Account"), rows)


PARTS = (_accounts, _sessions, _invoices, _credit_notes, _payments, _endpoints)


def show(sandbox: Sandbox) -> Response:
    """Answer with the latest accounts, sessions, invoices, payments and endpoints."""
    with sandbox.store.transaction():
        parts = [part(sandbox) for part in PARTS]
    now = when(sandbox.clock.now())
    return html.page("Overview", html.fill("dashboard", tables=html.join(parts), now=now))


def receipt(sandbox: Sandbox, request: Request, charge_id: str) -> Response:
    """Answer with the receipt that a charge's ``receipt_url`` leads to."""
    found = find_books(sandbox, "charge", charge_id)
    if found is None:
        return html.message("Not found", "There is no such receipt.", 404)
    books, charge = found
    body = html.fill(
        "receipt",
        business=business_name(books),
        amount=money.display(charge["amount"], charge["currency"]),
        status=charge["status"],
        refunded=money.display(charge["amount_refunded"], charge["currency"]),
        date=when(charge["created"]),
        id=charge["id"],
    )
    return html.page("Receipt", body)
