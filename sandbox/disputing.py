"""Disputes that a cardholder opens against a charge, and how they go on.

Source: Stripe docs, "How disputes work", "Inquiries", "Testing" (evidence that wins or loses).
"""

from typing import Any

from sandbox import ids, ledger
from sandbox.books import Books, Json
from sandbox.errors import conflict
from sandbox.events import record, record_update
from sandbox.spec.objects import build
from sandbox.timers import timer

REASONS = {"disputes": "fraudulent", "disputes_not_received": "product_not_received"}
ANSWER_SECONDS = 9 * 24 * 3600
DECIDE_SECONDS = 5
# What evidence decides by itself, in `uncategorized_text`.
DECIDING = {"winning_evidence": "won", "losing_evidence": "lost"}
WAITING = ("needs_response", "warning_needs_response")
REVIEWED = {"needs_response": "under_review", "warning_needs_response": "warning_under_review"}
ENDED = ("won", "lost", "warning_closed", "prevented")


def _evidence_details(books: Books) -> Json:
    return build(
        "dispute_evidence_details",
        due_by=books.now + ANSWER_SECONDS,
        enhanced_eligibility=build("dispute_enhanced_eligibility"),
    )


def open_dispute(books: Books, charge: Json, reason: str, *, is_inquiry: bool = False) -> Json:
    """Dispute a whole charge: funds and a fee leave the balance. Returns the dispute.

    An inquiry takes no funds, and the charge can still be refunded. Raises StripeError (400) for
    a charge that was not paid or is disputed already.
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
        is_charge_refundable=is_inquiry,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="warning_needs_response" if is_inquiry else "needs_response",
    )
    if charge["payment_method_details"]["type"] == "card":
        body["payment_method_details"] = _card(charge, "inquiry" if is_inquiry else "chargeback")
    books.add(body)
    record(books, "charge.dispute.created", body)
    if not is_inquiry:
        body = _withdraw(books, charge, body)
    books.later(body["evidence_details"]["due_by"], "dispute_past_due", body["id"])
    return body


def _card(charge: Json, case: str) -> Json:
    brand = charge["payment_method_details"]["card"]["brand"]
    card = build(
        "dispute_payment_method_details_card",
        brand=brand,
        case_type=case,
        network_reason_code="10",
    )
    return build("dispute_payment_method_details", type="card", card=card)


def _withdraw(books: Books, charge: Json, dispute: Json) -> Json:
    record_update(books, "charge.updated", charge, {**charge, "disputed": True})
    fee = ledger.DISPUTE_FEE
    entry = ledger.enter(books, "adjustment", dispute, -dispute["amount"], fee=fee)
    after = {**dispute, "balance_transactions": [*dispute["balance_transactions"], entry]}
    books.save(after)
    record(books, "charge.dispute.funds_withdrawn", after)
    return after


def check_waits(dispute: Json) -> None:
    """Raise StripeError (400) unless the dispute still waits for an answer."""
    if dispute["status"] not in WAITING:
        message = f"This dispute is already {dispute['status']} and takes no more evidence."
        raise conflict(message, "dispute_not_answerable")


def give_evidence(books: Books, dispute: Json, evidence: Json, *, submit: bool) -> Json:
    """Keep evidence, and hand it in when told so: that can be done once. Returns the dispute."""
    check_waits(dispute)
    kept = {**dispute["evidence"], **evidence}
    details = {**dispute["evidence_details"], "has_evidence": any(kept.values())}
    after = {**dispute, "evidence": kept, "evidence_details": details}
    if submit:
        details["submission_count"] += 1
        after["status"] = REVIEWED[dispute["status"]]
        books.later(books.now + DECIDE_SECONDS, "decide_dispute", dispute["id"])
    return record_update(books, "charge.dispute.updated", dispute, after)


def end(books: Books, dispute: Json, status: str) -> Json:
    """End a dispute: won gives the money back, lost leaves it gone. Returns the dispute."""
    after = {**dispute, "status": status, "is_charge_refundable": False}
    if status == "won":
        entry = ledger.enter(books, "adjustment", dispute, dispute["amount"])
        after["balance_transactions"] = [*dispute["balance_transactions"], entry]
    record_update(books, "charge.dispute.updated", dispute, after)
    if status == "won":
        record(books, "charge.dispute.funds_reinstated", after)
    record(books, "charge.dispute.closed", after)
    return after


def escalate(books: Books, dispute: Json) -> Json:
    """Turn an inquiry into a dispute: now the funds leave the balance. Returns the dispute."""
    if not dispute["status"].startswith("warning_") or dispute["status"] in ENDED:
        raise conflict("Only an open inquiry can become a dispute.", "dispute_not_an_inquiry")
    changed = {"status": "needs_response", "is_charge_refundable": False}
    after = {**dispute, **changed, "evidence_details": _evidence_details(books)}
    after = record_update(books, "charge.dispute.updated", dispute, after)
    books.later(after["evidence_details"]["due_by"], "dispute_past_due", dispute["id"])
    return _withdraw(books, books.get("charge", dispute["charge"]), after)


def warn(books: Books, charge: Json, fraud_type: str) -> Json:
    """Write an issuer's early fraud warning about a charge. Returns the warning."""
    about: dict[str, Any] = {"charge": charge["id"], "payment_intent": charge["payment_intent"]}
    warning = build(
        "radar.early_fraud_warning",
        id=ids.new("issfr"),
        actionable=not charge["disputed"] and not charge["refunded"],
        created=books.now,
        fraud_type=fraud_type,
        **about,
    )
    books.add(warning)
    record(books, "radar.early_fraud_warning.created", warning)
    return warning


@timer("decide_dispute")
def decide_dispute(books: Books, dispute_id: str) -> None:
    """Decide by the evidence that says so; other evidence waits for the control API."""
    dispute = books.get("dispute", dispute_id)
    if dispute["status"] in REVIEWED.values():
        said = DECIDING.get(str(dispute["evidence"].get("uncategorized_text")))
        if said and dispute["status"] == "warning_under_review":
            said = "warning_closed"
        if said:
            end(books, dispute, said)


@timer("dispute_past_due")
def dispute_past_due(books: Books, dispute_id: str) -> None:
    """End a dispute that nobody answered in time: it is lost, an inquiry just closes."""
    dispute = books.get("dispute", dispute_id)
    due = dispute["evidence_details"]["due_by"]
    if dispute["status"] in WAITING and due is not None and due <= books.now:
        is_inquiry = dispute["status"] == "warning_needs_response"
        end(books, dispute, "warning_closed" if is_inquiry else "lost")
