"""Calls to Stripe for invoices: drafts, their lines, finalization, and what came of the money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import stripe

from payments.gateway.connection import Connection
from payments.gateway.facts import moment, reference

# The card's own words for why it was declined lie in the payment intent.
_EXPAND = ["payments.data.payment.payment_intent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """A line of an invoice. Amount in minor units, with its sign."""

    line_id: str
    amount_minor: int
    description: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFacts:
    """An invoice at Stripe. Amounts in minor units.

    `status` is Stripe's: draft, open, paid, uncollectible, void. `lines` are the first ones only
    when `has_more_lines`. `failure` says in words why the last payment failed; `needs_action`,
    that the payer must confirm it. Both are known only when the invoice was read by itself.
    `moved_minor` went to the customer's balance instead of being asked for (below zero: what the
    invoice asks for besides its total, as the balance held it). `moving_intents` are those of
    `payment_intents` that have taken money or are about to.
    """

    invoice_id: str
    status: str
    currency: str
    total_minor: int
    number: str
    customer_id: str
    metadata: dict[str, str]
    created_at: datetime | None
    lines: tuple[LineFacts, ...] = ()
    has_more_lines: bool = False
    due_minor: int = 0
    paid_minor: int = 0
    remaining_minor: int = 0
    credited_minor: int = 0
    paid_elsewhere_minor: int = 0
    moved_minor: int = 0
    due_at: datetime | None = None
    paid_at: datetime | None = None
    voided_at: datetime | None = None
    uncollectible_at: datetime | None = None
    is_attempted: bool = False
    attempts: int = 0
    next_attempt_at: datetime | None = None
    is_automatic: bool = False
    advances: bool = False
    hosted_url: str = ""
    pdf_url: str = ""
    failure: str = ""
    failed_at: datetime | None = None
    needs_action: bool = False
    finalization_error: str = ""
    payment_intents: tuple[str, ...] = field(default=())
    moving_intents: tuple[str, ...] = field(default=())

    @property
    def is_draft(self) -> bool:
        """Whether it can still be changed and deleted."""
        return self.status == "draft"

    @property
    def settled_minor(self) -> int:
        """How much of the total is settled, by payment or by the customer's balance."""
        return max(0, self.paid_minor + self.moved_minor)


