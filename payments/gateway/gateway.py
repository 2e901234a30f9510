"""Calls to Stripe for payments: sessions, refunds, disputes, events, the account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

import stripe

from payments.gateway.connection import Connection
from payments.gateway.facts import (
    DisputeFacts,
    RefundFacts,
    SessionFacts,
    dispute_facts,
    refund_facts,
    session_facts,
)
from payments.models import Checkout, Refund

_EXPAND_SESSION = ["payment_intent.latest_charge", "line_items"]
_MOST_TYPES = 20


class Gateway(Connection):
    """Checkout sessions, refunds, disputes, events and the account itself."""

    # --- checkout sessions ---------------------------------------------------------------------

    def open_session(self, checkout: Checkout) -> SessionFacts:
        """Create the Checkout Session of a claimed checkout; repeating finds the same session."""
        return session_facts(
            self._call(
                "checkout.sessions.create",
                lambda: self._stripe.v1.checkout.sessions.create(
                    params=session_parameters(checkout),  # type: ignore[arg-type]
                    options={"idempotency_key": checkout.idempotency_key},
                ),
            )
        )

    def read_session(self, session_id: str) -> SessionFacts:
        """Ask for a session with its payment intent, charge and lines."""
        session = self._call(
            "checkout.sessions.retrieve",
            lambda: self._stripe.v1.checkout.sessions.retrieve(
                session_id, params={"expand": _EXPAND_SESSION}
            ),
        )
        listed = session.get("line_items") or {}
        if listed.get("has_more"):
            # What is expanded holds the first ten.
            session = {**session, "line_items": {"data": self._all_lines(session_id)}}
        return session_facts(session)

    def _all_lines(self, session_id: str) -> list[dict[str, Any]]:
        lines = self._stripe.v1.checkout.sessions.line_items
        return list(
            self._pages(
                "checkout.sessions.line_items.list",
                lambda params: lines.list(session_id, params=params),  # type: ignore[arg-type]
                {"limit": 100},
            )
        )

    def expire_session(self, session_id: str) -> SessionFacts:
        """Close a session; StripeRefused when it is no longer open."""
        return session_facts(
            self._call(
                "checkout.sessions.expire",
                lambda: self._stripe.v1.checkout.sessions.expire(session_id),
            )
        )

    def find_session(
        self, *, checkout_id: str = "", payment_intent_id: str = "", since: datetime | None = None
    ) -> SessionFacts | None:
        """Find a session by our id in its metadata or by its payment intent; None without one.

        Lists rather than searches: Stripe's search lags behind what was just written.
        """
        params: dict[str, Any] = {"limit": 100}
        if payment_intent_id:
            params["payment_intent"] = payment_intent_id
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        for session in self._pages("checkout.sessions.list", self._list_sessions, params):
            found = (session.get("metadata") or {}).get("taproom_checkout")
            if not checkout_id or found == checkout_id:
                return self.read_session(session["id"])
        return None

    def _list_sessions(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.checkout.sessions.list(params=params)  # type: ignore[arg-type]

    # --- refunds -------------------------------------------------------------------------------

    def make_refund(self, refund: Refund, *, payment_intent_id: str) -> RefundFacts:
        """Send money back; repeating finds the same refund."""
        return refund_facts(
            self._call(
                "refunds.create",
                lambda: self._stripe.v1.refunds.create(
                    params={
                        "payment_intent": payment_intent_id,
                        "amount": refund.amount_minor,
                        "metadata": {"taproom_refund": str(refund.pk)},
                    },
                    options={"idempotency_key": refund.idempotency_key},
                ),
            )
        )

    def list_refunds(self, payment_intent_id: str) -> list[RefundFacts]:
        """Return all refunds of a payment."""
        params = {"payment_intent": payment_intent_id, "limit": 100}
        pages = self._pages("refunds.list", self._list_refunds, params)
        return [refund_facts(refund) for refund in pages]

    def _list_refunds(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.refunds.list(params=params)  # type: ignore[arg-type]

    # --- disputes ------------------------------------------------------------------------------

    def read_dispute(self, dispute_id: str) -> DisputeFacts:
        """Ask for a dispute."""
        return dispute_facts(
            self._call("disputes.retrieve", lambda: self._stripe.v1.disputes.retrieve(dispute_id))
        )

    # --- events, account -----------------------------------------------------------------------

    def list_events(self, *, since: datetime, types: list[str]) -> Iterator[dict[str, Any]]:
        """Yield events of these types since a moment, in no certain order. Stripe keeps 30 days.

        A question may name twenty types at most, so that more of them take several.
        """
        created = {"gte": int(since.timestamp())}
        for start in range(0, len(types), _MOST_TYPES):
            some = types[start : start + _MOST_TYPES]
            params = {"limit": 100, "created": created, "types": some}
            yield from self._pages("events.list", self._list_events, params)

    def _list_events(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.events.list(params=params)  # type: ignore[arg-type]

    def list_objects(self, resource: str) -> Iterator[dict[str, Any]]:
        """Yield all objects of a resource such as `customers` or `checkout.sessions`."""
        service = attrgetter(resource)(self._stripe.v1)
        return self._pages(f"{resource}.list", service.list, {"limit": 100})

    def read_account(self) -> dict[str, Any]:
        """Return the account that the key belongs to."""
        return self._call("account.retrieve", self._stripe.v1.accounts.retrieve_current)


def session_parameters(checkout: Checkout) -> dict[str, Any]:
    """Return what Stripe is asked for: from the row alone, so that a repetition is identical."""
    metadata = {
        **checkout.metadata,
        "taproom_checkout": str(checkout.pk),
        "taproom_kind": checkout.kind,
        "taproom_subject": str(checkout.subject_id),
    }
    # Left out where it was not chosen: what was asked under a key stays what it was.
    locale = {"locale": checkout.language} if checkout.language else {}
    secure = {"card": {"request_three_d_secure": checkout.three_d_secure}}
    parameters = {
        **locale,
        **({"payment_method_options": secure} if checkout.three_d_secure else {}),
        "mode": "payment",
        "line_items": _line_items(checkout),
        "client_reference_id": str(checkout.pk),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": checkout.title},
        "success_url": checkout.success_url,
        "cancel_url": checkout.cancel_url,
        "expires_at": int(checkout.session_expires_at.timestamp()),
    }
    payer = checkout.expected_payer
    if payer.get("customer"):
        parameters["customer"] = payer["customer"]
    elif payer.get("email"):
        parameters["customer_email"] = payer["email"]
    return parameters


def _line_items(checkout: Checkout) -> list[dict[str, Any]]:
    """Return the lines that were chosen, or one line that says it all."""
    whole = {"name": checkout.title, "unit_amount_minor": checkout.amount_minor, "quantity": 1}
    return [
        {
            "price_data": {
                "currency": checkout.currency.lower(),
                "unit_amount": line["unit_amount_minor"],
                "product_data": {"name": line["name"]},
            },
            "quantity": line["quantity"],
        }
        for line in checkout.items or [whole]
    ]
