"""What an organization owes: prices, meters, plans, fees and items, case by case."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from billing.models import Organization
from billing.queries.statement import statement_of
from core.models import Tenant
from core.tenancy import scope
from tests.billing.compile.world import IN_OCTOBER, OCTOBER, World, lines, stored_lines, told

FIFTH = date(2026, 10, 5)
NOVEMBER_FIRST = date(2026, 11, 1)


def test_price_that_changes_within_the_period_rates_each_day_at_its_own(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, version = world.meter(), world.version()
        world.price(version, meter, rate=100, ends_on=date(2026, 10, 16))
        world.price(version, meter, rate=300, starts_on=date(2026, 10, 16))
        world.assign(organization, version)
        world.use(organization, meter, date(2026, 10, 15), 2)
        world.use(organization, meter, date(2026, 10, 16), 5)

        stated = statement_of(organization, now=IN_OCTOBER)

    assert [(line.quantity, line.amount_minor, line.starts_on.day) for line in stated.lines] == [
        (2, 200, 1), (5, 1500, 16),
    ]  # fmt: skip


def test_filtered_price_goes_before_the_general_one_and_nothing_is_rated_twice(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, version = world.meter(dimensions=["region", "app"], name="Hours"), world.version()
        world.price(version, meter, rate=100)
        world.price(version, meter, rate=7, filter_dimension="region", filter_value="eu")
        world.assign(organization, version)
        world.use(organization, meter, FIFTH, 3, region="eu", app="a")
        world.use(organization, meter, FIFTH, 4, region="us", app="a")
        world.use(organization, meter, FIFTH, 5, app="b")

        stated = statement_of(organization, now=IN_OCTOBER)

    assert [(line.description, line.amount_minor) for line in stated.lines] == [
        ("Hours", 900), ("Hours: eu", 21),
    ]  # fmt: skip


def test_filtered_price_that_has_ended_leaves_usage_to_the_general_one(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, version = world.meter(dimensions=["region"], name="Hours"), world.version()
        world.price(version, meter, rate=100)
        world.price(
            version, meter, rate=7, filter_dimension="region", filter_value="eu",
            ends_on=date(2026, 10, 10),
        )  # fmt: skip
        world.assign(organization, version)
        world.use(organization, meter, date(2026, 10, 9), 1, region="eu")
        world.use(organization, meter, date(2026, 10, 10), 1, region="eu")

        stated = statement_of(organization, now=IN_OCTOBER)

    assert [line.amount_minor for line in stated.lines] == [100, 7]


def test_usage_without_a_price_makes_no_line(world: World, organization: Organization) -> None:
    with scope(world.tenant.pk):
        world.assign(organization, world.version())
        world.use(organization, world.meter(), FIFTH, 5)

        assert statement_of(organization, now=IN_OCTOBER).lines == ()


@pytest.mark.parametrize(
    ("aggregation", "quantity"), [("sum", 9), ("count", 9), ("max", 5), ("latest", 4)]
)
def test_meters_make_one_quantity_of_a_period(
    world: World, organization: Organization, aggregation: str, quantity: int
) -> None:
    with scope(world.tenant.pk):
        meter, version = world.meter(aggregation), world.version()
        world.price(version, meter, rate=10)
        world.assign(organization, version)
        world.use(organization, meter, date(2026, 10, 5), 5)
        world.use(organization, meter, date(2026, 10, 6), 4)

        (line,) = statement_of(organization, now=IN_OCTOBER).lines

    assert (line.quantity, line.amount_minor) == (quantity, quantity * 10)


def test_different_values_are_counted_once_over_the_period(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, version = world.meter("unique"), world.version()
        world.price(version, meter, rate=10)
        world.assign(organization, version)
        first = world.use(organization, meter, date(2026, 10, 5), 2)
        second = world.use(organization, meter, date(2026, 10, 6), 3)
        for value in ("ada", "ben"):
            world.event(first, value)
        for value in ("ben", "cem", "dora"):
            world.event(second, value)
        mistake = world.event(second, "eve")
        world.event(second, "eve", kind="void", corrects=mistake.idempotency_key, reason="A test")

        (line,) = statement_of(organization, now=IN_OCTOBER).lines

    assert line.quantity == 4


def test_plan_switched_within_the_period_is_charged_by_days(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, old, new = world.meter(), world.version(), world.version()
        world.price(old, meter, rate=100)
        world.price(new, meter, rate=10)
        world.fee(old, 3100, "arrears")
        world.fee(new, 6200, "arrears")
        world.assign(organization, old, OCTOBER, date(2026, 10, 11))
        world.assign(organization, new, date(2026, 10, 11))
        world.use(organization, meter, date(2026, 10, 10), 1)
        world.use(organization, meter, date(2026, 10, 11), 1)

        stated = statement_of(organization, now=IN_OCTOBER)

    assert sorted(line.amount_minor for line in stated.lines) == [10, 100, 1000, 4200]


def test_minimum_is_owed_for_the_days_the_price_was_held(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, version = world.meter(), world.version()
        world.price(version, meter, rate=100, minimum_minor=3100)
        world.assign(organization, version, date(2026, 10, 11))
        world.use(organization, meter, date(2026, 10, 12), 3)

        stated = statement_of(organization, now=IN_OCTOBER)

    assert lines(stated) == [("usage", 300), ("minimum", 1800)]


def test_first_partial_period_prorates_fees(world: World) -> None:
    with scope(world.tenant.pk):
        organization = world.organization(billing_starts_on=date(2026, 10, 22))
        version = world.version()
        world.fee(version, 3100, "arrears")
        world.fee(version, 900, "arrears", is_prorated=False)
        world.assign(organization, version)

        stated = statement_of(organization, now=datetime(2026, 10, 25, tzinfo=UTC))

    assert sorted(line.amount_minor for line in stated.lines) == [900, 1000]


def test_fee_in_advance_comes_with_the_invoice_before(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        version = world.version()
        world.fee(version, 3000, "advance")
        world.assign(organization, version)

        first = world.invoice(organization, OCTOBER)
        second = world.invoice(organization, NOVEMBER_FIRST)

        assert told(first) == [("recurring", 3000), ("recurring", 3000)]
        assert told(second) == [("recurring", 3000)]


def test_fee_paid_in_advance_comes_back_when_the_plan_ends(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        version = world.version()
        world.fee(version, 3000, "advance")
        assignment = world.assign(organization, version)
        world.invoice(organization, OCTOBER)
        assignment.ends_on = date(2026, 11, 11)
        assignment.save()

        second = world.draft(organization, NOVEMBER_FIRST)

        assert told(second) == [("credit", -2000), ("carried", 2000)]


def test_fee_paid_in_advance_is_settled_when_the_plan_is_switched(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        old, new = world.version(), world.version()
        world.fee(old, 3000, "advance")
        world.fee(new, 9000, "advance")
        assignment = world.assign(organization, old)
        world.invoice(organization, OCTOBER)
        assignment.ends_on = date(2026, 11, 16)
        assignment.save()
        world.assign(organization, new, date(2026, 11, 16))

        second = world.draft(organization, NOVEMBER_FIRST)

        assert sorted(told(second)) == [
            ("credit", -1500), ("recurring", 4500), ("recurring", 9000),
        ]  # fmt: skip


def test_items_join_the_first_invoice_that_may_hold_them(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        world.item(organization, 700, date(2026, 9, 30))
        world.item(organization, -200, date(2026, 10, 31))
        world.item(organization, 900, NOVEMBER_FIRST)

        first = world.invoice(organization, OCTOBER)
        second = world.invoice(organization, NOVEMBER_FIRST)

        assert told(first) == [("one_off", 700), ("credit", -200)]
        assert told(second) == [("one_off", 900)]


def test_cancelled_item_is_left_out(world: World, organization: Organization) -> None:
    with scope(world.tenant.pk):
        item = world.item(organization, 700, OCTOBER)
        item.cancelled_at = IN_OCTOBER
        item.save()

        assert world.draft(organization, OCTOBER) is None


def test_preview_is_the_invoice(world: World, organization: Organization) -> None:
    with scope(world.tenant.pk):
        organization.tax_rate = world.tax("19")
        organization.save()
        meter, version = world.meter(dimensions=["app"]), world.version()
        world.price(version, meter, (10, "0.123456789012", 3), (None, "7.000000000001", 0),
                    model="graduated", minimum_minor=5000)  # fmt: skip
        world.fee(version, 999, "advance")
        world.fee(version, 1, "arrears")
        world.assign(organization, version)
        world.item(organization, -33, FIFTH)
        world.wallet(organization, 100)
        for app in "abc":
            world.use(organization, meter, FIFTH, "33.300000000001", app=app)

        preview = statement_of(organization, now=IN_OCTOBER)
        draft = world.draft(organization, OCTOBER)

        assert draft is not None
        assert repr(preview.lines) == repr(stored_lines(draft))
        assert (preview.total_minor, preview.net_minor) == (draft.total_minor, draft.net_minor)


def test_nothing_to_invoice_makes_no_draft(world: World, organization: Organization) -> None:
    with scope(world.tenant.pk):
        draft = world.draft(organization, OCTOBER)
        period, _ = world.period(organization, NOVEMBER_FIRST)

        assert draft is None
        assert organization.periods.get(starts_on=OCTOBER).state == "invoiced"
        assert period.state == "closed"


def test_usage_of_another_company_is_not_billed(
    world: World, organization: Organization, other_tenant: Tenant
) -> None:
    other = World(other_tenant)
    with scope(other_tenant.pk):
        theirs = other.organization(billing_starts_on=OCTOBER)
        meter, version = other.meter(), other.version()
        other.price(version, meter, rate=100)
        other.assign(theirs, version)
        other.use(theirs, meter, FIFTH, 1)

    with scope(world.tenant.pk):
        assert statement_of(theirs, now=IN_OCTOBER).lines == ()
