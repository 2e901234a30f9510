"""Calls to Stripe for transfers: money for connected accounts, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from payments.gateway.connection import Connection
from payments.gateway.facts import moment, reference


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFacts:
    """A transfer at Stripe. Amounts in minor units of `currency` (capitals)."""

    transfer_id: str
    amount_minor: int
    reversed_minor: int
    currency: str
    destination: str
    source_charge_id: str
    group: str
    metadata: dict[str, str]
    made_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalFacts:
    """A reversal of a transfer."""

    reversal_id: str
    transfer_id: str
    amount_minor: int
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """A connected account, as far as transfers need to know it."""

    account_id: str
    takes_transfers: bool
    name: str


def transfer_facts(transfer: dict[str, Any]) -> TransferFacts:
    """Read a transfer."""
    return TransferFacts(
        transfer_id=transfer["id"],
        amount_minor=int(transfer["amount"]),
        reversed_minor=int(transfer.get("amount_reversed") or 0),
        currency=str(transfer["currency"]).upper(),
        destination=reference(transfer.get("destination")),
        source_charge_id=reference(transfer.get("source_transaction")),
        group=str(transfer.get("transfer_group") or ""),
        metadata=dict(transfer.get("metadata") or {}),
        made_at=moment(transfer.get("created")),
    )


def reversal_facts(reversal: dict[str, Any]) -> ReversalFacts:
    """Read a reversal."""
    return ReversalFacts(
        reversal_id=reversal["id"],
        transfer_id=reference(reversal.get("transfer")),
        amount_minor=int(reversal["amount"]),
        metadata=dict(reversal.get("metadata") or {}),
    )


class Transfers(Connection):
    """Transfers of one platform account."""

    def create(self, params: dict[str, Any], *, key: str) -> TransferFacts:
        """Send money; repeating with the same key finds the same transfer."""
        return transfer_facts(
            self._call(
                "transfers.create",
                lambda: self._stripe.v1.transfers.create(
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def read(self, transfer_id: str) -> TransferFacts:
        """Ask for a transfer."""
        transfers = self._stripe.v1.transfers
        return transfer_facts(
            self._call("transfers.retrieve", lambda: transfers.retrieve(transfer_id))
        )

    def list(self, *, group: str = "", since: datetime | None = None) -> Iterator[TransferFacts]:
        """Yield the transfers of a group, or all since a moment, newest first."""
        params: dict[str, Any] = {"limit": 100}
        if group:
            params["transfer_group"] = group
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        for transfer in self._pages("transfers.list", self._list, params):
            yield transfer_facts(transfer)

    def _list(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.transfers.list(params=params)  # type: ignore[arg-type]

    def reverse(self, transfer_id: str, params: dict[str, Any], *, key: str) -> ReversalFacts:
        """Take money back; repeating with the same key finds the same reversal."""
        return reversal_facts(
            self._call(
                "transfers.reversals.create",
                lambda: self._stripe.v1.transfers.reversals.create(
                    transfer_id,
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def list_reversals(self, transfer_id: str) -> Iterator[ReversalFacts]:
        """Yield all reversals of a transfer, newest first."""
        reversals = self._stripe.v1.transfers.reversals
        pages = self._pages(
            "transfers.reversals.list",
            lambda params: reversals.list(transfer_id, params=params),  # type: ignore[arg-type]
            {"limit": 100},
        )
        for reversal in pages:
            yield reversal_facts(reversal)

    def read_destination(self, account_id: str) -> AccountFacts:
        """Ask for a connected account; StripeRefused when it is not connected, or closed."""
        account = self._call(
            "accounts.retrieve", lambda: self._stripe.v1.accounts.retrieve(account_id)
        )
        capabilities = account.get("capabilities") or {}
        profile = account.get("business_profile") or {}
        return AccountFacts(
            account_id=account["id"],
            takes_transfers=capabilities.get("transfers") == "active",
            name=str(profile.get("name") or ""),
        )
