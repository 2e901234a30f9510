"""What a period will come to if it goes on as it went lately; told with its method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext

from billing.models import Price
from billing.queries.explaining import Explained
from billing.queries.shares import Weights
from billing.queries.statement import CHARGES, Statement
from billing.rating import ZERO, rate, rounded

# Weekdays and weekends differ, so that a whole week is looked at.
LOOK_BACK_DAYS = 7
_ADDS_UP = frozenset({"sum", "count"})


@dataclass(frozen=True, slots=True)
class Forecast:
    """The period's charges with tax, expected at its end, by line; before prepaid credit."""

    total_minor: int
    by_line: dict[tuple[str, UUID], int]
    days_looked_at: int
    days_left: int

    @property
    def method(self) -> str:
        """How it was reckoned, in words."""
        if not self.days_left:
            return gettext("The period is over, so this is what was used.")
        if not self.days_looked_at:
            return gettext(
                "No whole day of this period has passed yet, so this is what was used so far."
            )
        looked = (
            gettext("the last whole day")
            if self.days_looked_at == 1
            else gettext("the last %(days_looked_at)s whole days")
            % {"days_looked_at": self.days_looked_at}
        )
        return gettext(
            "What was used so far, plus the daily average of %(looked)s for each day that is "
            "left, at today's prices. Sizes and other values that do not add up stay as they are. "
            "Fees, items and tax are included; prepaid credit is not taken off."
        ) % {"looked": looked}


def forecast(
    statement: Statement, explained: Sequence[Explained], weights: dict[UUID, Weights], today: date
) -> Forecast:
    """Return what the running period is expected to come to. Never stored, never invoiced."""
    since = max(today - timedelta(days=LOOK_BACK_DAYS), statement.days.starts_on)
    looked_at = max((min(today, statement.days.ends_on) - since).days, 0)
    left = max((statement.days.ends_on - max(today, statement.days.starts_on)).days, 0)
    expected: dict[tuple[str, UUID], int] = {}
    for one in explained:
        line, minor = one.line, one.line.amount_minor
        if line.kind == "usage" and one.price and looked_at:
            days = weights.get(line.source_id, Weights()).by_day
            minor = _usage(one, one.price, days, since=since, until=today, looked_at=looked_at)
        expected[(line.source, line.source_id)] = minor
    _less_minimum(explained, expected)
    tax = _tax(explained, expected)
    charges = sum(expected[_key(one)] for one in explained if one.line.kind in CHARGES)
    brought = sum(one.line.amount_minor for one in explained if one.line.source == "carried_in")
    return Forecast(charges + tax + brought, expected, looked_at, left)


def _key(one: Explained) -> tuple[str, UUID]:
    return one.line.source, one.line.source_id


def _usage(
    one: Explained,
    price: Price,
    by_day: dict[date, Decimal],
    *,
    since: date,
    until: date,
    looked_at: int,
) -> int:
    quantity = one.line.quantity or ZERO
    if price.meter.aggregation in _ADDS_UP:
        lately = sum((used for day, used in by_day.items() if since <= day < until), ZERO)
        left = max((one.line.ends_on - max(until, one.line.starts_on)).days, 0)
        # Today is among the days that are left: its usage so far is counted in its average.
        today = by_day.get(until, ZERO)
        quantity += max(lately / looked_at * left - today, ZERO)
    return rounded(rate(quantity, price, list(price.tiers.all())).exact, one.currency)


def _less_minimum(explained: Sequence[Explained], expected: dict[tuple[str, UUID], int]) -> None:
    """Let a minimum shrink by what its usage is expected to grow."""
    now = {_key(one): one.line.amount_minor for one in explained}
    for one in explained:
        usage = ("usage", one.line.source_id)
        if one.line.source == "minimum" and usage in expected:
            grown = expected[usage] - now[usage]
            expected[_key(one)] = max(one.line.amount_minor - grown, 0)


def _tax(explained: Sequence[Explained], expected: dict[tuple[str, UUID], int]) -> int:
    """Return the tax in proportion; there is none where no line says so."""
    for one in explained:
        if one.line.kind == "tax" and one.net_minor:
            net = sum(expected[_key(line)] for line in explained if line.line.kind in CHARGES)
            exact = one.line.exact / one.net_minor * net
            return rounded(exact, one.currency)
    return 0
