"""Calls to Stripe for subscriptions: what a customer is billed again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from payments.gateway.connection import Connection
from payments.gateway.errors import StripeRefused
from payments.gateway.facts import moment, reference


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFacts:
    """A subscription at Stripe. `status` is Stripe's; `item_id` and `price_id` of its first item.

    `cancel_at` is when it ends by itself.
    """

    subscription_id: str
    customer_id: str
    status: str
    item_id: str
    price_id: str
    cancel_at: datetime | None
    metadata: dict[str, str]

    @property
    def is_over(self) -> bool:
        """Whether it can never bill again."""
        return self.status in ("canceled", "incomplete_expired")


def subscription_facts(subscription: dict[str, Any]) -> SubscriptionFacts:
    """Read a subscription."""
    items = subscription["items"]["data"]
    first = items[0] if items else {}
    return SubscriptionFacts(
        subscription_id=subscription["id"],
        customer_id=reference(subscription.get("customer")),
        status=str(subscription.get("status") or ""),
        item_id=str(first.get("id") or ""),
        price_id=reference(first.get("price")),
        cancel_at=moment(subscription.get("cancel_at")),
        metadata=dict(subscription.get("metadata") or {}),
    )


class Subscriptions(Connection):
    """Subscriptions of one account."""

    def create(self, params: dict[str, Any], *, key: str) -> SubscriptionFacts:
        """Start a subscription; repeating with the same key finds the same one."""
        return subscription_facts(
            self._call(
                "subscriptions.create",
                lambda: self._stripe.v1.subscriptions.create(
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def read(self, subscription_id: str) -> SubscriptionFacts:
        """Ask for a subscription."""
        return subscription_facts(
            self._call(
                "subscriptions.retrieve",
                lambda: self._stripe.v1.subscriptions.retrieve(subscription_id),
            )
        )

    def update(self, subscription_id: str, params: dict[str, Any]) -> SubscriptionFacts:
        """Change a subscription; repeating is safe."""
        return subscription_facts(
            self._call(
                "subscriptions.update",
                lambda: self._stripe.v1.subscriptions.update(subscription_id, params=params),  # type: ignore[arg-type]
            )
        )

    def cancel(self, subscription_id: str) -> SubscriptionFacts:
        """End a subscription at once; one that is over stays so.

        Stripe makes no last invoice and no proration unless it is asked for them.
        """
        try:
            return subscription_facts(
                self._call(
                    "subscriptions.cancel",
                    lambda: self._stripe.v1.subscriptions.cancel(subscription_id),
                )
            )
        except StripeRefused as refusal:
            found = self.read(subscription_id) if refusal.code == "resource_missing" else None
            if found is None or not found.is_over:
                raise
            return found

    def all(self, *, customer_id: str | None = None) -> Iterator[SubscriptionFacts]:
        """Yield all subscriptions, newest first, also those that are over; or a customer's."""
        params: dict[str, Any] = {"limit": 100, "status": "all"}
        if customer_id is not None:
            params["customer"] = customer_id
        pages = self._pages("subscriptions.list", self._list, params)
        return (subscription_facts(subscription) for subscription in pages)

    def _list(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.subscriptions.list(params=params)  # type: ignore[arg-type]
