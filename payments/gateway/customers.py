"""Calls to Stripe for customers: whoever is billed, as Stripe knows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from payments.gateway.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """A customer at Stripe. `balance_minor`: below zero is credit of the customer."""

    customer_id: str
    email: str
    name: str
    metadata: dict[str, str]
    balance_minor: int
    is_deleted: bool


def customer_facts(customer: dict[str, Any]) -> CustomerFacts:
    """Read a customer; a deleted one has an id and nothing else."""
    return CustomerFacts(
        customer_id=customer["id"],
        email=customer.get("email") or "",
        name=customer.get("name") or "",
        metadata=dict(customer.get("metadata") or {}),
        balance_minor=int(customer.get("balance") or 0),
        is_deleted=bool(customer.get("deleted")),
    )


class Customers(Connection):
    """Customers of one account."""

    def create(self, params: dict[str, Any], *, key: str) -> CustomerFacts:
        """Make a customer; repeating with the same key finds the same one."""
        return customer_facts(
            self._call(
                "customers.create",
                lambda: self._stripe.v1.customers.create(
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def update(self, customer_id: str, params: dict[str, Any]) -> CustomerFacts:
        """Change what Stripe knows of a customer; repeating is safe."""
        return customer_facts(
            self._call(
                "customers.update",
                lambda: self._stripe.v1.customers.update(customer_id, params=params),  # type: ignore[arg-type]
            )
        )

    def read(self, customer_id: str) -> CustomerFacts:
        """Ask for a customer."""
        return customer_facts(
            self._call(
                "customers.retrieve", lambda: self._stripe.v1.customers.retrieve(customer_id)
            )
        )

    def find(self, metadata: dict[str, str], *, since: datetime | None) -> CustomerFacts | None:
        """Find the customer that carries our id in its metadata; None without one.

        Lists rather than searches: Stripe's search lags behind what was just written. `since`:
        when we may have asked for it first; without it all customers are looked through.
        """
        params: dict[str, Any] = {"limit": 100}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        for customer in self._pages("customers.list", self._list, params):
            found = customer.get("metadata") or {}
            if all(found.get(name) == value for name, value in metadata.items()):
                return customer_facts(customer)
        return None

    def all(self) -> Iterator[CustomerFacts]:
        """Yield all customers, newest first; deleted ones are not among them."""
        pages = self._pages("customers.list", self._list, {"limit": 100})
        return (customer_facts(customer) for customer in pages)

    def _list(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.customers.list(params=params)  # type: ignore[arg-type]
