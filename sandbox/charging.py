"""Charge a payment method: the charge object, its outcome and what follows from it."""

from sandbox import cards, disputing, ids, ledger
from sandbox.books import Books, Json
from sandbox.cards import BANK_DECLINE, Decline
from sandbox.errors import DOCS
from sandbox.events import record, record_update
from sandbox.spec.objects import build

SETTLE_SECONDS = 5
COPIED = (
    "customer", "description", "on_behalf_of", "receipt_email", "shipping",
    "statement_descriptor", "statement_descriptor_suffix", "transfer_group",
)  # fmt: skip
DEBIT_DETAILS = (
    "account_holder_type", "account_type", "bank_code", "bank_name", "branch_code", "country",
    "fingerprint", "last4", "routing_number",
)  # fmt: skip


def _details(method: Json, amount: int, is_authenticated: bool) -> Json:
    """Return the charge's picture of the payment method."""
    kind = method["type"]
    part = method[kind]
    if kind != "card":
        fields = {name: part[name] for name in DEBIT_DETAILS if name in part}
        return {"type": kind, kind: build(f"payment_method_details_{kind}", **fields)}
    names = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    secure = None
    if is_authenticated:
        secure = build(
            "three_d_secure_details_charge",
            authentication_flow="challenge",
            result="authenticated",
            version="2.2.0",
        )
    card = build(
        "payment_method_details_card",
        amount_authorized=amount,
        checks=build("payment_method_details_card_checks", cvc_check="pass"),
        network=part["brand"],
        regulated_status="unregulated",
        three_d_secure=secure,
        **{name: part[name] for name in names},
    )
    return {"type": "card", "card": card}


def _outcome(decline: Decline | None) -> Json:
    if decline is None:
        return build(
            "charge_outcome",
            network_status="approved_by_network",
            risk_level="normal",
            risk_score=20,
            seller_message="Payment complete.",
            type="authorized",
        )
    return build(
        "charge_outcome",
        network_status="declined_by_network",
        reason=decline.decline_code,
        risk_level="normal",
        risk_score=20,
        seller_message="The bank did not return any further details with this decline.",
        type="issuer_declined",
    )


def new_charge(
    books: Books, intent: Json, method: Json, status: str, *, is_authenticated: bool = False
) -> Json:
    """Store the charge of a payment intent and return it; no event yet."""
    captured = status == "succeeded" and intent["capture_method"] != "manual"
    charge_id = ids.new("ch" if method["type"] == "card" else "py")
    body = build(
        "charge",
        id=charge_id,
        amount=intent["amount"],
        amount_captured=intent["amount"] if captured else 0,
        billing_details=method["billing_details"],
        calculated_statement_descriptor="SANDBOX",
        captured=captured or status == "pending",
        created=books.now,
        currency=intent["currency"],
        fraud_details={},
        metadata=dict(intent["metadata"]),
        outcome=_outcome(None) if status == "succeeded" else None,
        paid=status == "succeeded",
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(method, intent["amount"], is_authenticated),
        radar_options={},
        receipt_url=f"{books.base_url}/c/receipts/{charge_id}",
        status=status,
        **{name: intent[name] for name in COPIED},
    )
    return books.add(body)


def enter_funds(books: Books, charge: Json, behaviour: str) -> Json:
    """Enter a captured charge in the balance, and tell in ``charge.updated``. Returns it."""
    kind = "charge" if charge["id"].startswith("ch_") else "payment"
    pending = 0 if behaviour == "available" else ledger.PENDING_SECONDS
    amount = charge["amount_captured"]
    fee = ledger.charge_fee(amount)
    entry = ledger.enter(books, kind, charge, amount, fee=fee, pending=pending)
    return record_update(
        books, "charge.updated", charge, {**charge, "balance_transaction": entry["id"]}
    )


def succeed(books: Books, charge: Json, behaviour: str) -> Json:
    """Write the events of a captured charge; a card that disputes is disputed. Returns it."""
    record(books, "charge.succeeded", charge)
    if charge["captured"]:
        charge = enter_funds(books, charge, behaviour)
    reason = disputing.REASONS.get(behaviour)
    if reason is not None:
        disputing.open_dispute(books, charge, reason)
    return charge


def fail(books: Books, charge: Json, decline: Decline) -> Json:
    """Put a failed charge on record with its event. Returns it."""
    failed = {
        **charge,
        "amount_captured": 0,
        "captured": False,
        "failure_code": decline.code,
        "failure_message": decline.message,
        "outcome": _outcome(decline),
        "paid": False,
        "status": "failed",
    }
    books.save(failed)
    record(books, "charge.failed", failed)
    return failed


def error_of(charge: Json, method: Json, decline: Decline) -> Json:
    """Return the ``last_payment_error`` of a payment intent."""
    return {
        "charge": charge["id"],
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": DOCS + decline.code.replace("_", "-"),
        "message": decline.message,
        "payment_method": method,
        "type": "card_error" if method["type"] == "card" else "invalid_request_error",
    }


def decline_of(behaviour: str) -> Decline | None:
    """Return why a method's payment fails, at once or when it settles; None when it does not."""
    return BANK_DECLINE if behaviour == "debit_fails" else cards.decline_of(behaviour)
