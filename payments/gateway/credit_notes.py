"""Calls to Stripe for credit notes: what is taken back of a finalized invoice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import stripe

from payments.gateway.connection import Connection
from payments.gateway.facts import reference


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteFacts:
    """A credit note at Stripe. `status` is issued or void; amounts in minor units."""

    credit_note_id: str
    invoice_id: str
    status: str
    amount_minor: int
    currency: str
    metadata: dict[str, str]


class CreditNotes(Connection):
    """Credit notes of one account."""

    def create(self, params: dict[str, Any], *, key: str) -> CreditNoteFacts:
        """Issue a credit note, with its refund if asked for; the same key finds the same one."""
        return credit_note_facts(
            self._call(
                "credit_notes.create",
                lambda: self._stripe.v1.credit_notes.create(
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def void(self, credit_note_id: str, *, key: str) -> CreditNoteFacts:
        """Void a credit note; StripeRefused where Stripe does not allow it."""
        return credit_note_facts(
            self._call(
                "credit_notes.void",
                lambda: self._stripe.v1.credit_notes.void_credit_note(
                    credit_note_id, options={"idempotency_key": key}
                ),
            )
        )

    def of_invoice(self, invoice_id: str) -> list[CreditNoteFacts]:
        """Return all credit notes of an invoice."""
        params = {"invoice": invoice_id, "limit": 100}
        pages = self._pages("credit_notes.list", self._list, params)
        return [credit_note_facts(one) for one in pages]

    def _list(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.credit_notes.list(params=params)  # type: ignore[arg-type]


def credit_note_facts(note: dict[str, Any]) -> CreditNoteFacts:
    """Read a credit note."""
    return CreditNoteFacts(
        credit_note_id=note["id"],
        invoice_id=reference(note.get("invoice")),
        status=str(note.get("status") or ""),
        amount_minor=int(note.get("amount") or 0),
        currency=str(note.get("currency") or "").upper(),
        metadata=dict(note.get("metadata") or {}),
    )
