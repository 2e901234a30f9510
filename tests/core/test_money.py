"""Money: reading, showing, adding, splitting, rounding, and what Stripe would refuse."""

import re
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from babel import UnknownLocaleError
from hypothesis import given
from hypothesis import strategies as st

from core.currencies import CURRENCIES, UnknownCurrency, UnusableCurrency
from core.money import (
    AmountAboveMaximum,
    AmountBelowMinimum,
    AmountInvalid,
    AmountNotInSteps,
    AmountNotPositive,
    CurrencyMismatch,
    Money,
    NotChargeable,
    SplitInvalid,
    check_chargeable,
    round_half_up,
)

codes = st.sampled_from(sorted(CURRENCIES))
minors = st.integers(-(10**15), 10**15)
moneys = st.builds(Money, minors, codes)
weights = st.lists(
    st.integers(0, 10**9) | st.decimals(0, 10**9, allow_nan=False, allow_infinity=False),
    min_size=1,
    max_size=20,
).filter(any)
# numeric(38, 12), as the database keeps exact amounts.
exacts = st.integers(-(10**30), 10**30).map(lambda units: Decimal(f"{units}e-12"))


def digits(shown: str) -> str:
    """Return what was shown in English without symbol and separators."""
    sign, number = re.fullmatch(r"(-?)[^0-9]*([0-9,.]+)", shown).groups()  # type: ignore[union-attr]
    return sign + number.replace(",", "")


# Reading and showing


@given(moneys)
def test_parse_reads_back_what_decimal_gives(money: Money) -> None:
    assert Money.parse(str(money.decimal()), money.currency) == money


@given(moneys)
def test_decimal_has_the_currencys_decimals(money: Money) -> None:
    exponent = CURRENCIES[money.currency].exponent

    assert money.decimal().as_tuple().exponent == -exponent
    assert money.decimal() * 10**exponent == money.minor


def test_decimal_is_exact_in_any_context() -> None:
    with localcontext(prec=3):
        assert str(Money(123456789, "USD").decimal()) == "1234567.89"


@given(moneys)
def test_display_shows_every_digit(money: Money) -> None:
    assert digits(money.display("en")) == str(money.decimal())


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_display_decimal_and_parse_agree_for_every_currency(code: str) -> None:
    money = Money(1_234_560, code)

    assert Money.parse(digits(money.display("en")), code) == money


@pytest.mark.parametrize(
    ("money", "locale", "shown"),
    [
        (Money(1250, "USD"), "en", "$12.50"),
        (Money(-1250, "USD"), "en", "-$12.50"),
        (Money(123456, "EUR"), "de", "1.234,56\N{NO-BREAK SPACE}€"),
        (Money(123456, "EUR"), "de-AT", "€\N{NO-BREAK SPACE}1.234,56"),
        (Money(123456, "GBP"), "en-gb", "£1,234.56"),
        (Money(1250, "JPY"), "en", "¥1,250"),
        (Money(1250, "KWD"), "en", "KWD\N{NO-BREAK SPACE}1.250"),
        (Money(50000, "ISK"), "en", "ISK\N{NO-BREAK SPACE}500.00"),
        (Money(1250, "AFN"), "en", "AFN\N{NO-BREAK SPACE}12.50"),
        (Money(1250, "MMK"), "en", "MMK\N{NO-BREAK SPACE}12.50"),
        (Money(1250, "MGA"), "en", "MGA\N{NO-BREAK SPACE}1,250"),
        (Money(2**63 - 1, "USD"), "en", "$92,233,720,368,547,758.07"),
    ],
)
def test_display_follows_locale_and_our_decimals(money: Money, locale: str, shown: str) -> None:
    assert money.display(locale) == shown


def test_display_of_one_currency_leaves_the_next_alone() -> None:
    Money(1, "JPY").display("en")

    assert Money(1250, "USD").display("en") == "$12.50"


