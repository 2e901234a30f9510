"""Invoices for tests: their forms, and what an API is asked most."""

from typing import Any

from tests.sandbox.conftest import Api


def lines_form(*amounts: int, start: int = 0) -> dict[str, Any]:
    """Return the form of lines with these amounts, each numbered in its metadata."""
    form: dict[str, Any] = {}
    for index, amount in enumerate(amounts):
        form[f"lines[{index}][amount]"] = amount
        form[f"lines[{index}][description]"] = f"Line {start + index}"
        form[f"lines[{index}][metadata][n]"] = start + index
    return form


def new_customer(api: Api, card: str | None = None) -> str:
    """Return the id of a new customer, whose invoices are charged to a card when one is named."""
    customer = api.post("/v1/customers", {"email": "ada@example.com", "name": "Ada"})["id"]
    if card is not None:
        method = api.post(f"/v1/payment_methods/{card}/attach", {"customer": customer})["id"]
        settings = {"invoice_settings[default_payment_method]": method}
        api.post(f"/v1/customers/{customer}", settings)
    return str(customer)


def new_draft(api: Api, customer: str, *amounts: int, **more: Any) -> Any:
    """Return a draft with lines of these amounts."""
    invoice = api.post("/v1/invoices", {"customer": customer, **more})
    if not amounts:
        return invoice
    return api.post(f"/v1/invoices/{invoice['id']}/add_lines", lines_form(*amounts))


def new_open(api: Api, customer: str, *amounts: int, **more: Any) -> Any:
    """Return a finalized invoice with lines of these amounts."""
    invoice = new_draft(api, customer, *amounts, **more)
    return api.post(f"/v1/invoices/{invoice['id']}/finalize")


def event_types(api: Api, pattern: str = "invoice*") -> list[str]:
    """Return the types of the events so far that match, oldest first."""
    query = {"type": pattern, "limit": 100}
    return [event["type"] for event in api.get("/v1/events", query)["data"]][::-1]


def again(api: Api, invoice: Any) -> Any:
    """Return an invoice as it is now."""
    return api.get(f"/v1/invoices/{invoice['id']}")
