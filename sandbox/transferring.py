"""Transfers to connected accounts and their reversals: money that moves between two balances.

Source: Stripe docs, "Create separate charges and transfers" and "Transfer reversals".
"""

from dataclasses import replace
from typing import Any

from sandbox import accounts, ids, ledger
from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict, no_such
from sandbox.events import record, record_update
from sandbox.money import check_last_digit, display
from sandbox.spec.objects import build

INSUFFICIENT = "balance_insufficient"


def destination(books: Books, account_id: str) -> accounts.Account:
    """Return the connected account that money goes to.

    Raises StripeError (400) for one that is not connected, or that cannot take transfers.
    """
    found = accounts.find(books.store, account_id)
    if found is None or found.platform != books.account:
        raise no_such("destination", account_id, "destination", 400)
    if found.body["capabilities"].get("transfers") != "active":
        message = (
            "Your destination account needs to have at least one of the following capabilities "
            "enabled: transfers, crypto_transfers, legacy_payments"
        )
        raise conflict(message, "insufficient_capabilities_for_transfer", param="destination")
    return found


def check_source(books: Books, charge_id: str, amount: int, currency: str) -> Json:
    """Return the charge that a transfer draws on, ready or not.

    Raises StripeError (400) for a charge that was not paid, for another currency, or when all its
    transfers together would be more than the charge.
    """
    charge = books.get("charge", charge_id, "source_transaction")
    if charge["status"] == "failed" or not charge["captured"]:
        message = f"Charge {charge_id} is not a valid source of a transfer: it was not paid."
        raise StripeError(message, param="source_transaction")
    if charge["currency"] != currency:
        message = (
            f"The currency of source_transaction's balance transaction ({charge['currency']}) "
        )
        message += f"must be the same as the transfer currency ({currency})"
        raise StripeError(message, param="currency")
    before = books.where("transfer", source_transaction=charge_id)
    sent = sum(transfer["amount"] - transfer["amount_reversed"] for transfer in before)
    if sent + amount > charge["amount"]:
        left = display(charge["amount"] - sent, currency)
        message = "Transfers using this transaction as a source must not exceed the amount of"
        raise StripeError(f"{message} {left}", param="amount")
    return charge


def check_balance(books: Books, amount: int, currency: str) -> None:
    """Raise StripeError (400) unless so much is available."""
    if ledger.available(books, currency) < amount:
        message = (
            "You have insufficient available funds in your Stripe account. Try adding funds "
            "directly to your available balance by creating Charges using the "
            "4000000000000077 test card. See: https://stripe.com/docs/testing#available-balance"
        )
        raise conflict(message, INSUFFICIENT)


def _of(books: Books, account_id: str) -> Books:
    return replace(books, account=account_id)


def _payment(books: Books, transfer: Json, group: Any) -> Json:
    """Enter what the connected account receives. Returns its payment, a charge there."""
    payment = build(
        "charge",
        id=ids.new("py"),
        amount=transfer["amount"],
        amount_captured=transfer["amount"],
        captured=True,
        created=books.now,
        currency=transfer["currency"],
        metadata={},
        paid=True,
        source_transfer=transfer["id"],
        status="succeeded",
        transfer_group=group,
        billing_details=build("billing_details"),
    )
    payment["balance_transaction"] = ledger.enter(books, "payment", payment, transfer["amount"])[
        "id"
    ]
    return books.add(payment)


def send(
    books: Books, to: str, amount: int, currency: str, charge: Json | None, **fields: Json
) -> Json:
    """Move money to a connected account. Returns the transfer."""
    group = fields.pop("transfer_group", None) or (charge or {}).get("transfer_group")
    transfer_id = ids.new("tr")
    transfer = build(
        "transfer",
        id=transfer_id,
        amount=amount,
        amount_reversed=0,
        created=books.now,
        currency=currency,
        destination=to,
        reversals={
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/transfers/{transfer_id}/reversals",
        },
        reversed=False,
        source_transaction=charge["id"] if charge else None,
        source_type="card",
        transfer_group=group,
        **fields,
    )
    transfer["balance_transaction"] = ledger.enter(books, "transfer", transfer, -amount)["id"]
    there = _of(books, to)
    transfer["destination_payment"] = _payment(there, transfer, group)["id"]
    books.add(transfer)
    record(books, "transfer.created", transfer)
    return transfer


def reverse(books: Books, transfer: Json, amount: int, metadata: Json) -> Json:
    """Take money back from a connected account, as far as its balance holds it.

    Returns the reversal. Raises StripeError (400) for more than is left of the transfer, or more
    than the account has.
    """
    left = transfer["amount"] - transfer["amount_reversed"]
    if transfer["reversed"] or left == 0:
        message = f"Transfer {transfer['id']} is already fully reversed."
        raise conflict(message, "transfer_already_reversed")
    if amount < 1:
        raise conflict("Invalid positive integer", "parameter_invalid_integer", param="amount")
    if amount > left:
        shown, most = (display(value, transfer["currency"]) for value in (amount, left))
        message = (
            f"Reversal amount ({shown}) is greater than unreversed amount on transfer ({most})"
        )
        raise StripeError(message, param="amount")
    check_last_digit(amount, transfer["currency"], "amount")
    there = _of(books, transfer["destination"])
    if ledger.net(there, transfer["currency"]) < amount:
        message = (
            "Insufficient funds in Stripe account. The connected account's balance does not cover "
            "this reversal."
        )
        raise conflict(message, INSUFFICIENT)
    return _book(books, there, transfer, amount, metadata)


def _book(books: Books, there: Books, transfer: Json, amount: int, metadata: Json) -> Json:
    reversal = build(
        "transfer_reversal",
        id=ids.new("trr"),
        amount=amount,
        created=books.now,
        currency=transfer["currency"],
        metadata=metadata,
        transfer=transfer["id"],
    )
    entered = ledger.enter(books, "transfer_refund", reversal, amount)
    reversal["balance_transaction"] = entered["id"]
    taken = {**reversal, "id": transfer["destination_payment"]}
    ledger.enter(there, "payment_refund", taken, -amount)
    books.add(reversal)
    reversed_before = transfer["amount_reversed"] + amount
    listed = {**transfer["reversals"], "data": [reversal, *transfer["reversals"]["data"]][:10]}
    after = {
        **transfer,
        "amount_reversed": reversed_before,
        "reversed": reversed_before == transfer["amount"],
        "reversals": listed,
    }
    books.save(after)
    record(books, "transfer.reversed", after)
    record_update(books, "transfer.updated", transfer, after)
    return reversal