def test_display_refuses_an_unknown_locale() -> None:
    with pytest.raises(UnknownLocaleError):
        Money(1, "USD").display("xx")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "USD", 1250),
        ("12.5", "USD", 1250),
        ("12", "USD", 1200),
        ("-0.05", "USD", -5),
        ("-0", "USD", 0),
        ("05.00", "USD", 500),
        ("500", "JPY", 500),
        ("5.124", "KWD", 5124),
        ("5", "ISK", 500),
    ],
)
def test_parse_reads_major_units(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1e3",
        "1E3",
        "NaN",
        "Infinity",
        "-Infinity",
        "1,000",
        "1.000,50",
        "1_000",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "--1",
        ".5",
        "5.",
        ".",
        "-",
        "1.2.3",
        "0x10",
        "\N{FULLWIDTH DIGIT ONE}",
        "\N{ARABIC-INDIC DIGIT THREE}",
        "$5",
        "1" * 31,
    ],
)
def test_parse_refuses_all_but_plain_numbers(text: str) -> None:
    with pytest.raises(AmountInvalid, match=r"is not an amount: use digits .*, such as 12\.50"):
        Money.parse(text, "USD")


@pytest.mark.parametrize(
    ("text", "currency", "words"),
    [
        ("12.505", "USD", "Amounts in USD have at most 2 decimals."),
        ("12.500", "USD", "Amounts in USD have at most 2 decimals."),
        ("1.2345", "KWD", "Amounts in KWD have at most 3 decimals."),
        ("500.0", "JPY", "Amounts in JPY have no decimals."),
    ],
)
def test_parse_refuses_more_decimals_than_the_currency_has(
    text: str, currency: str, words: str
) -> None:
    with pytest.raises(AmountInvalid, match=f"^{re.escape(words)}$"):
        Money.parse(text, currency)


def test_parse_refuses_what_a_bigint_cannot_hold() -> None:
    assert Money.parse("92233720368547758.07", "USD").minor == 2**63 - 1
    with pytest.raises(AmountInvalid, match="too large"):
        Money.parse("92233720368547758.08", "USD")


# Making, comparing and adding


@pytest.mark.parametrize("minor", [True, 1.0, Decimal(1), "1", None])
def test_money_refuses_all_but_int(minor: object) -> None:
    with pytest.raises(TypeError, match="minor must be an int"):
        Money(minor, "USD")  # type: ignore[arg-type]


def test_money_refuses_unknown_and_unusable_currencies() -> None:
    with pytest.raises(UnknownCurrency):
        Money(1, "usd")
    with pytest.raises(UnusableCurrency):
        Money(1, "UGX")


@pytest.mark.parametrize("minor", [2**63, -(2**63)])
def test_money_refuses_what_a_bigint_cannot_hold(minor: int) -> None:
    with pytest.raises(AmountInvalid, match="too large"):
        Money(minor, "USD")


def test_money_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Money(1, "USD").minor = 2  # type: ignore[misc]


@given(minors, minors, codes)
def test_sum_and_order_are_those_of_the_minor_units(a: int, b: int, code: str) -> None:
    one, other = Money(a, code), Money(b, code)

    assert (one + other).minor == a + b
    assert (one - other).minor == a - b
    assert (-one).minor == -a
    assert (one < other, one <= other, one > other, one >= other, one == other) == (
        a < b,
        a <= b,
        a > b,
        a >= b,
        a == b,
    )


def test_sum_of_many_starts_at_zero() -> None:
    assert sum([Money(1, "USD"), Money(2, "USD")], Money.zero("USD")) == Money(3, "USD")


def test_currencies_do_not_mix() -> None:
    one, other = Money(100, "USD"), Money(100, "EUR")

    assert one != other
    for mix in (
        lambda: one + other,
        lambda: one - other,
        lambda: one < other,
        lambda: one <= other,
        lambda: one > other,
        lambda: one >= other,
    ):
        with pytest.raises(CurrencyMismatch, match="USD and EUR cannot be mixed"):
            mix()


