"""Currencies and the amounts that Stripe takes in them.

Source: Stripe docs, "Supported currencies" (zero-decimal, three-decimal, minimum charge).
"""

from decimal import Decimal

from sandbox.errors import StripeError

MAXIMUM = 99_999_999
_ZERO_DECIMAL = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THREE_DECIMAL = "bhd jod kwd omr tnd"
_TWO_DECIMAL = """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd
    cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd
    hnl htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt
    mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub
    sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx uyu uzs wst
    xcd xcg yer zar zmw"""
ZERO_DECIMAL = frozenset(_ZERO_DECIMAL.split())
THREE_DECIMAL = frozenset(_THREE_DECIMAL.split())
TWO_DECIMAL = frozenset(_TWO_DECIMAL.split())
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL
MINIMUM = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500,
    "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000,
    "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip


def check_currency(code: str, param: str) -> str:
    """Return the currency in lower case; StripeError (400) when Stripe does not support it."""
    lowered = code.lower()
    if lowered not in CURRENCIES:
        listed = ", ".join(sorted(CURRENCIES))
        message = f"Invalid currency: {lowered}. Stripe currently supports these currencies: "
        raise StripeError(message + listed, param=param)
    return lowered


def exponent(currency: str) -> int:
    """Return how many digits of an amount stand after the decimal point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def display(amount: int, currency: str) -> str:
    """Return an amount in minor units as people read it: ``1,234.50 USD``."""
    digits = exponent(currency)
    whole, rest = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    fraction = f".{rest:0{digits}d}" if digits else ""
    return f"{sign}{whole:,}{fraction} {currency.upper()}"


def display_decimal(text: str, currency: str) -> str:
    """Return an amount with fractions of a minor unit as people read it: ``0.0027 USD``."""
    exact = Decimal(text).scaleb(-exponent(currency))
    least = Decimal(1).scaleb(-exponent(currency))
    shown = exact.normalize() if exact != exact.quantize(least) else exact.quantize(least)
    return f"{shown:,f} {currency.upper()}"


def check_amount(amount: int, currency: str, param: str = "amount") -> int:
    """Return an amount that can be charged, in minor units.

    Raises StripeError (400): below one unit, below the currency's minimum, above 99999999, or a
    three-decimal amount whose last digit is not 0.
    """
    if amount < 1:
        raise StripeError("Invalid positive integer", code="parameter_invalid_integer", param=param)
    if amount < MINIMUM.get(currency, 1):
        least = display(MINIMUM[currency], currency)
        message = f"Amount must be at least {least}"
        raise StripeError(message, code="amount_too_small", param=param)
    if amount > MAXIMUM:
        most = display(MAXIMUM, currency)
        message = f"Amount must be no more than {most}"
        raise StripeError(message, code="amount_too_large", param=param)
    check_last_digit(amount, currency, param)
    return amount


def check_last_digit(amount: int, currency: str, param: str) -> None:
    """Raise StripeError (400) for a three-decimal amount that is not a multiple of ten."""
    if currency in THREE_DECIMAL and amount % 10:
        message = f"Invalid amount: {amount}. Amounts in {currency} must end in 0."
        raise StripeError(message, code="parameter_invalid_integer", param=param)
