"""The balance and the entries that make it up."""

from sandbox import ledger
from sandbox.books import Json
from sandbox.lists import paginate, pick
from sandbox.routes import Call, operation
from sandbox.spec.objects import build


@operation("GET", "/v1/balance")
def retrieve_balance(call: Call) -> Json:
    """Return the account's available and pending funds by currency."""
    available = ledger.totals(call.books, available=True)
    return build("balance", available=available, pending=ledger.totals(call.books, available=False))


@operation("GET", "/v1/balance_transactions/{id}")
def retrieve_balance_transaction(call: Call) -> Json:
    """Return one entry."""
    return ledger.current(call.books.get("balance_transaction", call.id), call.books.now)


@operation("GET", "/v1/balance_transactions")
def list_balance_transactions(call: Call) -> Json:
    """List entries, newest first."""
    filters = pick(call.params, "currency", "source", "type")
    page = paginate(call, "balance_transaction", filters)
    page["data"] = [ledger.current(entry, call.books.now) for entry in page["data"]]
    return page