class Invoices(Connection):
    """Invoices of one account."""

    def create(self, params: dict[str, Any], *, key: str) -> InvoiceFacts:
        """Make a draft; repeating with the same key finds the same one."""
        return self._invoice(
            "invoices.create",
            lambda: self._stripe.v1.invoices.create(
                params=params,  # type: ignore[arg-type]
                options={"idempotency_key": key},
            ),
        )

    def add_lines(self, invoice_id: str, lines: list[dict[str, Any]], *, key: str) -> InvoiceFacts:
        """Add up to a hundred lines to a draft; returns the invoice with its new total."""
        return self._invoice(
            "invoices.add_lines",
            lambda: self._stripe.v1.invoices.add_lines(
                invoice_id,
                params={"lines": lines},  # type: ignore[typeddict-item]
                options={"idempotency_key": key},
            ),
        )

    def finalize(self, invoice_id: str, *, key: str) -> InvoiceFacts:
        """Make a draft final, from when on Stripe charges or sends it by itself."""
        return self._invoice(
            "invoices.finalize",
            lambda: self._stripe.v1.invoices.finalize_invoice(
                invoice_id, params={"auto_advance": True}, options={"idempotency_key": key}
            ),
        )

    def read(self, invoice_id: str) -> InvoiceFacts:
        """Ask for an invoice with its payments; StripeRefused (404) when it is not there."""
        return self._invoice(
            "invoices.retrieve",
            lambda: self._stripe.v1.invoices.retrieve(invoice_id, params={"expand": _EXPAND}),
        )

    def read_lines(self, invoice_id: str) -> list[LineFacts]:
        """Ask for all lines of an invoice, page by page."""
        page = partial(self._list_lines, invoice_id)
        return [line_facts(line) for line in self._pages("invoices.lines", page, {"limit": 100})]

    def _list_lines(self, invoice_id: str, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.invoices.line_items.list(invoice_id, params=params)  # type: ignore[arg-type]

    def delete_draft(self, invoice_id: str) -> None:
        """Delete a draft; StripeRefused when it is none, or not there."""
        self._call("invoices.delete", lambda: self._stripe.v1.invoices.delete(invoice_id))

    def void(self, invoice_id: str, *, key: str) -> InvoiceFacts:
        """Void an open or uncollectible invoice; StripeRefused for any other."""
        return self._invoice(
            "invoices.void",
            lambda: self._stripe.v1.invoices.void_invoice(
                invoice_id, options={"idempotency_key": key}
            ),
        )

    def pay_elsewhere(self, invoice_id: str, *, key: str) -> InvoiceFacts:
        """Mark an open invoice as paid outside of Stripe."""
        return self._invoice(
            "invoices.pay",
            lambda: self._stripe.v1.invoices.pay(
                invoice_id,
                params={"paid_out_of_band": True},
                options={"idempotency_key": key},
            ),
        )

    def find(
        self, metadata: dict[str, str], *, customer_id: str, since: datetime | None
    ) -> list[InvoiceFacts]:
        """Return the invoices of a customer that carry our id in their metadata, newest first.

        Lists rather than searches: Stripe's search lags behind what was just written.
        """
        params: dict[str, Any] = {"limit": 100, "customer": customer_id}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        return [
            found
            for found in self._listed(params)
            if all(found.metadata.get(name) == value for name, value in metadata.items())
        ]

    def made_between(self, since: datetime, until: datetime) -> Iterator[InvoiceFacts]:
        """Yield all invoices made in `[since, until)`, newest first."""
        created = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        return self._listed({"limit": 100, "created": created})

    def _listed(self, params: dict[str, Any]) -> Iterator[InvoiceFacts]:
        return map(invoice_facts, self._pages("invoices.list", self._list, params))

    def _list(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.invoices.list(params=params)  # type: ignore[arg-type]

    def invoice_of_payment(self, payment_intent_id: str) -> str:
        """Return the id of the invoice that a payment intent pays, or an empty text."""
        payment = {"type": "payment_intent", "payment_intent": payment_intent_id}
        answer = self._call(
            "invoice_payments.list",
            lambda: self._stripe.v1.invoice_payments.list(params={"payment": payment}),  # type: ignore[arg-type]
        )
        return next((reference(found["invoice"]) for found in answer["data"]), "")

    def _invoice(self, endpoint: str, request: Any) -> InvoiceFacts:
        return invoice_facts(self._call(endpoint, request))


def line_facts(line: dict[str, Any]) -> LineFacts:
    """Read a line of an invoice."""
    return LineFacts(
        line_id=str(line["id"]),
        amount_minor=int(line["amount"]),
        description=str(line.get("description") or ""),
        metadata=dict(line.get("metadata") or {}),
    )


def invoice_facts(invoice: dict[str, Any]) -> InvoiceFacts:
    """Read an invoice; its payments where they are expanded."""
    lines = invoice.get("lines") or {}
    changed = invoice.get("status_transitions") or {}
    error = invoice.get("last_finalization_error") or {}
    credited = ("pre_payment_credit_notes_amount", "post_payment_credit_notes_amount")
    return InvoiceFacts(
        invoice_id=invoice["id"],
        status=str(invoice.get("status") or ""),
        currency=str(invoice.get("currency") or "").upper(),
        total_minor=int(invoice.get("total") or 0),
        number=str(invoice.get("number") or ""),
        customer_id=reference(invoice.get("customer")),
        metadata=dict(invoice.get("metadata") or {}),
        created_at=moment(invoice.get("created")),
        lines=tuple(line_facts(line) for line in lines.get("data") or ()),
        has_more_lines=bool(lines.get("has_more")),
        due_minor=int(invoice.get("amount_due") or 0),
        paid_minor=int(invoice.get("amount_paid") or 0),
        remaining_minor=int(invoice.get("amount_remaining") or 0),
        credited_minor=sum(int(invoice.get(name) or 0) for name in credited),
        paid_elsewhere_minor=int(invoice.get("amount_paid_off_stripe") or 0),
        moved_minor=_moved(invoice),
        due_at=moment(invoice.get("due_date")),
        paid_at=moment(changed.get("paid_at")),
        voided_at=moment(changed.get("voided_at")),
        uncollectible_at=moment(changed.get("marked_uncollectible_at")),
        is_attempted=bool(invoice.get("attempted")),
        attempts=int(invoice.get("attempt_count") or 0),
        next_attempt_at=moment(invoice.get("next_payment_attempt")),
        is_automatic=invoice.get("collection_method") == "charge_automatically",
        advances=bool(invoice.get("auto_advance")),
        hosted_url=str(invoice.get("hosted_invoice_url") or ""),
        pdf_url=str(invoice.get("invoice_pdf") or ""),
        finalization_error=str(error.get("message") or "")[:400],
        **_payment_facts(invoice.get("payments") or {}),
    )


def _moved(invoice: dict[str, Any]) -> int:
    # A draft has no ending balance yet.
    ending = invoice.get("ending_balance")
    return 0 if ending is None else int(ending) - int(invoice.get("starting_balance") or 0)


def _payment_facts(payments: dict[str, Any]) -> dict[str, Any]:
    intents = [(one.get("payment") or {}).get("payment_intent") for one in payments.get("data", [])]
    whole = [intent for intent in intents if isinstance(intent, dict)]
    failed = next((intent for intent in whole if intent.get("last_payment_error")), None)
    error = (failed or {}).get("last_payment_error") or {}
    charge = error.get("charge")
    return {
        "payment_intents": tuple(reference(intent) for intent in intents if intent),
        "moving_intents": tuple(
            intent["id"] for intent in whole if intent.get("status") in ("succeeded", "processing")
        ),
        "failure": str(error.get("message") or "")[:500],
        "failed_at": moment(charge.get("created")) if isinstance(charge, dict) else None,
        "needs_action": any(intent.get("status") == "requires_action" for intent in whole),
    }
