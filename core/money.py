"""Money: an integer of minor units and a currency.

Minor units are Stripe's (core.currencies): cents for USD, yen for JPY, thousandths of a dinar for
KWD. Nothing here is a float, and no two currencies are ever added or compared. Babel only shows
an amount; it never decides how many decimals there are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.numbers import parse_pattern

from core.currencies import Currency, get_currency

# Amounts live in bigint columns.
_LARGEST_MINOR: Final = 2**63 - 1

_PLAIN_NUMBER: Final = re.compile(r"-?([0-9]{1,30})(?:\.([0-9]{1,30}))?")

# Unicode CLDR, currency spacing: a code of letters stands apart from the number (KWD 1.250), which
# Babel leaves out.
_LETTER_BEFORE_DIGIT: Final = re.compile(r"(?<=[^\W\d_])(?=\d)")


class AmountInvalid(ValueError):
    """The text or number is no amount of this currency; the message says what is wrong."""


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added, subtracted or compared."""


class SplitInvalid(ValueError):
    """There is nothing to split by: no parts, a negative weight, or weights that are all zero."""


class NotChargeable(ValueError):
    """Stripe would refuse to charge this amount; the message says the limit."""


class AmountNotPositive(NotChargeable):
    """The amount is zero or negative."""


class AmountBelowMinimum(NotChargeable):
    """The amount is smaller than the smallest charge in its currency."""


class AmountAboveMaximum(NotChargeable):
    """The amount is larger than the largest charge in its currency."""


