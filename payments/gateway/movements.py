"""Calls to Stripe for balance transactions: each movement of an account's money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from payments.gateway.connection import Connection
from payments.gateway.facts import moment, reference


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementFacts:
    """A balance transaction: signed minor units of `currency`, and what it is of."""

    movement_id: str
    kind: str
    source_id: str
    amount_minor: int
    currency: str
    made_at: datetime | None
    fee_minor: int = 0


class Movements(Connection):
    """Balance transactions of one account."""

    def list(self, *, since: datetime, until: datetime) -> Iterator[MovementFacts]:
        """Yield the movements of a period, newest first."""
        period = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        for entry in self._pages(
            "balance_transactions.list", self._list, {"limit": 100, "created": period}
        ):
            yield MovementFacts(
                movement_id=entry["id"],
                kind=str(entry.get("type") or ""),
                source_id=reference(entry.get("source")),
                amount_minor=int(entry["amount"]),
                currency=str(entry["currency"]).upper(),
                made_at=moment(entry.get("created")),
                fee_minor=int(entry.get("fee") or 0),
            )

    def _list(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.balance_transactions.list(params=params)  # type: ignore[arg-type]
