"""Controls of invoices: all of them at a glance, for checks of what was made."""

import json

from sandbox.books import Json
from sandbox.control.routes import Command, control

SHOWN = (
    "id", "customer", "number", "status", "currency", "total", "amount_due", "amount_paid",
    "amount_remaining", "metadata", "created",
)  # fmt: skip
SHOWN_OF_LINE = ("id", "amount", "description", "metadata")


@control("GET", "/invoices")
def list_invoices(command: Command) -> Json:
    """Return every invoice of every account with all its lines, oldest first."""
    rows = command.sandbox.store.rows(
        "select account, body, private from objects where kind = 'invoice' and not deleted "
        "order by seq"
    )
    found = []
    for row in rows:
        body, lines = json.loads(row["body"]), json.loads(row["private"])["lines"]
        shown = [{name: line[name] for name in SHOWN_OF_LINE} for line in lines]
        facts = {name: body[name] for name in SHOWN}
        found.append({**facts, "account": row["account"], "lines": shown})
    return {"invoices": found}
