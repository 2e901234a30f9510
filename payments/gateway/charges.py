"""Calls to Stripe for charges: what became of money that came, and who objects to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from payments.gateway.connection import Connection
from payments.gateway.facts import RefundFacts, moment, reference, refund_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFacts:
    """A charge. `status` is Stripe's: succeeded, pending or failed. Amounts in minor units.

    `refunds` are all of it, also failed ones, where they were asked for with the charge.
    """

    charge_id: str
    status: str
    amount_minor: int
    refunded_minor: int
    currency: str
    payment_intent_id: str
    customer_id: str
    is_disputed: bool
    failure: str
    method: str
    group: str
    made_at: datetime | None
    refunds: tuple[RefundFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionFacts:
    """A dispute in all that a case needs. `status` is Stripe's word; fee in minor units."""

    dispute_id: str
    charge_id: str
    status: str
    reason: str
    amount_minor: int
    currency: str
    fee_minor: int
    is_refundable: bool
    has_evidence: bool
    submissions: int
    answer_by: datetime | None
    opened_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningFacts:
    """An issuer's early fraud warning about a charge."""

    warning_id: str
    charge_id: str
    fraud_type: str
    is_actionable: bool
    warned_at: datetime | None
    payment_intent_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFacts:
    """An invoice of a subscription, as far as a rent needs to know it.

    `starts_on_at` is when the period begins that its first line is for; `charge_id` that of the
    payment that paid it or is on its way.
    """

    invoice_id: str
    status: str
    subscription_id: str
    customer_id: str
    amount_due_minor: int
    amount_paid_minor: int
    currency: str
    starts_at: datetime | None
    due_at: datetime | None
    hosted_url: str
    payment_intent_ids: tuple[str, ...]


def charge_facts(charge: dict[str, Any]) -> ChargeFacts:
    """Read a charge."""
    details = charge.get("payment_method_details") or {}
    return ChargeFacts(
        charge_id=charge["id"],
        status=str(charge.get("status") or ""),
        amount_minor=int(charge["amount"]),
        refunded_minor=int(charge.get("amount_refunded") or 0),
        currency=str(charge["currency"]).upper(),
        payment_intent_id=reference(charge.get("payment_intent")),
        customer_id=reference(charge.get("customer")),
        is_disputed=bool(charge.get("disputed")),
        failure=str(charge.get("failure_message") or ""),
        method=str(details.get("type") or ""),
        group=str(charge.get("transfer_group") or ""),
        made_at=moment(charge.get("created")),
        refunds=tuple(refund_facts(one) for one in (charge.get("refunds") or {}).get("data") or ()),
    )


def objection_facts(dispute: dict[str, Any]) -> ObjectionFacts:
    """Read a dispute."""
    details = dispute.get("evidence_details") or {}
    entries = dispute.get("balance_transactions") or []
    return ObjectionFacts(
        dispute_id=dispute["id"],
        charge_id=reference(dispute.get("charge")),
        status=str(dispute["status"]),
        reason=str(dispute.get("reason") or ""),
        amount_minor=int(dispute["amount"]),
        currency=str(dispute["currency"]).upper(),
        fee_minor=sum(int(entry.get("fee") or 0) for entry in entries),
        is_refundable=bool(dispute.get("is_charge_refundable")),
        has_evidence=bool(details.get("has_evidence")),
        submissions=int(details.get("submission_count") or 0),
        answer_by=moment(details.get("due_by")),
        opened_at=moment(dispute.get("created")),
    )


def warning_facts(warning: dict[str, Any]) -> WarningFacts:
    """Read an early fraud warning."""
    return WarningFacts(
        warning_id=warning["id"],
        charge_id=reference(warning.get("charge")),
        fraud_type=str(warning.get("fraud_type") or ""),
        is_actionable=bool(warning.get("actionable")),
        warned_at=moment(warning.get("created")),
        payment_intent_id=reference(warning.get("payment_intent")),
    )


def bill_facts(invoice: dict[str, Any]) -> BillFacts:
    """Read an invoice whose `payments` are expanded."""
    parent = (invoice.get("parent") or {}).get("subscription_details") or {}
    lines = (invoice.get("lines") or {}).get("data") or []
    starts = [line["period"]["start"] for line in lines if line.get("period")]
    payments = (invoice.get("payments") or {}).get("data") or []
    intents = [reference((one.get("payment") or {}).get("payment_intent")) for one in payments]
    return BillFacts(
        invoice_id=invoice["id"],
        status=str(invoice.get("status") or ""),
        subscription_id=reference(parent.get("subscription")),
        customer_id=reference(invoice.get("customer")),
        amount_due_minor=int(invoice.get("amount_due") or 0),
        amount_paid_minor=int(invoice.get("amount_paid") or 0),
        currency=str(invoice["currency"]).upper(),
        starts_at=moment(max(starts, default=None)),
        due_at=moment(invoice.get("due_date")),
        hosted_url=str(invoice.get("hosted_invoice_url") or ""),
        payment_intent_ids=tuple(intent for intent in intents if intent),
    )


