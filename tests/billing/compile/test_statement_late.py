"""What comes late, is corrected, or was on an invoice that is void."""

from __future__ import annotations

from datetime import date

from billing.models import BillingPeriod, Organization
from core.tenancy import scope
from tests.billing.compile.world import IN_OCTOBER, OCTOBER, World, stored_lines, told

FIFTH = date(2026, 10, 5)
NOVEMBER_FIRST = date(2026, 11, 1)


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