def test_money_and_numbers_do_not_mix() -> None:
    money = Money(100, "USD")

    for mix in (
        lambda: money + 1,  # type: ignore[operator]
        lambda: 1 + money,  # type: ignore[operator]
        lambda: money - 1,  # type: ignore[operator]
        lambda: money < 1,  # type: ignore[operator]
        lambda: money <= 1,  # type: ignore[operator]
        lambda: money > 1,  # type: ignore[operator]
        lambda: money >= 1,  # type: ignore[operator]
    ):
        with pytest.raises(TypeError):
            mix()


def test_product_with_an_int() -> None:
    assert Money(125, "USD") * 3 == Money(375, "USD")
    assert -2 * Money(125, "USD") == Money(-250, "USD")


@pytest.mark.parametrize("times", [True, 1.5, Decimal("1.5"), "2"])
def test_product_refuses_all_but_int(times: object) -> None:
    with pytest.raises(TypeError):
        Money(125, "USD") * times  # type: ignore[operator]


def test_str_names_amount_and_currency() -> None:
    assert str(Money(-1205, "USD")) == "-12.05 USD"


# Splitting


@given(moneys, st.integers(1, 40))
def test_split_into_equal_parts_conserves_the_sum(money: Money, parts: int) -> None:
    shares = money.split(parts)

    assert len(shares) == parts
    assert sum(shares, Money.zero(money.currency)) == money
    grain = max(s.minor for s in shares) - min(s.minor for s in shares)
    assert grain <= CURRENCIES[money.currency].step


@given(moneys, weights)
def test_split_by_weights_conserves_the_sum_and_the_shares(
    money: Money, weights: list[int | Decimal]
) -> None:
    shares = money.split(weights)

    heavy = sum(Fraction(weight) for weight in weights)
    step = CURRENCIES[money.currency].step
    assert sum(shares, Money.zero(money.currency)) == money
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.minor - money.minor * Fraction(weight) / heavy) < step
        assert weight > 0 or share.minor == 0


@given(codes, st.integers(-(10**9), 10**9), weights)
def test_split_of_full_steps_gives_full_steps(
    code: str, steps: int, weights: list[int | Decimal]
) -> None:
    step = CURRENCIES[code].step

    assert all(share.minor % step == 0 for share in Money(steps * step, code).split(weights))


def test_split_gives_what_is_left_to_the_largest_remainder() -> None:
    shares = Money(100, "USD").split([1, 1, 1])
    unequal = Money(10, "USD").split([1, 2, 4])

    assert [share.minor for share in shares] == [34, 33, 33]
    assert [share.minor for share in unequal] == [1, 3, 6]


def test_split_of_a_credit_mirrors_the_charge() -> None:
    assert [share.minor for share in Money(-100, "USD").split(3)] == [-34, -33, -33]


def test_split_of_isk_stays_whole_while_the_whole_is() -> None:
    assert [share.minor for share in Money(1000, "ISK").split(3)] == [400, 300, 300]
    assert [share.minor for share in Money(1001, "ISK").split(3)] == [334, 334, 333]


@pytest.mark.parametrize(
    "by", [0, -1, [], [0, 0], [1, -1], [Decimal("NaN")], [Decimal("Infinity")]]
)
def test_split_refuses_what_gives_no_parts(by: int | list[int | Decimal]) -> None:
    with pytest.raises(SplitInvalid):
        Money(100, "USD").split(by)


@pytest.mark.parametrize("by", [True, 2.0, [1.5], [True, 1]])
def test_split_refuses_bool_and_float(by: object) -> None:
    with pytest.raises(TypeError):
        Money(100, "USD").split(by)  # type: ignore[arg-type]


# Rounding


@given(exacts.filter(lambda exact: abs(exact) < 10**17), codes)
def test_rounding_is_off_by_half_a_step_at_most(exact: Decimal, code: str) -> None:
    step = CURRENCIES[code].step

    line = round_half_up(exact, code)

    assert abs(Fraction(line.minor) - Fraction(exact)) <= Fraction(step, 2)
    assert line.minor % step == 0


@given(exacts.filter(lambda exact: abs(exact) < 10**17))
def test_rounding_is_off_by_less_than_a_minor_unit(exact: Decimal) -> None:
    assert abs(Fraction(round_half_up(exact, "USD").minor) - Fraction(exact)) < 1


