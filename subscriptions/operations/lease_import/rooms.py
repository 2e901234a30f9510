"""Rooms of a dump."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from subscriptions.models import House, Room
from subscriptions.operations.lease_import.cells import Cells
from subscriptions.operations.lease_import.former_ids import Kind
from subscriptions.operations.lease_import.references import Found, find_rows, model_rows, pk_of
from subscriptions.operations.lease_import.tables import TableImport

_AT_STRIPE = (("stripe_product_id", Kind.PRODUCT), ("stripe_price_id", Kind.PRICE))


class RoomImport(TableImport):
    """Takes in rooms; their money is in the house's currency."""

    model = Room
    fields = (
        "house", "house_source_id", "number", "location", "description", "currency",
        "base_rent_minor", "rent_minor", "price_minor", "deposit_minor", "is_active", "is_deleted",
        "source_data", "findings",
    )  # fmt: skip

    def prepare(self, batch: list[Cells]) -> None:
        """Look up the houses, and the products and prices that are known."""
        self.current = {field: self.current_ids(batch, field) for field, _ in _AT_STRIPE}
        self.came: dict[str, dict[str, str]] = {field: {} for field, _ in _AT_STRIPE}
        self.house_ids = {one.source_id: one.key("house_source_id", longest=32) for one in batch}
        self.houses: dict[str, Found] = find_rows(
            model_rows(House), self.house_ids.values(), fields=("currency",)
        )

    def values(self, cells: Cells) -> dict[str, Any]:
        """Return the fields of a room."""
        for field, came in self.came.items():
            if stripe_id := self.note_former(cells, field, self.current[field]):
                came[cells.source_id] = stripe_id
        house_id = self.house_ids[cells.source_id]
        house = self.houses.get(house_id)
        if house is None or house.row is None:
            cells.tell("house_source_id", "house-not-there")
        currency = house.row["currency"] if house and house.row else self.tenant.default_currency
        base = cells.minor("base_rent", currency)
        rent = cells.minor("rent", currency)
        self._tell_price(cells, base, rent)
        return {
            "house": pk_of(house),
            "house_source_id": house_id,
            "number": cells.integer("number"),
            "location": cells.text("location", 255),
            "description": cells.text("description", 5000),
            "currency": currency,
            "base_rent_minor": base,
            "rent_minor": rent,
            "price_minor": rent if base is None else base,
            "deposit_minor": cells.minor("deposit", currency),
            "is_active": cells.flag("is_active", default=True),
            "is_deleted": cells.flag("is_deleted"),
            "source_data": cells.rest(),
        }

    def _tell_price(self, cells: Cells, base: int | None, rent: int | None) -> None:
        if base is None and rent is None:
            cells.tell("base_rent", "room-without-price")
        elif base is None:
            cells.tell("base_rent", "base-rent-missing")
        elif rent is not None and base != rent:
            cells.tell("base_rent", "base-rent-differs")
        if (rent if base is None else base) == 0:
            cells.tell("base_rent", "price-zero")

    def after(self, batch: dict[str, Cells], ids: dict[str, UUID]) -> None:
        """Keep ids of Stripe's beside."""
        for field, kind in _AT_STRIPE:
            self.former.keep_of(kind, "room", ids, self.came[field])
