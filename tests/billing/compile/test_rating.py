"""The rule of rating in PostgreSQL: equal to the one in Python, and with its properties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.queries.statement import Statement, statement_of
from billing.rating import rate, rounded
from core.tenancy import scope
from tests.billing.compile.world import IN_OCTOBER, World, days_from

DAY = date(2026, 10, 5)
SLOW = settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def exact(low: str, high: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=12, allow_nan=False, allow_infinity=False)


quantities = st.one_of(exact("0", "3000"), st.integers(0, 2000).map(Decimal))
edges = st.lists(
    st.one_of(st.integers(1, 1500).map(Decimal), exact("0.000000000001", "1500")),
    min_size=0, max_size=4, unique=True,
).map(sorted)  # fmt: skip


@dataclass
class Tier:
    """A tier without a row."""

    above: Decimal
    up_to: Decimal | None
    rate: Decimal
    flat: Decimal


@dataclass
class Case:
    """A price without a row, with a quantity and a currency."""

    model: str
    included: Decimal
    package_size: Decimal | None
    minimum: int
    tiers: list[Tier]
    quantity: Decimal
    currency: str

    def owed(self) -> int:
        exact_amount = rate(self.quantity, self, self.tiers).exact
        return max(
            rounded(exact_amount, self.currency), rounded(Decimal(self.minimum), self.currency)
        )


@st.composite
def cases(draw: Any, *, can_be_free: bool = True) -> Case:
    model = draw(st.sampled_from(["per_unit", "graduated", "volume", "package"]))
    bounds: list[Decimal | None] = []
    if model in ("graduated", "volume"):
        bounds = list(draw(edges))
    tiers, above = [], Decimal(0)
    for bound in [*bounds, None]:
        flat = draw(st.integers(0, 500).map(Decimal)) if bounds else Decimal(0)
        tiers.append(Tier(above, bound, draw(exact("0", "99")), flat))
        above = bound or above
    quantity = draw(quantities)
    if bounds and draw(st.booleans()):
        quantity = draw(st.sampled_from([bound for bound in bounds if bound is not None]))
    return Case(
        model=model,
        included=draw(quantities) if can_be_free and draw(st.booleans()) else Decimal(0),
        package_size=draw(exact("0.5", "100")) if model == "package" else None,
        minimum=draw(st.sampled_from([0, 0, 777, 123456])),
        tiers=tiers,
        quantity=quantity,
        currency=draw(st.sampled_from(["JPY", "KWD", "USD"])),
    )


def stored(amount: Decimal) -> Decimal:
    """An exact amount as a column keeps it."""
    return amount.quantize(Decimal("1e-12"), ROUND_HALF_UP, Context(prec=80))


def state(world: World, case: Case, splits: list[Decimal] | None = None) -> Statement:
    """State a new organization that used the quantity, spread over days when asked."""
    meter, version = world.meter(), world.version()
    world.price(
        version, meter, *[(tier.up_to, tier.rate, tier.flat) for tier in case.tiers],
        model=case.model, included=case.included, package_size=case.package_size,
        minimum_minor=case.minimum,
    )  # fmt: skip
    organization = world.organization(currency=case.currency, billing_starts_on=date(2026, 10, 1))
    world.assign(organization, version)
    parts = splits or [case.quantity]
    for day, part in zip(days_from(date(2026, 10, 1), len(parts)), parts, strict=True):
        world.use(organization, meter, day, part)
    return statement_of(organization, now=IN_OCTOBER)


@SLOW
@given(many=st.lists(cases(), min_size=1, max_size=8))
def test_sql_rates_as_python_does(world: World, many: list[Case]) -> None:
    with scope(world.tenant.pk):
        stated = [state(world, case) for case in many]
        transaction.set_rollback(True)

    assert [statement.total_minor for statement in stated] == [case.owed() for case in many]
    for statement, case in zip(stated, many, strict=True):
        usage = next(line for line in statement.lines if line.kind == "usage")
        assert usage.exact == stored(rate(case.quantity, case, case.tiers).exact)
        assert usage.quantity == case.quantity


@SLOW
@given(case=cases(), cuts=st.lists(exact("0", "1"), min_size=1, max_size=6), seed=st.randoms())
def test_sum_is_the_same_however_split_and_ordered(
    world: World, case: Case, cuts: list[Decimal], seed: Any
) -> None:
    parts, rest = [], case.quantity
    for cut in cuts:
        part = (rest * cut).quantize(Decimal("1e-12"))
        parts.append(part)
        rest -= part
    parts.append(rest)
    seed.shuffle(parts)

    with scope(world.tenant.pk):
        whole, split = state(world, case), state(world, case, parts)
        transaction.set_rollback(True)

    assert split.total_minor == whole.total_minor


@SLOW
@given(case=cases(), more=exact("0", "500"))
def test_more_usage_never_costs_less(world: World, case: Case, more: Decimal) -> None:
    if case.model == "volume":
        rates = sorted(tier.rate for tier in case.tiers)
        flats = sorted(tier.flat for tier in case.tiers)
        for tier, one, flat in zip(case.tiers, rates, flats, strict=True):
            tier.rate, tier.flat = one, flat
    with scope(world.tenant.pk):
        before = state(world, case)
        case.quantity += more
        after = state(world, case)
        transaction.set_rollback(True)

    assert after.total_minor >= before.total_minor


@SLOW
@given(bounds=edges.filter(bool), rates=st.lists(exact("0", "99"), min_size=5, max_size=5))
def test_graduated_has_no_jump_at_its_edges(
    world: World, bounds: list[Decimal], rates: list[Decimal]
) -> None:
    sides: list[Decimal | None] = [*bounds, None]
    lows = [Decimal(0), *bounds]
    tiers = [Tier(a, b, r, Decimal(0)) for a, b, r in zip(lows, sides, rates, strict=False)]
    at = Case("graduated", Decimal(0), None, 0, tiers, bounds[0], "USD")
    above = Case("graduated", Decimal(0), None, 0, tiers, bounds[0] + Decimal("1e-12"), "USD")

    with scope(world.tenant.pk):
        one, other = (next(iter(state(world, case).lines)).exact for case in (at, above))
        transaction.set_rollback(True)

    assert 0 <= other - one <= Decimal("1e-10")
