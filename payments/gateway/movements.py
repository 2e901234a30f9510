"""Calls to Stripe for balance transactions: each movement of an account's money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from payments.gateway.connection import Connection
from payments.gateway.facts import moment, reference


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What a movement is of: Stripe's id of it, and of its charge, payment intent and customer."""

    source_id: str
    charge_id: str = ""
    payment_intent_id: str = ""
    customer_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementFacts:
    """A balance transaction: signed minor units of `currency`, and what it is of.

    `source` is None where it was not asked for.
    """

    movement_id: str
    kind: str
    source_id: str
    amount_minor: int
    currency: str
    made_at: datetime | None
    fee_minor: int = 0
    source: SourceFacts | None = None


class Movements(Connection):
    """Balance transactions of one account."""

    def list(
        self, *, since: datetime, until: datetime, with_sources: bool = False
    ) -> Iterator[MovementFacts]:
        """Yield the movements of a period, newest first."""
        period = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        params: dict[str, Any] = {"limit": 100, "created": period}
        if with_sources:
            params["expand"] = ["data.source"]
        for entry in self._pages("balance_transactions.list", self._list, params):
            yield movement_facts(entry)

    def _list(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.balance_transactions.list(params=params)  # type: ignore[arg-type]

    def of_source(self, source_id: str) -> Iterable[MovementFacts]:
        """Return all movements of a refund or a dispute, whenever they were; else none.

        Stripe lists by source the first movement alone; the object itself names each of them.
        """
        prefix = source_id.partition("_")[0]
        if prefix in ("dp", "du"):
            disputes = self._stripe.v1.disputes
            found = self._call("disputes.retrieve", lambda: disputes.retrieve(source_id))
            return [movement_facts(one) for one in found.get("balance_transactions") or ()]
        if prefix not in ("re", "pyr"):
            return []
        names = ["balance_transaction", "failure_balance_transaction"]
        refunds = self._stripe.v1.refunds
        found = self._call(
            "refunds.retrieve", lambda: refunds.retrieve(source_id, params={"expand": names})
        )
        return [movement_facts(found[name]) for name in names if isinstance(found.get(name), dict)]


def movement_facts(entry: dict[str, Any]) -> MovementFacts:
    """Read a balance transaction; its source as well where it is expanded."""
    source = entry.get("source")
    return MovementFacts(
        movement_id=entry["id"],
        kind=str(entry.get("type") or ""),
        source_id=reference(source),
        amount_minor=int(entry["amount"]),
        currency=str(entry["currency"]).upper(),
        made_at=moment(entry.get("created")),
        fee_minor=int(entry.get("fee") or 0),
        source=_source_facts(source) if isinstance(source, dict) else None,
    )


def _source_facts(source: dict[str, Any]) -> SourceFacts:
    is_charge = source.get("object") == "charge"
    return SourceFacts(
        source_id=source["id"],
        charge_id=source["id"] if is_charge else reference(source.get("charge")),
        payment_intent_id=reference(source.get("payment_intent")),
        customer_id=reference(source.get("customer")),
    )
