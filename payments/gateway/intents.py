"""Calls to Stripe that take money from what a customer has saved, with nobody looking on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from payments.gateway.connection import Connection
from payments.gateway.facts import reference


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFacts:
    """A payment intent. `status` is Stripe's; `failure` what it says of the last try."""

    intent_id: str
    status: str
    charge_id: str
    metadata: dict[str, str]
    failure: str


def intent_facts(intent: dict[str, Any]) -> IntentFacts:
    """Read a payment intent."""
    error = intent.get("last_payment_error") or {}
    return IntentFacts(
        intent_id=intent["id"],
        status=str(intent.get("status") or ""),
        charge_id=reference(intent.get("latest_charge")),
        metadata=dict(intent.get("metadata") or {}),
        failure=str(error.get("message") or ""),
    )


class Intents(Connection):
    """Payments off session, for one account."""

    def saved_method(self, customer_id: str) -> str:
        """Return the payment method that a customer has set for invoices, or nothing."""
        customers = self._stripe.v1.customers
        customer = self._call("customers.retrieve", lambda: customers.retrieve(customer_id))
        settings = customer.get("invoice_settings") or {}
        return reference(settings.get("default_payment_method"))

    def take(self, params: dict[str, Any], *, key: str) -> IntentFacts:
        """Make a payment intent and confirm it. StripeRefused with 402 when it is declined."""
        intents = self._stripe.v1.payment_intents
        wanted: dict[str, Any] = {**params, "confirm": True, "off_session": True}
        return intent_facts(
            self._call(
                "payment_intents.create",
                lambda: intents.create(
                    params=wanted,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def of_customer(self, customer_id: str) -> Iterator[IntentFacts]:
        """Yield a customer's payment intents, newest first."""
        intents = self._stripe.v1.payment_intents
        pages = self._pages(
            "payment_intents.list",
            lambda params: intents.list(params=params),  # type: ignore[arg-type]
            {"customer": customer_id, "limit": 100},
        )
        for intent in pages:
            yield intent_facts(intent)

    def pay_invoice(self, invoice_id: str, *, key: str) -> None:
        """Pay an open invoice by what its customer has saved; StripeRefused when declined."""
        invoices = self._stripe.v1.invoices
        self._call(
            "invoices.pay",
            lambda: invoices.pay(invoice_id, options={"idempotency_key": key}),
        )
