"""Houses of a dump, and those that only its rooms and leases speak of."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from core.currencies import UnknownCurrency, UnusableCurrency, get_currency
from core.models import Tenant
from core.models.tenant import validate_zone
from subscriptions.models import House
from subscriptions.operations.lease_import.cells import Cells
from subscriptions.operations.lease_import.cities import CITIES, code_in, code_of
from subscriptions.operations.lease_import.columns import LEASES, ROOMS
from subscriptions.operations.lease_import.former_ids import FormerIds, Kind
from subscriptions.operations.lease_import.references import find_rows, model_rows
from subscriptions.operations.lease_import.rules import Finding, finding
from subscriptions.operations.lease_import.spools import Spools
from subscriptions.operations.lease_import.tables import TableImport
from subscriptions.operations.lease_import.told import Told

From = House.CurrencyFrom


@dataclass(slots=True)
class Votes:
    """How often the leases of each house are named after which city; `named` are all houses."""

    cities: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    named: set[str] = field(default_factory=set)


def count_cities(spools: Spools) -> Votes:
    """Look through rooms and leases for houses and for the cities of their leases."""
    votes = Votes()
    house_of: dict[str, str] = {}
    for layout, rows in spools.batches(ROOMS):
        for row in rows:
            cells = Cells(layout, row)
            house = cells.key("house_source_id", longest=33)
            house_of[cells.key("source_id")] = house
            votes.named.add(house)
    for layout, rows in spools.batches(LEASES):
        for row in rows:
            cells = Cells(layout, row)
            house = cells.key("house_source_id", longest=33)
            votes.named.add(house)
            house = house or house_of.get(cells.key("room_source_id"), "")
            code = code_in(cells.raw("name") or "")
            if house and code:
                votes.cities[house][code] += 1
    votes.named = {house for house in votes.named if 0 < len(house) <= 32}
    return votes


class HouseImport(TableImport):
    """Takes in houses; what staff set about currency and time zone stays."""

    model = House
    fields = (
        "name", "currency", "currency_from", "time_zone", "stripe_account_id", "is_active",
        "is_deleted", "is_inferred", "source_data", "findings",
    )  # fmt: skip

    def __init__(self, tenant: Tenant, told: Told, former: FormerIds, today: date) -> None:
        super().__init__(tenant, told, former, today)
        self.votes = Votes()
        self.taken: set[str] = set()

    def prepare(self, batch: list[Cells]) -> None:
        """Look up which houses are here already."""
        ids = [cells.source_id for cells in batch]
        self.taken.update(ids)
        self.held = {house.source_id: house for house in House.objects.filter(source_id__in=ids)}

    def values(self, cells: Cells) -> dict[str, Any]:
        """Return the fields of a house."""
        held = self.held.get(cells.source_id)
        account = cells.key("stripe_account_id") or None
        if held is not None and held.stripe_account_id and held.stripe_account_id != account:
            self.former.keep(Kind.ACCOUNT, "house", {held.pk: held.stripe_account_id})
        return {
            "name": cells.text("name", 255),
            **self._money_and_days(cells, held),
            "stripe_account_id": account,
            "is_active": cells.flag("is_active", default=True),
            "is_deleted": cells.flag("is_deleted"),
            "is_inferred": False,
            "source_data": cells.rest(),
        }

    def _money_and_days(self, cells: Cells, held: House | None) -> dict[str, str]:
        if held is not None and held.currency_from == From.STAFF:
            return _as_held(held)
        city = code_of(cells.text("city", 100)) or code_in(cells.raw("name") or "")
        votes = Counter({city: 1}) if city else self.votes.cities.get(cells.source_id, Counter())
        currency = self._currency(cells)
        decided = self.decide(cells.layout.table, cells.source_id, votes, currency, cells.findings)
        zone = self._zone(cells)
        return {**decided, "time_zone": zone} if zone else decided

    def _currency(self, cells: Cells) -> str:
        code = cells.key("currency", longest=10).upper()
        if code:
            try:
                get_currency(code)
            except (UnknownCurrency, UnusableCurrency):
                cells.tell("currency", "currency-unknown")
                return ""
        return code

    def _zone(self, cells: Cells) -> str:
        zone = cells.key("time_zone", longest=60)
        try:
            validate_zone(zone)
        except ValidationError:
            if zone:
                cells.tell("time_zone", "zone-unknown")
            return ""
        return zone

    def decide(
        self, table: str, source_id: str, votes: Counter[str], given: str, told: list[Finding]
    ) -> dict[str, str]:
        """Decide currency and time zone of a house: its own, its city's, the company's."""
        currency, origin = given, From.COLUMN
        by_currency = _by_currency(votes)
        if not given:
            default = self.tenant.default_currency
            currency, origin = _winner(by_currency, default), From.CITY
            said = ", ".join(f"{code} {count}" for code, count in sorted(votes.items()))
            if not by_currency:
                currency, origin = default, From.DEFAULT
                said = "no city is known"
            rule = "house-cities-differ" if len(by_currency) > 1 else "house-currency"
            done = f"{currency}: by its city ({said})."
            if origin == From.DEFAULT:
                done = f"{currency}: the company's own ({said})."
            told.append(finding(table, source_id, "currency", rule, done=done))
        zones: Counter[str] = Counter()
        for code, count in votes.items():
            if CITIES[code].currency == currency:
                zones[CITIES[code].time_zone] += count
        zone = min(zones, key=lambda name: (-zones[name], name), default="")
        return {"currency": currency, "currency_from": origin.value, "time_zone": zone}

    def infer(self, named: set[str], table: str) -> None:
        """Make the houses that rooms or leases name and that nothing else speaks of. In scope."""
        # An id that is nearly a known house's is that one, or nobody knows whose: no new house.
        known = find_rows(model_rows(House), named)
        held = {house.source_id: house for house in House.objects.filter(source_id__in=named)}
        rows: dict[str, dict[str, Any]] = {}
        for source_id in sorted(named - (set(known) - set(held))):
            house = held.get(source_id)
            if house is not None and not house.is_inferred:
                continue
            rows[source_id] = self._inferred(source_id, house, table)
        self.writer.write(rows)

    def _inferred(self, source_id: str, held: House | None, table: str) -> dict[str, Any]:
        told = [finding(table, source_id, "houseId", "house-inferred")]
        votes = self.votes.cities.get(source_id, Counter())
        if held is not None and (held.currency_from == From.STAFF or not votes):
            decided = _as_held(held)
        else:
            decided = self.decide(table, source_id, votes, "", told)
        for found in told:
            self.told.add(found)
        return {
            "name": held.name if held else "",
            **decided,
            "stripe_account_id": held.stripe_account_id if held else None,
            "is_active": True,
            "is_deleted": False,
            "is_inferred": True,
            "source_data": held.source_data if held else {},
            "findings": [{"rule": "house-inferred", "column": "houseId", "wrong": "", "done": ""}],
        }


def _as_held(house: House) -> dict[str, str]:
    return {
        "currency": house.currency,
        "currency_from": house.currency_from,
        "time_zone": house.time_zone,
    }


def _by_currency(votes: Counter[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for code, count in votes.items():
        found[CITIES[code].currency] += count
    return found


def _winner(by_currency: Counter[str], default: str) -> str:
    """Return the currency with most votes; of equals the company's own, else the first by name."""
    return min(
        by_currency, key=lambda code: (-by_currency[code], code != default, code), default=""
    )
