"""What analytics is narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final
from uuid import UUID

# How payments without a method, or without a reason, are asked for and called.
UNKNOWN: Final = "unknown"

# No payment has more, and PostgreSQL's bigint takes no more.
LARGEST_MINOR: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Bound:
    """A smallest or largest amount in minor units, for currencies of 0, 2 and 3 decimals."""

    zero: int
    two: int
    three: int

    @classmethod
    def of_minor(cls, minor: int) -> Bound:
        """Return the bound that is so many minor units, whatever the currency."""
        return cls(minor, minor, minor)

    @classmethod
    def at_least(cls, major: Decimal) -> Bound:
        """Return the bound for amounts from `major` on, such as 12.50, in each currency."""
        return cls(*(_minor(major, exponent, ROUND_CEILING) for exponent in (0, 2, 3)))

    @classmethod
    def at_most(cls, major: Decimal) -> Bound:
        """Return the bound for amounts up to `major`, in each currency."""
        return cls(*(_minor(major, exponent, ROUND_FLOOR) for exponent in (0, 2, 3)))


def _minor(major: Decimal, exponent: int, rounding: str) -> int:
    whole = int(major.scaleb(exponent).to_integral_value(rounding))
    return min(whole, LARGEST_MINOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A filter; empty values narrow nothing. Days are the company's, both included.

    `method` is Stripe's word or UNKNOWN; `source` is the kind of thing that was paid.
    """

    first_day: date | None = None
    last_day: date | None = None
    currency: str = ""
    method: str = ""
    source: str = ""
    link: UUID | None = None
    least: Bound | None = None
    most: Bound | None = None
