"""Disputes that a cardholder opens against a charge."""

from sandbox import ids, ledger
from sandbox.books import Books, Json
from sandbox.errors import conflict
from sandbox.events import record, record_update
from sandbox.spec.objects import build

REASONS = {"disputes": "fraudulent", "disputes_not_received": "product_not_received"}
ANSWER_SECONDS = 9 * 24 * 3600


def _evidence_details(books: Books) -> Json:
    return build(
        "dispute_evidence_details",
        due_by=books.now + ANSWER_SECONDS,
        enhanced_eligibility=build("dispute_enhanced_eligibility"),
    )


def open_dispute(books: Books, charge: Json, reason: str) -> Json:
    """Dispute a whole charge: funds and a fee leave the balance. Returns the dispute.

    Raises StripeError (400) for a charge that was not paid or is disputed already.
    """
    if not charge["paid"] or charge["disputed"]:
        raise conflict(f"Charge {charge['id']} cannot be disputed.", "charge_not_disputable")
    body = build(
        "dispute",
        id=ids.new("du"),
        amount=charge["amount"],
        charge=charge["id"],
        created=books.now,
        currency=charge["currency"],
        evidence_details=_evidence_details(books),
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="needs_response",
    )
    if charge["payment_method_details"]["type"] == "card":
        body["payment_method_details"] = _card(charge)
    books.add(body)
    record(books, "charge.dispute.created", body)
    record_update(books, "charge.updated", charge, {**charge, "disputed": True})
    return _withdraw(books, body)


def _card(charge: Json) -> Json:
    brand = charge["payment_method_details"]["card"]["brand"]
    card = build(
        "dispute_payment_method_details_card",
        brand=brand,
        case_type="chargeback",
        network_reason_code="10",
    )
    return build("dispute_payment_method_details", type="card", card=card)


def _withdraw(books: Books, dispute: Json) -> Json:
    fee = ledger.DISPUTE_FEE
    entry = ledger.enter(books, "adjustment", dispute, -dispute["amount"], fee=fee)
    after = {**dispute, "balance_transactions": [entry]}
    books.save(after)
    record(books, "charge.dispute.funds_withdrawn", after)
    return after
