"""The currencies Taproom takes, with the minor unit, step and limits that Stripe gives each.

Source of the table: Stripe, Supported currencies (presentment currencies; zero-decimal,
three-decimal, special cases; minimum and maximum charge amounts). It is written down here and
never derived from ISO 4217 or from a locale library: for a dozen currencies they disagree with
Stripe about the minor unit, and an amount would go out a hundred times too large or too small.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


class CurrencyRefused(ValueError):
    """A currency code that no amount may carry; the text says why."""


class UnknownCurrency(CurrencyRefused):
    """The code is not one of Stripe's presentment currencies, or not written as one."""


class UnusableCurrency(CurrencyRefused):
    """Stripe lists or has listed the currency, but Taproom does not take it."""


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency as Stripe's API counts it.

    `exponent`: decimals of Stripe's minor unit. `step`: every charged amount is a multiple of
    this many minor units. `minimum` and `maximum`: the smallest and largest charge, in minor
    units, both allowed.
    """

    code: str
    exponent: int
    step: int
    minimum: int
    maximum: int


# Stripe, Supported currencies: two decimals unless otherwise specified.
_PRESENTMENT: Final = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BWP BYN BZD
    CAD CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF
    GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP
    LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR
    PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL
    THB TJS TND TOP TRY TTD TWD TZS UAH USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW
"""

# Stripe, Supported currencies, zero-decimal. UGX stands there too: see _UNUSABLE.
_ZERO_DECIMAL: Final = frozenset(
    {
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    }
)

# Stripe, Supported currencies, three-decimal: the last digit must be 0.
_THREE_DECIMAL: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})

# Stripe, Supported currencies, special cases: ISK has no decimals any more but is still sent with
# two, always 00. HUF and TWD stand there for payouts only; their charges are plain two-decimal.
_WHOLE_ONLY: Final = frozenset({"ISK"})

# Stripe, minimum charge amounts, in minor units. Stripe applies the minimum of the currency it
# settles in, after conversion; ours is exact where both are the same and a first check elsewhere.
_MINIMUM: Final[Mapping[str, int]] = {
    "AED": 200,
    "ARS": 50,
    "AUD": 50,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "COP": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "IDR": 50,
    "ILS": 50,
    "INR": 50,
    "JPY": 50,
    "KRW": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PHP": 50,
    "PLN": 200,
    "RON": 200,
    "RUB": 50,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "USD": 50,
    "ZAR": 50,
}

# Stripe, maximum charge amounts: eight digits. Cards may take more, but a link does not know yet
# how it will be paid. Three currencies have more digits by every payment method.
_EIGHT_DIGITS: Final = 99_999_999
_MAXIMUM: Final[Mapping[str, int]] = {
    "IDR": 999_999_999_999,
    "COP": 9_999_999_999,
    "INR": 999_999_999,
}

_UNUSABLE: Final[Mapping[str, str]] = {
    "UGX": (
        "UGX cannot be used: Stripe's page lists it as zero-decimal and also asks for two decimals,"
        " so an amount could be charged a hundred times too high. Use another currency."
    ),
    "BGN": "BGN cannot be used: Bulgaria has paid in euro since 2026-01-01. Use EUR.",
}

_CODE: Final = re.compile(r"[A-Z]{3}")


def _exponent(code: str) -> int:
    if code in _ZERO_DECIMAL:
        return 0
    return 3 if code in _THREE_DECIMAL else 2


def _step(code: str) -> int:
    if code in _WHOLE_ONLY:
        return 100
    return 10 if code in _THREE_DECIMAL else 1


def _currency(code: str) -> Currency:
    step = _step(code)
    return Currency(
        code=code,
        exponent=_exponent(code),
        step=step,
        # Where Stripe publishes no minimum, the smallest amount that can be charged is one step.
        minimum=_MINIMUM.get(code, step),
        maximum=_MAXIMUM.get(code, _EIGHT_DIGITS),
    )


CURRENCIES: Final[Mapping[str, Currency]] = MappingProxyType(
    {code: _currency(code) for code in _PRESENTMENT.split()}
)


def get_currency(code: str) -> Currency:
    """Return the currency with exactly this code: three capital letters.

    Raises UnknownCurrency and UnusableCurrency, with words for the person who typed the code.
    """
    currency = CURRENCIES.get(code)
    if currency is not None:
        return currency
    if code in _UNUSABLE:
        raise UnusableCurrency(_UNUSABLE[code])
    if not _CODE.fullmatch(code):
        raise UnknownCurrency(
            f"{code[:20]!r} is not a currency code: use three capital letters, such as USD."
        )
    raise UnknownCurrency(f"{code} is not a currency that Stripe takes.")


def normalise(code: str) -> str:
    """Return the exact code for one written in any case, such as Stripe's lower-case codes.

    Raises UnknownCurrency and UnusableCurrency.
    """
    # Only ASCII is folded: the upper case of some other letters would look like a code.
    return get_currency(code.upper() if code.isascii() else code).code
