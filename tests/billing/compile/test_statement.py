"""What an organization owes: prices, plans, fees, items, tax and corrections, case by case."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.models import BillingPeriod, Invoice, Organization
from billing.queries.statement import Statement, StatementLine, statement_of
from core.models import Tenant
from core.tenancy import scope
from tests.billing.compile.world import IN_OCTOBER, World, told

OCTOBER = date(2026, 10, 1)
FIFTH = date(2026, 10, 5)
NOVEMBER_FIRST = date(2026, 11, 1)


def lines(statement: Statement) -> list[tuple[str, int]]:
    return [(line.kind, line.amount_minor) for line in statement.lines]


def stored_lines(invoice: Invoice) -> tuple[StatementLine, ...]:
    return tuple(
        StatementLine(
            row.kind, row.source, row.source_id, row.charged_from, row.product, row.description,
            row.starts_on, row.ends_on, row.quantity, row.unit, row.exact, row.amount_minor,
        )
        for row in invoice.lines.order_by("position")
    )  # fmt: skip


@pytest.fixture
def organization(world: World) -> Organization:
    """An organization in dollars, billed from October on."""
    with scope(world.tenant.pk):
        return world.organization(billing_starts_on=OCTOBER)


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


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(1000, [("one_off", 1000), ("tax", 195)]), (50, [("one_off", 50), ("tax", 10)]),
     (-1000, [("credit", -1000), ("tax", -195), ("carried", 1195)])],
)  # fmt: skip
def test_exclusive_tax_is_a_line(
    world: World, organization: Organization, amount: int, expected: list[tuple[str, int]]
) -> None:
    with scope(world.tenant.pk):
        organization.tax_rate = world.tax("19.5")
        organization.save()
        world.item(organization, amount, OCTOBER)

        draft = world.draft(organization, OCTOBER)

        assert draft is not None
        assert told(draft) == expected
        assert draft.net_minor + draft.tax_minor == amount + round(Decimal(amount) * 195 / 1000)


@pytest.mark.parametrize(("amount", "tax"), [(1195, 195), (-1195, -195), (1, 0)])
def test_inclusive_tax_is_told_and_not_added(
    world: World, organization: Organization, amount: int, tax: int
) -> None:
    with scope(world.tenant.pk):
        organization.tax_rate = world.tax("19.5", is_inclusive=True)
        organization.save()
        world.item(organization, amount, OCTOBER)

        draft = world.draft(organization, OCTOBER)

        assert draft is not None
        assert (draft.net_minor, draft.tax_minor, draft.total_minor) == (
            amount, tax, max(amount, 0),
        )  # fmt: skip


def test_prepaid_credit_is_used_once(world: World, organization: Organization) -> None:
    with scope(world.tenant.pk):
        world.wallet(organization, 1000)
        world.item(organization, 700, OCTOBER)
        world.item(organization, 700, NOVEMBER_FIRST)

        first = world.draft(organization, OCTOBER)
        second = world.draft(organization, NOVEMBER_FIRST)

        assert told(first) == [("one_off", 700), ("prepaid", -700)]
        assert told(second) == [("one_off", 700), ("prepaid", -300)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("carry", [("one_off", 30), ("carried", -30)]), ("waive", [("one_off", 30), ("waived", -30)]),
     ("push", [("one_off", 30)])],
)  # fmt: skip
def test_amount_below_the_minimum_goes_by_the_rule(
    world: World, organization: Organization, rule: str, expected: list[tuple[str, int]]
) -> None:
    with scope(world.tenant.pk):
        organization.below_minimum = rule
        organization.save()
        world.item(organization, 30, OCTOBER)

        assert told(world.draft(organization, OCTOBER)) == expected


def test_small_amount_of_a_closed_organization_is_waived(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        organization.below_minimum, organization.state = "carry", "closed"
        organization.save()
        world.item(organization, 30, OCTOBER)

        assert told(world.draft(organization, OCTOBER)) == [("one_off", 30), ("waived", -30)]


def test_carried_amount_is_brought_back_once_over_three_months(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        organization.below_minimum = "carry"
        organization.save()
        for month in (10, 11, 12):
            world.item(organization, 20, date(2026, month, 1))

        invoices = [world.invoice(organization, date(2026, month, 1)) for month in (10, 11, 12)]
        later = world.draft(organization, date(2027, 1, 1))

        assert [told(invoice) for invoice in invoices] == [
            [("one_off", 20), ("carried", -20)],
            [("one_off", 20), ("carried", 20), ("carried", -40)],
            [("one_off", 20), ("carried", 40)],
        ]
        assert later is None


def test_negative_total_is_carried_and_brought_back_once(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        world.item(organization, -500, OCTOBER)
        world.item(organization, 200, NOVEMBER_FIRST)
        world.item(organization, 900, date(2026, 12, 1))

        invoices = [world.invoice(organization, date(2026, month, 1)) for month in (10, 11, 12)]

        assert [told(invoice) for invoice in invoices] == [
            [("credit", -500), ("carried", 500)],
            [("one_off", 200), ("carried", -500), ("carried", 300)],
            [("one_off", 900), ("carried", -300)],
        ]


def test_carried_amount_of_a_voided_invoice_is_carried_anew(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        organization.below_minimum = "carry"
        organization.save()
        world.item(organization, 20, OCTOBER)
        world.item(organization, 100, NOVEMBER_FIRST)
        first = world.invoice(organization, OCTOBER)
        second = world.invoice(organization, NOVEMBER_FIRST)
        assert first is not None
        world.void(first)

        again = world.invoice(organization, OCTOBER)
        third = world.draft(organization, date(2026, 12, 1))

        total = sum(
            invoice.total_minor for invoice in (second, again, third) if invoice is not None
        )
        assert total == 120
        assert told(second) == [("one_off", 100), ("carried", 20)]
        assert told(again) == [("one_off", 20), ("carried", -20)]
        assert third is None


def test_brought_amount_of_a_voided_invoice_is_brought_again(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        organization.below_minimum = "carry"
        organization.save()
        world.item(organization, 20, OCTOBER)
        world.item(organization, 100, NOVEMBER_FIRST)
        world.invoice(organization, OCTOBER)
        second = world.invoice(organization, NOVEMBER_FIRST)
        assert second is not None
        world.void(second)

        again = world.draft(organization, NOVEMBER_FIRST)

        assert told(again) == [("one_off", 100), ("carried", 20)]


def test_late_usage_comes_with_the_next_invoice_at_the_price_of_its_day(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, version = world.meter(), world.version()
        world.price(version, meter, (10, 100, 0), (None, 10, 0), model="graduated",
                    ends_on=NOVEMBER_FIRST)  # fmt: skip
        world.price(version, meter, rate=1, starts_on=NOVEMBER_FIRST)
        world.assign(organization, version)
        world.use(organization, meter, FIFTH, 8)
        world.invoice(organization, OCTOBER)
        world.use(organization, meter, FIFTH, 12)
        world.use(organization, meter, NOVEMBER_FIRST, 5)

        second = world.invoice(organization, NOVEMBER_FIRST)
        third = world.draft(organization, date(2026, 12, 1))

        assert told(second) == [("usage", 5), ("late", 220)]
        assert second is not None
        late = second.lines.get(kind="late")
        assert (late.quantity, late.charged_from) == (4, OCTOBER)
        assert third is None


def test_usage_corrected_downward_becomes_a_credit(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, version = world.meter(), world.version()
        world.price(version, meter, rate=100)
        world.assign(organization, version)
        world.use(organization, meter, FIFTH, 8)
        world.invoice(organization, OCTOBER)
        world.use(organization, meter, FIFTH, 3)

        assert told(world.draft(organization, NOVEMBER_FIRST)) == [
            ("credit", -500), ("carried", 500),
        ]  # fmt: skip


def test_voided_and_billed_again_is_the_same_amount(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        organization.tax_rate = world.tax("7.7")
        organization.save()
        meter, version = world.meter(), world.version()
        world.price(version, meter, rate="3.333333333333", minimum_minor=50)
        world.fee(version, 999, "advance")
        world.assign(organization, version)
        world.item(organization, 333, OCTOBER)
        world.use(organization, meter, FIFTH, "8.123456789012")
        first = world.invoice(organization, OCTOBER)
        world.invoice(organization, NOVEMBER_FIRST)
        assert first is not None
        world.void(first)

        again = world.draft(organization, OCTOBER)

        assert again is not None
        assert stored_lines(again) == stored_lines(first)


def test_late_lines_of_a_voided_invoice_are_not_lost(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, version = world.meter(), world.version()
        world.price(version, meter, rate=100)
        world.assign(organization, version)
        world.use(organization, meter, FIFTH, 8)
        world.invoice(organization, OCTOBER)
        world.use(organization, meter, FIFTH, 10)
        second = world.invoice(organization, NOVEMBER_FIRST)
        assert second is not None
        world.void(second)

        assert told(world.draft(organization, NOVEMBER_FIRST)) == [("late", 200)]


def test_plan_changed_for_a_past_month_is_settled_by_the_next_invoice(
    world: World, organization: Organization
) -> None:
    with scope(world.tenant.pk):
        meter, old, new = world.meter(), world.version(), world.version()
        world.price(old, meter, rate=100)
        world.price(new, meter, rate=70)
        world.fee(new, 500, "arrears")
        assignment = world.assign(organization, old)
        world.use(organization, meter, FIFTH, 10)
        world.invoice(organization, OCTOBER)
        assignment.delete()
        world.assign(organization, new)
        BillingPeriod.objects.filter(organization=organization).update(recheck_at=IN_OCTOBER)

        second = world.draft(organization, NOVEMBER_FIRST)

        assert told(second) == [("recurring", 500), ("late", 500), ("late", 700), ("credit", -1000)]


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
