"""Payments of invoices."""

from typing import Any

from sandbox.books import Json
from sandbox.errors import missing_parameter
from sandbox.lists import paginate, pick
from sandbox.routes import Call, operation


@operation("GET", "/v1/invoice_payments/{invoice_payment}")
def retrieve_invoice_payment(call: Call) -> Json:
    """Return a payment of an invoice."""
    return call.books.get("invoice_payment", call.id)


@operation("GET", "/v1/invoice_payments")
def list_invoice_payments(call: Call) -> Json:
    """List payments of invoices, newest first."""
    filters = pick(call.params, "invoice", "status")
    tests: list[tuple[str, Any]] = []
    payment = call.params.get("payment")
    if payment is not None:
        kind = payment["type"]
        if kind not in payment:
            raise missing_parameter(f"payment[{kind}]")
        tests.append((f"json_extract(body, '$.payment.{kind}') is ?", payment[kind]))
    return paginate(call, "invoice_payment", filters, *tests)
