"""Leases of a dump."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from subscriptions.models import House, Lease, Resident, Room
from subscriptions.operations.lease_import.cells import Cells
from subscriptions.operations.lease_import.cities import CITIES, code_in
from subscriptions.operations.lease_import.former_ids import Kind
from subscriptions.operations.lease_import.references import Found, find_rows, model_rows, pk_of
from subscriptions.operations.lease_import.tables import TableImport

Status = Lease.Status

# How far from the start somebody moves in without a word.
_USUAL_DELAY = timedelta(days=31)
# bru-merc-6-pien-2093: city, house, room, first name, number of the lease.
_LABEL = re.compile(r"[a-z]+-[^-]+-(?P<room>\d+)-(?P<name>.+)-\d+\s*")


class LeaseImport(TableImport):
    """Takes in leases and links them with residents, rooms and houses, by rule where needed."""

    model = Lease
    fields = (
        "resident", "room", "house", "user_source_id", "room_source_id", "house_source_id",
        "number", "name", "status", "time_zone", "starts_on", "ends_on", "moves_out_on",
        "signed_on", "moved_in_on", "has_moved_in", "has_moved_out", "currency", "rent_minor",
        "deposit_minor", "source_data", "findings",
    )  # fmt: skip

    def prepare(self, batch: list[Cells]) -> None:
        """Look up residents, rooms and houses."""
        self.current = self.current_ids(batch, "stripe_subscription_id")
        self.came: dict[str, str] = {}
        self.keys = {
            one.source_id: (
                one.key("user_source_id"), one.key("room_source_id"),
                one.key("house_source_id", longest=32),
            )
            for one in batch
        }  # fmt: skip
        users, rooms, houses = ([keys[place] for keys in self.keys.values()] for place in range(3))
        self.residents = find_rows(model_rows(Resident), users, fields=("first_name",))
        self.rooms = find_rows(
            model_rows(Room), rooms, fields=("house_id", "number", "is_active", "is_deleted")
        )
        self.houses = find_rows(model_rows(House), houses, fields=_OF_HOUSE)
        wanted = {found.row["house_id"] for found in self.rooms.values() if found.row}
        self.house_by_pk = {
            row["id"]: row
            for row in model_rows(House).filter(pk__in=wanted).values("id", *_OF_HOUSE)
        }

    def values(self, cells: Cells) -> dict[str, Any]:
        """Return the fields of a lease."""
        user_id, room_id, house_id = self.keys[cells.source_id]
        resident = self._resident(cells, user_id)
        room = self._room(cells, room_id)
        house = self._house(cells, house_id, room)
        name = cells.text("name", 255)
        currency = house["currency"] if house else self._currency_of(name)
        zone = self._zone(name, house)
        if stripe_id := self.note_former(cells, "stripe_subscription_id", self.current):
            self.came[cells.source_id] = stripe_id
        found: dict[str, Any] = {
            "resident": pk_of(resident),
            "room": pk_of(room),
            "house": house["id"] if house else None,
            "user_source_id": user_id,
            "room_source_id": room_id,
            "house_source_id": house_id,
            "number": cells.integer("number", largest=2**63 - 1),
            "name": name,
            "status": self._status(cells),
            "time_zone": zone,
            **self._days(cells, ZoneInfo(zone)),
            "has_moved_in": cells.flag("has_moved_in"),
            "has_moved_out": cells.flag("has_moved_out"),
            "currency": currency,
            "rent_minor": self._rent(cells, currency),
            "deposit_minor": cells.minor("deposit", currency),
            "source_data": cells.rest(),
        }
        self._tell_label(cells, name, currency, resident, room)
        self._tell_days(cells, found)
        return found

    def after(self, batch: dict[str, Cells], ids: dict[str, UUID]) -> None:
        """Keep ids of Stripe's beside."""
        self.former.keep_of(Kind.SUBSCRIPTION, "lease", ids, self.came)

    # --- references -----------------------------------------------------------------------------

    def _resident(self, cells: Cells, key: str) -> Found | None:
        found = self.residents.get(key)
        tell_reference(cells, "user_source_id", found, "user-not-there")
        return found

    def _room(self, cells: Cells, key: str) -> Found | None:
        if not cells.has("room_source_id"):
            cells.tell("house_source_id", "room-column-missing")
            return None
        found = self.rooms.get(key)
        tell_reference(cells, "room_source_id", found, "room-not-there")
        if found and found.row and (found.row["is_deleted"] or not found.row["is_active"]):
            cells.tell("room_source_id", "room-gone")
        return found

    def _house(self, cells: Cells, key: str, room: Found | None) -> dict[str, Any] | None:
        if room and room.row and room.row["house_id"]:
            return self.house_by_pk[room.row["house_id"]]
        found = self.houses.get(key)
        if cells.has("house_source_id") and (found is None or not found.row):
            cells.tell("house_source_id", "house-not-there")
        return found.row if found else None

    def _currency_of(self, name: str) -> str:
        code = code_in(name)
        return CITIES[code].currency if code else self.tenant.default_currency

    def _zone(self, name: str, house: dict[str, Any] | None) -> str:
        """Return the zone whose days count: of the city in the lease's name, else the house's."""
        code = code_in(name)
        if code:
            return CITIES[code].time_zone
        return (house["time_zone"] if house else "") or self.tenant.time_zone

    # --- what it says ---------------------------------------------------------------------------

    def _status(self, cells: Cells) -> str:
        word = cells.key("status").lower()
        if word in Status.values and word != Status.UNKNOWN:
            return word
        if word == "canceled":
            return Status.CANCELLED.value
        cells.tell("status", "status-unknown" if word else "status-missing")
        return Status.UNKNOWN.value if word else Status.SIGNED.value

    def _rent(self, cells: Cells, currency: str) -> int | None:
        rent = cells.minor("rent", currency)
        if rent is None:
            cells.tell("rent", "rent-missing")
        elif rent == 0:
            cells.tell("rent", "rent-zero")
        return rent

    def _days(self, cells: Cells, zone: ZoneInfo) -> dict[str, date | None]:
        names = ("starts_on", "ends_on", "moves_out_on", "signed_on", "moved_in_on")
        return {name: cells.day(name, zone) for name in names}

    def _tell_label(
        self, cells: Cells, name: str, currency: str, resident: Found | None, room: Found | None
    ) -> None:
        code = code_in(name)
        if code and CITIES[code].currency != currency:
            cells.tell(
                "name", "city-unlike-house",
                done=f"{currency} of the house was taken, not {CITIES[code].currency}: check it.",
            )  # fmt: skip
        label = _LABEL.fullmatch(name)
        if label is None:
            return
        if room and room.row and room.row["number"] not in (None, int(label["room"][:9])):
            cells.tell("name", "room-number-unlike")
        if resident and resident.row and _differ(label["name"], resident.row["first_name"]):
            cells.tell("name", "name-unlike")

    def _tell_days(self, cells: Cells, found: dict[str, Any]) -> None:
        start, end, out = found["starts_on"], found["ends_on"], found["moves_out_on"]
        if start is None:
            cells.tell("starts_on", "start-missing")
        if end is None:
            cells.tell("ends_on", "end-missing")
        if start and end and end <= start:
            cells.tell("ends_on", "end-before-start")
        if start and out and out <= start:
            cells.tell("moves_out_on", "moveout-before-start")
        elif end and out and out > end:
            cells.tell("moves_out_on", "moveout-after-end")
        elif end and out and out < end:
            cells.tell("moves_out_on", "moveout-before-end")
        self._tell_life(cells, found)

    def _tell_life(self, cells: Cells, found: dict[str, Any]) -> None:
        start, moved_in = found["starts_on"], found["moved_in_on"]
        if start and found["signed_on"] and found["signed_on"] > start:
            cells.tell("signed_on", "signed-after-start")
        if start and moved_in and abs(moved_in - start) > _USUAL_DELAY:
            cells.tell("moved_in_on", "movein-off-start")
        if moved_in and cells.has("has_moved_in") and not found["has_moved_in"]:
            cells.tell("moved_in_on", "movein-without-flag")
        days = [day for day in (found["ends_on"], found["moves_out_on"]) if day]
        last = min([day for day in days if not start or day >= start] or days, default=None)
        if last and found["status"] == Status.ACTIVE and last <= self.today:
            cells.tell("status", "active-but-over")
        if last and found["status"] == Status.FINISHED and last > self.today:
            cells.tell("status", "finished-early")


_OF_HOUSE = ("currency", "time_zone")


def tell_reference(cells: Cells, field: str, found: Found | None, missing: str) -> None:
    """Tell by which rule a reference was resolved, or that it was not."""
    if found is None:
        cells.tell(field, missing)
    elif found.rule:
        cells.tell(field, found.rule)


def _differ(label: str, first_name: str) -> bool:
    return bool(first_name) and label.strip().casefold() != first_name.strip().casefold()