class AmountNotInSteps(NotChargeable):
    """The amount has digits at the end that Stripe wants to be zero."""


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` minor units of `currency`, an ISO code in capitals; may be zero or negative.

    Ordered within a currency only. Raises UnknownCurrency or UnusableCurrency for the code,
    TypeError for anything but an int (a bool is not one), AmountInvalid beyond a bigint.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor must be an int, not {type(self.minor).__name__}")
        get_currency(self.currency)
        if abs(self.minor) > _LARGEST_MINOR:
            raise AmountInvalid("The amount is too large to be stored.")

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return no money; the start for `sum(amounts, Money.zero(currency))`."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read major units from a plain number: digits, at most one point, perhaps a minus.

        `Money.parse("12.50", "USD")` is 1250 cents. Raises AmountInvalid for spaces, thousand
        separators, exponents, NaN and more decimals than the currency has, zeros included.
        """
        unit = get_currency(currency)
        match = _PLAIN_NUMBER.fullmatch(text)
        if match is None:
            raise AmountInvalid(
                f"{text[:40]!r} is not an amount: use digits and at most one point,"
                f" such as {cls(1250, currency).decimal()}."
            )
        decimals = match[2] or ""
        if len(decimals) > unit.exponent:
            raise AmountInvalid(_too_many_decimals(unit))
        minor = int(match[1] + decimals.ljust(unit.exponent, "0"))
        return cls(-minor if text.startswith("-") else minor, currency)

    def decimal(self) -> Decimal:
        """Return the amount in major units, with all decimals of the currency: 12.50."""
        # Made from text, so that no decimal context rounds it.
        return Decimal(f"{self.minor}e-{get_currency(self.currency).exponent}")

    def display(self, locale: str = "en") -> str:
        """Return the amount for people to read, by the customs of a locale ("de", "en-GB").

        Decimals come from our table, so ISK shows the two that Stripe counts. Spaces are
        non-breaking. Raises babel.UnknownLocaleError or ValueError for the locale.
        """
        return _shown(self.minor, self.currency, locale)

    def split(self, by: int | Sequence[int | Decimal]) -> list[Money]:
        """Split into equal parts, or in proportion to weights; the parts sum to the whole.

        By largest remainder, ties to the earlier part: each part is less than one step from its
        exact share. A whole in full steps (core.currencies) gives parts in full steps, so parts
        of a chargeable ISK or KWD amount stay chargeable. Raises SplitInvalid.
        """
        weights = _weights(by)
        step = get_currency(self.currency).step
        grain = step if self.minor % step == 0 else 1
        sign = -1 if self.minor < 0 else 1
        shares = _largest_remainder(abs(self.minor) // grain, weights)
        return [Money(sign * grain * share, self.currency) for share in shares]

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be mixed.")
        return other

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            return NotImplemented
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.minor <= self._same(other).minor

    def __gt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.minor > self._same(other).minor

    def __ge__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.minor >= self._same(other).minor

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"


@lru_cache(maxsize=4096)
def _shown(minor: int, currency: str, locale: str) -> str:
    """Do `Money.display`; a page's amount is asked for again and again, and Babel is slow."""
    found = Locale.parse(locale.replace("-", "_"))
    # A pattern of our own: those of the locale are shared by all callers.
    pattern = parse_pattern(found.currency_formats["standard"].pattern)
    exponent = get_currency(currency).exponent
    pattern.frac_prec = (exponent, exponent)
    amount = Money(minor, currency).decimal()
    shown: str = pattern.apply(amount, found, currency=currency, currency_digits=False)
    return _LETTER_BEFORE_DIGIT.sub("\N{NO-BREAK SPACE}", shown)


def round_half_up(exact_minor: Decimal, currency: str) -> Money:
    """Round an exact number of *minor* units, as a rate times a quantity gives, to an amount.

    Half a unit goes away from zero, so a charge and its credit note round alike. The result is a
    multiple of the currency's step: ten minor units for three-decimal currencies and whole krónur
    for ISK, since Stripe refuses the digits in between (Stripe, Supported currencies,
    three-decimal and special cases). So it is at most half a step from the exact number: half a
    minor unit for most currencies, 5 for KWD, 50 for ISK. Raises AmountInvalid for NaN and
    infinity, TypeError for anything but a Decimal.
    """
    if not isinstance(exact_minor, Decimal):
        raise TypeError(f"exact_minor must be a Decimal, not {type(exact_minor).__name__}")
    if not exact_minor.is_finite():
        raise AmountInvalid(f"{exact_minor} is not an amount.")
    step = get_currency(currency).step
    # Fractions, because a decimal context could round once before we do.
    steps = int(abs(Fraction(exact_minor)) / step + Fraction(1, 2))
    return Money(step * (-steps if exact_minor < 0 else steps), currency)


def check_chargeable(money: Money) -> None:
    """Refuse an amount that Stripe would refuse to charge.

    Raises AmountNotPositive, AmountBelowMinimum, AmountAboveMaximum or AmountNotInSteps, all
    NotChargeable. Source: Stripe, minimum and maximum charge amounts, and Supported currencies,
    three-decimal and special cases. Stripe's own minimum is that of the currency it settles in,
    so an amount that passes here in another currency may still be refused there.
    """
    unit = get_currency(money.currency)
    if money.minor <= 0:
        raise AmountNotPositive(f"{money} cannot be charged: the amount must be above zero.")
    if money.minor < unit.minimum:
        smallest = Money(unit.minimum, unit.code)
        raise AmountBelowMinimum(f"{money} cannot be charged: the smallest charge is {smallest}.")
    if money.minor > unit.maximum:
        largest = Money(unit.maximum, unit.code)
        raise AmountAboveMaximum(f"{money} cannot be charged: the largest charge is {largest}.")
    if money.minor % unit.step:
        step = Money(unit.step, unit.code)
        raise AmountNotInSteps(
            f"{money} cannot be charged: amounts in {unit.code} go in steps of {step}."
        )


def _too_many_decimals(unit: Currency) -> str:
    if unit.exponent == 0:
        return f"Amounts in {unit.code} have no decimals."
    return f"Amounts in {unit.code} have at most {unit.exponent} decimals."


def _weights(by: int | Sequence[int | Decimal]) -> list[Fraction]:
    if isinstance(by, int):
        return _weights([1] * _count(by))
    for weight in by:
        if isinstance(weight, bool) or not isinstance(weight, int | Decimal):
            raise TypeError(f"a weight must be an int or Decimal, not {type(weight).__name__}")
        if not Decimal(weight).is_finite() or weight < 0:
            raise SplitInvalid(f"{weight} is not a weight: use zero or a positive number.")
    if not any(by):
        raise SplitInvalid("There is nothing to split by: give a weight above zero.")
    return [Fraction(weight) for weight in by]


def _count(parts: int) -> int:
    if isinstance(parts, bool):
        raise TypeError("the number of parts must be an int, not bool")
    if parts < 1:
        raise SplitInvalid(f"An amount cannot be split into {parts} parts.")
    return parts


def _largest_remainder(whole: int, weights: Sequence[Fraction]) -> list[int]:
    """Share `whole` units: each gets its floor, the units left over go to the largest remainders.

    A weight of zero gets nothing, since its remainder is zero and fewer units are left over than
    there are remainders above zero.
    """
    heavy = sum(weights)
    exact = [whole * weight / heavy for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: shares[i] - exact[i])
    for i in by_remainder[: whole - sum(shares)]:
        shares[i] += 1
    return shares
