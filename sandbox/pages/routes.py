"""Which page answers which address."""

from werkzeug.wrappers import Request, Response

from sandbox.pages import checkout, dashboard, html, invoice
from sandbox.state import Sandbox

PAGES = {
    "pay": checkout.show,
    "authenticate": checkout.authenticate,
    "receipts": dashboard.receipt,
    "invoice": invoice.show,
    "credit_note": invoice.show_credit_note,
}


def answer(sandbox: Sandbox, request: Request) -> Response:
    """Answer a request for a page; 404 for an address that has none."""
    if request.method not in ("GET", "HEAD", "POST"):
        return html.message("Not allowed", "This page takes GET and POST only.", 405)
    path = request.path
    if path == "/":
        return dashboard.show(sandbox)
    kind, _, name = path.removeprefix("/c/").partition("/")
    if kind in html.FILES and not name:
        return html.file(kind)
    page = PAGES.get(kind)
    if page is None:
        return html.message("Not found", "There is no such page.", 404)
    return page(sandbox, request, name)
