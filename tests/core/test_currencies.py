"""The currency table against what Stripe publishes, written out again on purpose."""

import re

import pytest

from core.currencies import (
    CURRENCIES,
    Currency,
    UnknownCurrency,
    UnusableCurrency,
    get_currency,
    normalise,
)


def test_table_has_the_presentment_currencies_once_each() -> None:
    assert len(CURRENCIES) == 138
    assert all(re.fullmatch("[A-Z]{3}", code) for code in CURRENCIES)
    assert all(code == currency.code for code, currency in CURRENCIES.items())


def test_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CURRENCIES["USD"] = CURRENCIES["EUR"]  # type: ignore[index]


def test_zero_decimal_currencies_are_stripes() -> None:
    found = {code for code, currency in CURRENCIES.items() if currency.exponent == 0}

    assert found == {
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


def test_three_decimal_currencies_end_in_zero() -> None:
    found = {code for code, currency in CURRENCIES.items() if currency.exponent == 3}

    assert found == {"BHD", "JOD", "KWD", "OMR", "TND"}
    assert {CURRENCIES[code].step for code in found} == {10}


def test_isk_counts_two_decimals_but_goes_whole() -> None:
    assert get_currency("ISK") == Currency("ISK", 2, 100, 100, 99_999_999)


@pytest.mark.parametrize("code", ["HUF", "TWD"])
def test_currencies_whole_in_payouts_only_are_charged_with_decimals(code: str) -> None:
    assert (get_currency(code).exponent, get_currency(code).step) == (2, 1)


# Babel says none for these; Stripe counts two.
@pytest.mark.parametrize(
    "code", ["AFN", "ALL", "ISK", "LAK", "LBP", "MMK", "RSD", "SOS", "STD", "YER"]
)
def test_exponent_is_stripes_where_babel_differs(code: str) -> None:
    assert get_currency(code).exponent == 2


def test_all_other_currencies_have_two_decimals_and_no_step() -> None:
    plain = [c for c in CURRENCIES.values() if c.exponent == 2 and c.code != "ISK"]

    assert len(plain) == 138 - 15 - 5 - 1
    assert {currency.step for currency in plain} == {1}


@pytest.mark.parametrize(
    ("code", "minimum"),
    [
        ("USD", 50),
        ("EUR", 50),
        ("GBP", 30),
        ("JPY", 50),
        ("KRW", 50),
        ("AED", 200),
        ("CZK", 1500),
        ("DKK", 250),
        ("HKD", 400),
        ("HUF", 17500),
        ("MXN", 1000),
        ("THB", 1000),
        ("SEK", 300),
    ],
)
def test_minimum_is_the_published_one(code: str, minimum: int) -> None:
    assert get_currency(code).minimum == minimum


@pytest.mark.parametrize(("code", "minimum"), [("UAH", 1), ("VND", 1), ("KWD", 10), ("ISK", 100)])
def test_minimum_is_one_step_where_none_is_published(code: str, minimum: int) -> None:
    assert get_currency(code).minimum == minimum


def test_maximum_is_eight_digits_but_for_three_currencies() -> None:
    larger = {code: c.maximum for code, c in CURRENCIES.items() if c.maximum != 99_999_999}

    assert larger == {"IDR": 999_999_999_999, "COP": 9_999_999_999, "INR": 999_999_999}


def test_limits_of_every_currency_leave_room_and_respect_the_step() -> None:
    for currency in CURRENCIES.values():
        assert 0 < currency.minimum < currency.maximum
        assert currency.minimum % currency.step == 0


def test_ugx_is_unusable_and_says_why() -> None:
    with pytest.raises(UnusableCurrency, match="zero-decimal and also asks for two decimals"):
        get_currency("UGX")


def test_bgn_is_unusable_and_names_the_euro() -> None:
    with pytest.raises(UnusableCurrency, match="Use EUR"):
        get_currency("BGN")


@pytest.mark.parametrize("code", ["XXX", "HRK", "BTC", "ZZZ"])
def test_get_currency_refuses_what_stripe_does_not_take(code: str) -> None:
    with pytest.raises(UnknownCurrency, match=f"{code} is not a currency that Stripe takes"):
        get_currency(code)


@pytest.mark.parametrize(
    "code",
    [
        "usd",
        "Usd",
        " USD",
        "USD\n",
        "US",
        "USDT",
        "",
        "$",
        "\N{FULLWIDTH LATIN CAPITAL LETTER U}SD",
    ],
)
def test_get_currency_refuses_inexact_codes(code: str) -> None:
    with pytest.raises(UnknownCurrency, match="three capital letters"):
        get_currency(code)


@pytest.mark.parametrize("code", ["usd", "Usd", "USD"])
def test_normalise_accepts_any_case(code: str) -> None:
    assert normalise(code) == "USD"


# The long s is an S in upper case, the sharp s even two.
@pytest.mark.parametrize(
    "code", ["u\N{LATIN SMALL LETTER LONG S}d", "u\N{LATIN SMALL LETTER SHARP S}", " usd", ""]
)
def test_normalise_refuses_what_only_looks_like_a_code(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        normalise(code)


def test_normalise_refuses_unusable_currencies() -> None:
    with pytest.raises(UnusableCurrency):
        normalise("ugx")
