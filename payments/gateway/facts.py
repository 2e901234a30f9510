"""What Stripe said, as plain values: the only form in which its objects enter the house."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def moment(seconds: int | None) -> datetime | None:
    """Return Stripe's seconds since 1970 as an aware datetime."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def reference(value: Any) -> str:
    """Return the id of a field that is an id, an expanded object or null."""
    if isinstance(value, dict):
        return str(value.get("id") or "")
    return str(value or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldLine:
    """One line of a Checkout Session. Amounts in minor units."""

    name: str
    unit_amount_minor: int
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A Checkout Session with what is known about its money. Amounts in minor units.

    `lines` is None where they were not asked for. `intent_status` is that of the payment intent;
    `paid_at` the time of the successful charge.
    """

    session_id: str
    status: str
    payment_status: str
    amount_minor: int
    currency: str
    livemode: bool
    url: str = ""
    expires_at: datetime | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    payment_intent_id: str = ""
    intent_status: str = ""
    charge_id: str = ""
    paid_at: datetime | None = None
    method: str = ""
    card_brand: str = ""
    last4: str = ""
    decline_code: str = ""
    decline_message: str = ""
    payer: dict[str, str] = field(default_factory=dict)
    lines: tuple[SoldLine, ...] | None = None

    @property
    def is_paid(self) -> bool:
        """Whether the money is certain."""
        return self.payment_status == "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """A refund. `status` is Stripe's: pending, requires_action, succeeded, failed, canceled."""

    refund_id: str
    status: str
    amount_minor: int
    currency: str
    payment_intent_id: str
    failure_reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFacts:
    """A payer's objection at their bank. `status` is Stripe's: needs_response, won, lost and so on.

    `answer_by` is when Stripe must have evidence, while it waits for some.
    """

    dispute_id: str
    status: str
    reason: str
    amount_minor: int
    currency: str
    payment_intent_id: str
    answer_by: datetime | None = None
    charge_id: str = ""
    fee_minor: int = 0
    submissions: int = 0
    opened_at: datetime | None = None


def session_facts(session: dict[str, Any]) -> SessionFacts:
    """Read a Checkout Session whose `payment_intent.latest_charge` is expanded where it exists."""
    intent = session.get("payment_intent")
    intent = intent if isinstance(intent, dict) else {"id": reference(intent)}
    charge = intent.get("latest_charge")
    charge = charge if isinstance(charge, dict) else {"id": reference(charge)}
    decline = intent.get("last_payment_error") or {}
    details = charge.get("payment_method_details") or {}
    method = str(details.get("type") or "")
    method_details = details.get(method) or {}
    return SessionFacts(
        session_id=session["id"],
        status=str(session.get("status") or ""),
        payment_status=str(session.get("payment_status") or ""),
        amount_minor=int(session.get("amount_total") or 0),
        currency=str(session.get("currency") or "").upper(),
        livemode=bool(session.get("livemode")),
        url=str(session.get("url") or ""),
        expires_at=moment(session.get("expires_at")),
        metadata=dict(session.get("metadata") or {}),
        payment_intent_id=str(intent.get("id") or ""),
        intent_status=str(intent.get("status") or ""),
        charge_id=str(charge.get("id") or ""),
        paid_at=moment(charge.get("created")),
        method=method or str(decline.get("payment_method", {}).get("type") or ""),
        card_brand=str(method_details.get("brand") or method_details.get("bank_name") or ""),
        last4=str(method_details.get("last4") or ""),
        decline_code=str(decline.get("decline_code") or decline.get("code") or ""),
        decline_message=str(decline.get("message") or "")[:500],
        payer=_payer(session.get("customer_details") or {}),
        lines=_lines(session.get("line_items")),
    )


def _lines(listed: dict[str, Any] | None) -> tuple[SoldLine, ...] | None:
    return None if listed is None else tuple(sold_line(line) for line in listed["data"])


def sold_line(line: dict[str, Any]) -> SoldLine:
    """Read a line of a Checkout Session."""
    return SoldLine(
        name=str(line.get("description") or ""),
        unit_amount_minor=int((line.get("price") or {}).get("unit_amount") or 0),
        quantity=int(line.get("quantity") or 0),
        amount_minor=int(line.get("amount_total") or 0),
    )


def _payer(details: dict[str, Any]) -> dict[str, str]:
    return {key: str(details[key]) for key in ("name", "email") if details.get(key)}


def refund_facts(refund: dict[str, Any]) -> RefundFacts:
    """Read a refund."""
    return RefundFacts(
        refund_id=refund["id"],
        status=str(refund.get("status") or ""),
        amount_minor=int(refund["amount"]),
        currency=str(refund.get("currency") or "").upper(),
        payment_intent_id=reference(refund.get("payment_intent")),
        failure_reason=str(refund.get("failure_reason") or ""),
        metadata=dict(refund.get("metadata") or {}),
        made_at=moment(refund.get("created")),
    )


def dispute_facts(dispute: dict[str, Any]) -> DisputeFacts:
    """Read a dispute."""
    details = dispute.get("evidence_details") or {}
    return DisputeFacts(
        dispute_id=dispute["id"],
        status=str(dispute.get("status") or ""),
        reason=str(dispute.get("reason") or ""),
        amount_minor=int(dispute["amount"]),
        currency=str(dispute.get("currency") or "").upper(),
        payment_intent_id=reference(dispute.get("payment_intent")),
        answer_by=moment(details.get("due_by")),
        charge_id=reference(dispute.get("charge")),
        fee_minor=sum(
            int(one.get("fee") or 0) for one in dispute.get("balance_transactions") or []
        ),
        submissions=int(details.get("submission_count") or 0),
        opened_at=moment(dispute.get("created")),
    )
