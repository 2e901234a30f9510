"""The same figures once more, in plain Python, row by row, out of what lies in the tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

DECIMALS = {"JPY": 0, "BHD": 3}
States = dict[tuple[Any, ...], tuple[int, int]]


class Reckoning:
    """All rows of one company, and what they add up to."""

    def __init__(self, connection: psycopg.Connection, tenant_id: UUID, zone: ZoneInfo) -> None:
        self.zone = zone
        with connection.cursor(row_factory=dict_row) as cursor:

            def rows(table: str) -> list[dict[str, Any]]:
                cursor.execute(f"SELECT * FROM payments_{table} WHERE tenant_id = %s", [tenant_id])
                return cursor.fetchall()

            self.checkouts = rows("checkout")
            kinds = {row["id"]: row["kind"] for row in self.checkouts}
            self.payments = [{**row, "kind": kinds[row["checkout_id"]]} for row in rows("payment")]
            self.refunds, self.views = rows("refund"), rows("linkviews")

    def narrow(self, chosen: dict[str, Any]) -> Reckoning:
        """Keep what a filter leaves, each row looked at by itself."""
        kept = object.__new__(Reckoning)
        kept.zone = self.zone
        kept.payments = [row for row in self.payments if self._is_chosen(row, chosen)]
        ids = {row["id"] for row in kept.payments}
        kept.refunds = [row for row in self.refunds if row["payment_id"] in ids]
        links = chosen.get("source") in (None, "link")
        kept.checkouts = [
            row
            for row in self.checkouts
            if links
            and row["link_id"]
            and self._is_within(self.day(row["created_at"]), chosen)
            and self._is_money(row, chosen)
            and chosen.get("link") in (None, row["link_id"])
        ]
        kept.views = [
            row
            for row in self.views
            if links
            and self._is_within(row["day"], chosen)
            and chosen.get("link") in (None, row["link_id"])
        ]
        return kept

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def moment(self, row: dict[str, Any]) -> datetime:
        return row["paid_at"] or row["created_at"]

    def _is_within(self, day: date, chosen: dict[str, Any]) -> bool:
        first, last = chosen.get("first_day"), chosen.get("last_day")
        return (first is None or day >= first) and (last is None or day <= last)

    def _is_money(self, row: dict[str, Any], chosen: dict[str, Any]) -> bool:
        major = Decimal(row["amount_minor"]).scaleb(-DECIMALS.get(row["currency"], 2))
        least, most = chosen.get("least"), chosen.get("most")
        return (
            chosen.get("currency") in (None, row["currency"])
            and (least is None or major >= least)
            and (most is None or major <= most)
        )

    def _is_chosen(self, row: dict[str, Any], chosen: dict[str, Any]) -> bool:
        method = chosen.get("method")
        return (
            self._is_within(self.day(self.moment(row)), chosen)
            and self._is_money(row, chosen)
            and (method is None or (row["method"] or "unknown") == method)
            and chosen.get("source") in (None, row["kind"])
            and chosen.get("link") in (None, row["link_id"])
        )

    def by(self, *key: Any) -> States:
        """Return count and sum of payments by currency, state and what `key` tells of a row."""
        found: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
        for row in self.payments:
            place = (row["currency"], row["state"], *(tell(row) for tell in key))
            found[place][0] += 1
            found[place][1] += row["amount_minor"]
        return {place: (count, minor) for place, (count, minor) in found.items()}

    def net(self, currency: str) -> int:
        came = sum(
            row["amount_minor"]
            for row in self.payments
            if row["currency"] == currency and row["state"] == "succeeded"
        )
        return came - sum(
            row["amount_minor"]
            for row in self.refunds
            if row["currency"] == currency and row["state"] in ("succeeded", "pending")
        )

    def funnel(self) -> dict[UUID, tuple[int, int, int]]:
        views: Counter[UUID] = Counter()
        for row in self.views:
            views[row["link_id"]] += row["views"]
        checkouts = Counter(row["link_id"] for row in self.checkouts)
        paid = Counter(
            row["link_id"]
            for row in self.payments
            if row["link_id"] and row["state"] == "succeeded"
        )
        return {
            link: (views[link], checkouts[link], paid[link]) for link in {*views, *checkouts, *paid}
        }
