"""What a quantity costs: the rule in Python, to explain a line and to prove it.

Invoices are rated by PostgreSQL (billing.queries.charges), many at a time. This is the same rule
told a second time, one price at a time and with its steps, and tests hold the two together.
All amounts are in minor units; only `rounded` makes money of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Protocol

from core.currencies import get_currency

_EXACT = Context(prec=80)
ZERO = Decimal(0)


class TierLike(Protocol):
    """A tier of a price."""

    above: Decimal
    up_to: Decimal | None
    rate: Decimal
    flat: Decimal


class PriceLike(Protocol):
    """A price, without its tiers."""

    model: str
    included: Decimal
    package_size: Decimal | None


@dataclass(frozen=True, slots=True)
class Step:
    """One tier walked: so many units at a rate, and a flat amount; `exact` is their sum."""

    above: Decimal
    up_to: Decimal | None
    units: Decimal
    rate: Decimal
    flat: Decimal
    exact: Decimal


@dataclass(frozen=True, slots=True)
class Rated:
    """A quantity with what was free of it, what was counted, and what each tier made of it.

    `units` are packages for a package price. `exact` is not rounded.
    """

    quantity: Decimal
    included: Decimal
    billable: Decimal
    units: Decimal
    steps: tuple[Step, ...]
    exact: Decimal


def rate(quantity: Decimal, price: PriceLike, tiers: Sequence[TierLike]) -> Rated:
    """Return what a quantity costs at a price; a quantity below zero costs nothing."""
    with localcontext(_EXACT):
        billable = max(quantity - price.included, ZERO)
        units = billable
        if price.package_size:
            units = (billable / price.package_size).to_integral_value(ROUND_CEILING)
        steps = tuple(_walk(units, tiers, is_volume=price.model == "volume"))
        return Rated(
            quantity=quantity,
            included=max(min(quantity, price.included), ZERO),
            billable=billable,
            units=units,
            steps=steps,
            exact=sum((step.exact for step in steps), ZERO),
        )


def _walk(units: Decimal, tiers: Sequence[TierLike], *, is_volume: bool) -> list[Step]:
    reached = [tier for tier in tiers if units > tier.above]
    if is_volume:
        reached = [tier for tier in reached if tier.up_to is None or units <= tier.up_to]
    return [_step(units, tier, is_volume=is_volume) for tier in reached]


def _step(units: Decimal, tier: TierLike, *, is_volume: bool) -> Step:
    last = units if tier.up_to is None else min(units, tier.up_to)
    counted = units if is_volume else last - tier.above
    exact = counted * tier.rate + tier.flat
    return Step(tier.above, tier.up_to, counted, tier.rate, tier.flat, exact)


def rounded(exact: Decimal, currency: str) -> int:
    """Return minor units, half away from zero, in the steps that the currency is charged in."""
    step = get_currency(currency).step
    with localcontext(_EXACT):
        return int((exact / step).to_integral_value(ROUND_HALF_UP)) * step
