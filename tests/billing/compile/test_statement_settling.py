"""What is to be paid of it: tax, prepaid credit, and amounts too small or below zero."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing.models import Organization
from core.tenancy import scope
from tests.billing.compile.world import OCTOBER, World, told

NOVEMBER_FIRST = date(2026, 11, 1)


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