@given(exacts.filter(lambda exact: abs(exact) < 10**17), codes)
def test_rounding_treats_a_credit_like_its_charge(exact: Decimal, code: str) -> None:
    assert round_half_up(-exact, code) == -round_half_up(exact, code)


@given(moneys)
def test_rounding_keeps_an_amount_in_full_steps(money: Money) -> None:
    whole = money * CURRENCIES[money.currency].step

    assert round_half_up(Decimal(whole.minor), money.currency) == whole


@pytest.mark.parametrize(
    ("exact", "currency", "minor"),
    [
        ("0.5", "USD", 1),
        ("1.5", "USD", 2),
        ("2.5", "USD", 3),
        ("2.499999999999", "USD", 2),
        ("-2.5", "USD", -3),
        ("99999999999999999.5", "USD", 10**17),
        ("5124", "KWD", 5120),
        ("5125", "KWD", 5130),
        ("5126", "KWD", 5130),
        ("149.9", "ISK", 100),
        ("150", "ISK", 200),
        ("0.5", "JPY", 1),
    ],
)
def test_rounding_by_example(exact: str, currency: str, minor: int) -> None:
    assert round_half_up(Decimal(exact), currency) == Money(minor, currency)


def test_rounding_happens_once_whatever_the_context() -> None:
    # With three digits 2.4999 would become 2.50 first, and then 3.
    with localcontext(prec=3):
        assert round_half_up(Decimal("2.4999"), "USD") == Money(2, "USD")


@pytest.mark.parametrize("exact", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_rounding_refuses_what_is_no_number(exact: str) -> None:
    with pytest.raises(AmountInvalid, match="is not an amount"):
        round_half_up(Decimal(exact), "USD")


@pytest.mark.parametrize("exact", [1, 1.5, True, "1"])
def test_rounding_refuses_all_but_decimal(exact: object) -> None:
    with pytest.raises(TypeError, match="must be a Decimal"):
        round_half_up(exact, "USD")  # type: ignore[arg-type]


# What Stripe would refuse


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_chargeable_between_and_at_the_limits_of_every_currency(code: str) -> None:
    currency = CURRENCIES[code]
    largest = currency.maximum - currency.maximum % currency.step

    check_chargeable(Money(currency.minimum, code))
    check_chargeable(Money(largest, code))
    with pytest.raises(NotChargeable):
        check_chargeable(Money(currency.minimum - 1, code))
    with pytest.raises(AmountAboveMaximum):
        check_chargeable(Money(currency.maximum + 1, code))


@pytest.mark.parametrize(
    ("money", "error", "words"),
    [
        (Money(0, "USD"), AmountNotPositive, "0.00 USD: the amount must be above zero."),
        (Money(-5, "USD"), AmountNotPositive, "-0.05 USD: the amount must be above zero."),
        (Money(49, "USD"), AmountBelowMinimum, "0.49 USD: the smallest charge is 0.50 USD."),
        (Money(49, "JPY"), AmountBelowMinimum, "49 JPY: the smallest charge is 50 JPY."),
        (Money(9, "KWD"), AmountBelowMinimum, "0.009 KWD: the smallest charge is 0.010 KWD."),
        (
            Money(100_000_000, "USD"),
            AmountAboveMaximum,
            "1000000.00 USD: the largest charge is 999999.99 USD.",
        ),
        (
            Money(5124, "KWD"),
            AmountNotInSteps,
            "5.124 KWD: amounts in KWD go in steps of 0.010 KWD.",
        ),
        (
            Money(550, "ISK"),
            AmountNotInSteps,
            "5.50 ISK: amounts in ISK go in steps of 1.00 ISK.",
        ),
    ],
)
def test_refusal_to_charge_names_the_limit(
    money: Money, error: type[NotChargeable], words: str
) -> None:
    with pytest.raises(NotChargeable) as refusal:
        check_chargeable(money)

    assert type(refusal.value) is error
    assert str(refusal.value) == words.replace(":", " cannot be charged:", 1)
