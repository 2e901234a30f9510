"""Transfers to connected accounts."""

from sandbox import transferring
from sandbox.books import Json
from sandbox.errors import StripeError, no_such
from sandbox.events import record_update
from sandbox.lists import paginate, pick
from sandbox.metadata import apply, merge
from sandbox.money import check_last_digit
from sandbox.routes import Call, operation


@operation("POST", "/v1/transfers")
def create_transfer(call: Call) -> Json:
    """Send money to a connected account: of one charge, also before its funds are available.

    Without ``source_transaction`` the available balance must cover it.
    """
    books, params = call.books, call.params
    currency = params["currency"].lower()
    transferring.destination(books, params["destination"])
    charge = None
    if "source_transaction" in params:
        amount = (
            params.get("amount")
            or books.get("charge", params["source_transaction"], "source_transaction")["amount"]
        )
        _check_amount(amount, currency)
        charge = transferring.check_source(books, params["source_transaction"], amount, currency)
    else:
        amount = params.get("amount", 0)
        _check_amount(amount, currency)
        transferring.check_balance(books, amount, currency)
    fields = pick(params, "description", "transfer_group")
    metadata = merge(None, params.get("metadata"))
    return transferring.send(
        books, params["destination"], amount, currency, charge, metadata=metadata, **fields
    )


def _check_amount(amount: int, currency: str) -> None:
    if amount < 1:
        message = "Invalid positive integer"
        raise StripeError(message, code="parameter_invalid_integer", param="amount")
    check_last_digit(amount, currency, "amount")


@operation("GET", "/v1/transfers/{transfer}")
def retrieve_transfer(call: Call) -> Json:
    """Return a transfer."""
    return call.books.get("transfer", call.id)


@operation("POST", "/v1/transfers/{transfer}")
def update_transfer(call: Call) -> Json:
    """Change a transfer's description and metadata."""
    before = call.books.get("transfer", call.id)
    after = apply(before, call.params, "description")
    return record_update(call.books, "transfer.updated", before, after)


@operation("GET", "/v1/transfers")
def list_transfers(call: Call) -> Json:
    """List transfers, newest first."""
    return paginate(call, "transfer", pick(call.params, "destination", "transfer_group"))


@operation("POST", "/v1/transfers/{id}/reversals")
def create_reversal(call: Call) -> Json:
    """Take a transfer back, in part or what is left of it."""
    books, params = call.books, call.params
    transfer = books.get("transfer", call.id)
    left = transfer["amount"] - transfer["amount_reversed"]
    metadata = merge(None, params.get("metadata"))
    return transferring.reverse(books, transfer, params.get("amount", left), metadata)


@operation("GET", "/v1/transfers/{id}/reversals")
def list_reversals(call: Call) -> Json:
    """List the reversals of a transfer, newest first."""
    transfer = call.books.get("transfer", call.id)
    return paginate(call, "transfer_reversal", {"transfer": transfer["id"]})


@operation("GET", "/v1/transfers/{transfer}/reversals/{id}")
def retrieve_reversal(call: Call) -> Json:
    """Return a reversal of a transfer."""
    found = call.books.get("transfer_reversal", call.ids["id"])
    if found["transfer"] != call.ids["transfer"]:
        raise no_such("transfer_reversal", call.ids["id"])
    return found
