"""What a charge says of the card that was tried, and what Stripe Radar thought of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TryFacts:
    """A charge as fraud sees it. `fingerprint` is Stripe's name for the card or account."""

    charge_id: str
    checkout_id: str
    is_paid: bool
    method: str
    fingerprint: str
    country: str
    email: str
    decline_code: str
    risk_level: str
    risk_score: int | None
    outcome_type: str
    outcome_reason: str
    seller_message: str
    is_secured: bool
    made_at: datetime


def try_facts(charge: dict[str, Any]) -> TryFacts:
    """Read a charge of a verified event; what is missing is empty."""
    details = charge.get("payment_method_details") or {}
    method = str(details.get("type") or "")
    part = details.get(method) or {}
    outcome = charge.get("outcome") or {}
    secure = part.get("three_d_secure") or {}
    score = outcome.get("risk_score")
    return TryFacts(
        charge_id=str(charge["id"]),
        checkout_id=str((charge.get("metadata") or {}).get("taproom_checkout") or ""),
        is_paid=charge.get("status") != "failed",
        method=method,
        fingerprint=str(part.get("fingerprint") or ""),
        country=str(part.get("country") or "").upper(),
        email=str((charge.get("billing_details") or {}).get("email") or ""),
        decline_code=str(outcome.get("reason") or charge.get("failure_code") or ""),
        risk_level=str(outcome.get("risk_level") or ""),
        risk_score=score if isinstance(score, int) and 0 <= score <= 100 else None,
        outcome_type=str(outcome.get("type") or ""),
        outcome_reason=str(outcome.get("reason") or ""),
        seller_message=str(outcome.get("seller_message") or ""),
        is_secured=secure.get("result") == "authenticated",
        made_at=datetime.fromtimestamp(int(charge.get("created") or 0), UTC),
    )
