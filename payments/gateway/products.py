"""Calls to Stripe for products and their prices: what is sold or let, and for how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from payments.gateway.connection import Connection
from payments.gateway.facts import reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFacts:
    """A product at Stripe."""

    product_id: str
    name: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFacts:
    """A price at Stripe: minor units of `currency`, None where a unit costs less than one."""

    price_id: str
    product_id: str
    amount_minor: int | None
    currency: str
    is_active: bool
    metadata: dict[str, str]


def product_facts(product: dict[str, Any]) -> ProductFacts:
    """Read a product."""
    return ProductFacts(
        product_id=product["id"],
        name=product.get("name") or "",
        metadata=dict(product.get("metadata") or {}),
    )


def price_facts(price: dict[str, Any]) -> PriceFacts:
    """Read a price."""
    return PriceFacts(
        price_id=price["id"],
        product_id=reference(price.get("product")),
        amount_minor=price.get("unit_amount"),
        currency=str(price.get("currency") or "").upper(),
        is_active=bool(price.get("active")),
        metadata=dict(price.get("metadata") or {}),
    )


class Products(Connection):
    """Products and prices of one account."""

    def create(self, params: dict[str, Any], *, key: str) -> ProductFacts:
        """Make a product; repeating with the same key finds the same one."""
        return product_facts(
            self._call(
                "products.create",
                lambda: self._stripe.v1.products.create(
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def update(self, product_id: str, params: dict[str, Any]) -> ProductFacts:
        """Change what Stripe knows of a product; repeating is safe."""
        return product_facts(
            self._call(
                "products.update",
                lambda: self._stripe.v1.products.update(product_id, params=params),  # type: ignore[arg-type]
            )
        )

    def all(self, *, since: datetime | None = None) -> Iterator[ProductFacts]:
        """Yield all products, newest first; `since` leaves older ones out."""
        params: dict[str, Any] = {"limit": 100}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        pages = self._pages("products.list", self._list, params)
        return (product_facts(product) for product in pages)

    def create_price(self, params: dict[str, Any], *, key: str) -> PriceFacts:
        """Make a price; repeating with the same key finds the same one."""
        return price_facts(
            self._call(
                "prices.create",
                lambda: self._stripe.v1.prices.create(
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": key},
                ),
            )
        )

    def retire_price(self, price_id: str) -> PriceFacts:
        """Let nothing new use a price; what uses it goes on. Repeating is safe."""
        return price_facts(
            self._call(
                "prices.update",
                lambda: self._stripe.v1.prices.update(price_id, params={"active": False}),
            )
        )

    def all_prices(
        self, *, product_id: str | None = None, since: datetime | None = None
    ) -> Iterator[PriceFacts]:
        """Yield all prices, newest first, also retired ones: of one product, or of all."""
        params: dict[str, Any] = {"limit": 100}
        if product_id is not None:
            params["product"] = product_id
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        pages = self._pages("prices.list", self._list_prices, params)
        return (price_facts(price) for price in pages)

    def _list(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.products.list(params=params)  # type: ignore[arg-type]

    def _list_prices(self, params: dict[str, Any]) -> stripe.StripeObject:
        return self._stripe.v1.prices.list(params=params)  # type: ignore[arg-type]