class Charges(Connection):
    """Charges of one account, with the disputes and warnings about them."""

    def read(self, charge_id: str) -> ChargeFacts:
        """Ask for a charge, with all its refunds."""
        charges = self._stripe.v1.charges
        expand = {"expand": ["refunds"]}
        return self._whole(
            self._call("charges.retrieve", lambda: charges.retrieve(charge_id, params=expand))  # type: ignore[arg-type]
        )

    def of_intent(self, payment_intent_id: str) -> list[ChargeFacts]:
        """Return all tries of a payment intent, newest first, each with all its refunds."""
        params = {"payment_intent": payment_intent_id, "limit": 100, "expand": ["data.refunds"]}
        pages = self._pages("charges.list", self._list, params)
        return [self._whole(charge) for charge in pages]

    def _list(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.charges.list(params=params)  # type: ignore[arg-type]

    def _whole(self, charge: dict[str, Any]) -> ChargeFacts:
        """Read a charge. Stripe gives its ten newest refunds along: more are asked for."""
        refunds = charge.get("refunds") or {}
        if refunds.get("has_more"):
            params = {"charge": charge["id"], "limit": 100}
            pages = self._pages("refunds.list", self._list_refunds, params)
            charge = {**charge, "refunds": {"data": list(pages)}}
        return charge_facts(charge)

    def _list_refunds(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.refunds.list(params=params)  # type: ignore[arg-type]

    def read_latest(self, payment_intent_id: str) -> ChargeFacts | None:
        """Ask for the latest charge of a payment intent; None before the first try."""
        intents = self._stripe.v1.payment_intents
        intent = self._call(
            "payment_intents.retrieve",
            lambda: intents.retrieve(
                payment_intent_id, params={"expand": ["latest_charge.refunds"]}
            ),
        )
        charge = intent.get("latest_charge")
        return self._whole(charge) if isinstance(charge, dict) else None

    def read_bill(self, invoice_id: str) -> BillFacts:
        """Ask for an invoice of a subscription with its payments."""
        invoices = self._stripe.v1.invoices
        return bill_facts(
            self._call(
                "invoices.retrieve",
                lambda: invoices.retrieve(invoice_id, params={"expand": ["payments"]}),
            )
        )

    def find_bill(self, payment_intent_id: str) -> str:
        """Return the invoice that a payment intent pays, or nothing."""
        payments = self._stripe.v1.invoice_payments
        pays = {"type": "payment_intent", "payment_intent": payment_intent_id}
        found = self._call(
            "invoice_payments.list",
            lambda: payments.list(params={"payment": pays, "limit": 1}),  # type: ignore[arg-type]
        )
        return reference(found["data"][0]["invoice"]) if found["data"] else ""

    def read_dispute(self, dispute_id: str) -> ObjectionFacts:
        """Ask for a dispute."""
        disputes = self._stripe.v1.disputes
        return objection_facts(
            self._call("disputes.retrieve", lambda: disputes.retrieve(dispute_id))
        )

    def list_disputes(
        self, *, charge_id: str = "", since: datetime | None = None
    ) -> Iterator[ObjectionFacts]:
        """Yield the disputes of a charge, or all since a moment, newest first."""
        params: dict[str, Any] = {"limit": 100}
        if charge_id:
            params["charge"] = charge_id
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        for dispute in self._pages("disputes.list", self._list_disputes, params):
            yield objection_facts(dispute)

    def _list_disputes(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.disputes.list(params=params)  # type: ignore[arg-type]

    def answer_dispute(
        self, dispute_id: str, evidence: dict[str, str], *, submit: bool, key: str
    ) -> ObjectionFacts:
        """Give evidence; submitted, it goes to the bank, usually once. Repeating is safe."""
        disputes = self._stripe.v1.disputes
        params: dict[str, Any] = {"evidence": evidence, "submit": submit}
        return objection_facts(
            self._call(
                "disputes.update",
                lambda: disputes.update(
                    dispute_id,
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def accept_dispute(self, dispute_id: str, *, key: str) -> ObjectionFacts:
        """Accept a dispute as lost, which cannot be taken back. Repeating is safe."""
        disputes = self._stripe.v1.disputes
        return objection_facts(
            self._call(
                "disputes.close",
                lambda: disputes.close(dispute_id, options={"idempotency_key": key}),
            )
        )

    def send_back(
        self, charge_id: str, *, amount_minor: int, metadata: dict[str, str], key: str
    ) -> RefundFacts:
        """Refund a charge, whole or part; repeating with the same key finds the same refund."""
        refunds = self._stripe.v1.refunds
        params: dict[str, Any] = {
            "charge": charge_id,
            "amount": amount_minor,
            "metadata": metadata,
        }
        return refund_facts(
            self._call(
                "refunds.create",
                lambda: refunds.create(
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def list_warnings(self, charge_id: str) -> Iterator[WarningFacts]:
        """Yield the early fraud warnings about a charge, newest first."""
        warnings = self._stripe.v1.radar.early_fraud_warnings
        pages = self._pages(
            "radar.early_fraud_warnings.list",
            lambda params: warnings.list(params=params),  # type: ignore[arg-type]
            {"charge": charge_id, "limit": 100},
        )
        for warning in pages:
            yield warning_facts(warning)

    def read_warning(self, warning_id: str) -> WarningFacts:
        """Ask for an early fraud warning."""
        warnings = self._stripe.v1.radar.early_fraud_warnings
        return warning_facts(
            self._call("radar.early_fraud_warnings.retrieve", lambda: warnings.retrieve(warning_id))
        )
