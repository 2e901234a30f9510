"""Organizations: what can be said of them, and what usage fixes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from billing.models import Assignment, Meter, Organization, PlanVersion, TaxRate
from billing.operations.assignments import assign_plan
from billing.operations.items import add_item
from billing.operations.organizations import (
    FROZEN,
    OrganizationClosed,
    OrganizationOpen,
    change_organization,
    close_organization,
    make_organization,
    reopen_organization,
)
from billing.operations.settings import change_settings, number_series, set_prefix
from billing.operations.tax_rates import (
    TaxRateInUse,
    delete_tax_rate,
    make_tax_rate,
    rename_tax_rate,
)
from core.invalid import FieldsInvalid
from core.models import Tenant
from core.tenancy import scope
from tests.billing.setup.conftest import NOW, TODAY, closed_period, refusals, used

pytestmark = pytest.mark.django_db
GOOD = {"code": "beta", "name": "Beta", "currency": "USD", "time_zone": "Asia/Tokyo"}


def test_made_organization_is_billed_from_today_in_its_zone(tenant: Tenant) -> None:
    late = NOW.replace(hour=20)

    with scope(tenant.pk):
        made = make_organization(**GOOD, now=late)

    made_fields = (made.billing_starts_on, made.anchor_day, made.net_days, made.below_minimum)
    assert made_fields == (TODAY + timedelta(days=1), 1, 14, "carry")


def test_new_organization_begins_with_what_the_settings_say(tenant: Tenant) -> None:
    with scope(tenant.pk):
        change_settings(changes={"net_days": 30, "below_minimum": "waive"})

        made = make_organization(**GOOD, now=NOW)

    assert (made.net_days, made.below_minimum) == (30, "waive")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("code", "", ("code", "malformed_code")),
        ("code", "a b", ("code", "malformed_code")),
        ("code", "ü", ("code", "malformed_code")),
        ("code", "x" * 65, ("code", "malformed_code")),
        ("code", "acme", ("code", "taken")),
        ("name", "  ", ("name", "blank")),
        ("name", "x" * 201, ("name", "too_long")),
        ("name", "a\0b", ("name", "control_character")),
        ("currency", "XYZ", ("currency", "currency_unusable")),
        ("currency", "usd", ("currency", "currency_unusable")),
        ("time_zone", "Mars/Base", ("time_zone", "unknown_zone")),
        ("anchor_day", 0, ("anchor_day", "out_of_range")),
        ("anchor_day", 32, ("anchor_day", "out_of_range")),
        ("net_days", 366, ("net_days", "out_of_range")),
        ("collection", "barter", ("collection", "invalid_choice")),
        ("below_minimum", "x", ("below_minimum", "invalid_choice")),
        ("tax_rate_id", UUID(int=7), ("tax_rate", "unknown")),
        ("payer", {"nickname": "x"}, ("payer/nickname", "unknown_field")),
        ("payer", {"email": "nobody"}, ("payer/email", "malformed")),
        ("payer", {"country": "nl"}, ("payer/country", "malformed")),
        ("payer", {"line1": "x" * 201}, ("payer/line1", "too_long")),
        ("billing_starts_on", date(1, 1, 1), ("billing_starts_on", "out_of_range")),
        ("billing_starts_on", date(9999, 12, 31), ("billing_starts_on", "out_of_range")),
    ],
)
def test_wrong_fields_are_refused_by_name(
    acme: Organization, field: str, value: Any, expected: tuple[str, str]
) -> None:
    with scope(acme.tenant_id), pytest.raises(FieldsInvalid) as caught:
        make_organization(**{**GOOD, field: value}, now=NOW)

    assert refusals(caught) == [expected]


def test_change_counts_the_version_up_once(acme: Organization) -> None:
    with scope(acme.tenant_id):
        first = change_organization(organization_id=acme.pk, changes={"name": "Acme 2"})
        again = change_organization(organization_id=acme.pk, changes={"name": "Acme 2"})

    assert (first.version, again.version, again.name) == (2, 2, "Acme 2")


def test_calendar_may_change_before_there_is_usage(acme: Organization) -> None:
    with scope(acme.tenant_id):
        changed = change_organization(
            organization_id=acme.pk, changes={"time_zone": "Asia/Tokyo", "anchor_day": 31}
        )

    assert (changed.time_zone, changed.anchor_day) == ("Asia/Tokyo", 31)


@pytest.mark.parametrize("reason", ["usage", "period"])
def test_calendar_is_fixed_by_usage_and_periods(
    acme: Organization, requests: Meter, reason: str
) -> None:
    if reason == "usage":
        used(acme, requests, 1)
    else:
        closed_period(acme, 9)
    changes = {
        "currency": "USD", "time_zone": "Asia/Tokyo", "anchor_day": 5,
        "billing_starts_on": date(2026, 10, 1),
    }  # fmt: skip

    with scope(acme.tenant_id), pytest.raises(FieldsInvalid) as caught:
        change_organization(organization_id=acme.pk, changes=changes)
    with scope(acme.tenant_id):
        unchanged = change_organization(organization_id=acme.pk, changes={"currency": "EUR"})

    assert sorted(refusals(caught)) == sorted((name, "frozen") for name in FROZEN)
    assert unchanged.version == 1


def test_database_refuses_what_the_operation_would(acme: Organization, requests: Meter) -> None:
    used(acme, requests, 1)

    with pytest.raises(IntegrityError) as caught, scope(acme.tenant_id):
        Organization.objects.filter(pk=acme.pk).update(currency="USD")

    assert "fixed by its usage" in str(caught.value)


def test_closing_ends_the_plan_and_happens_once(acme: Organization, version: PlanVersion) -> None:
    with scope(acme.tenant_id):
        assign_plan(
            organization_id=acme.pk, version_id=version.pk, starts_on=date(2026, 9, 1), now=NOW
        )

        closed = close_organization(organization_id=acme.pk, now=NOW)

        assert (closed.state, closed.version) == ("closed", 2)
        assert Assignment.objects.get().ends_on == TODAY + timedelta(days=1)
        with pytest.raises(OrganizationClosed):
            close_organization(organization_id=acme.pk, now=NOW)
        with pytest.raises(OrganizationClosed):
            add_item(organization_id=acme.pk, description="x", amount_minor=1, now=NOW)
        assert reopen_organization(organization_id=acme.pk).state == "active"
        with pytest.raises(OrganizationOpen):
            reopen_organization(organization_id=acme.pk)


def test_closing_forgets_plans_that_have_not_begun(
    acme: Organization, version: PlanVersion
) -> None:
    with scope(acme.tenant_id):
        assign_plan(
            organization_id=acme.pk, version_id=version.pk, starts_on=date(2027, 1, 1), now=NOW
        )

        close_organization(organization_id=acme.pk, now=NOW)

        assert Assignment.objects.count() == 0


def test_tax_rate_is_made_named_and_deleted(acme: Organization) -> None:
    with scope(acme.tenant_id):
        rate = make_tax_rate(name="VAT", percentage=Decimal("19"))
        rename_tax_rate(tax_rate_id=rate.pk, name="MwSt")
        change_organization(organization_id=acme.pk, changes={"tax_rate_id": rate.pk})

        with pytest.raises(TaxRateInUse):
            delete_tax_rate(tax_rate_id=rate.pk)
        change_organization(organization_id=acme.pk, changes={"tax_rate_id": None})
        delete_tax_rate(tax_rate_id=rate.pk)

        assert TaxRate.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "percentage", "expected"),
    [
        ("", "1", ("name", "blank")),
        ("VAT", "1", ("name", "taken")),
        ("B", "-1", ("percentage", "out_of_range")),
        ("B", "100.1", ("percentage", "out_of_range")),
        ("B", "NaN", ("percentage", "out_of_range")),
        ("B", "1.0000001", ("percentage", "too_many_decimals")),
    ],
)
def test_wrong_tax_rates_are_refused(
    tenant: Tenant, name: str, percentage: str, expected: tuple[str, str]
) -> None:
    with scope(tenant.pk):
        make_tax_rate(name="VAT", percentage=Decimal(1))

        with pytest.raises(FieldsInvalid) as caught:
            make_tax_rate(name=name, percentage=Decimal(percentage))

    assert refusals(caught) == [expected]


def test_settings_are_changed_within_their_ranges(tenant: Tenant) -> None:
    with scope(tenant.pk):
        changed = change_settings(changes={"grace_hours": 0, "oldest_usage_days": 90})
        again = change_settings(changes={"grace_hours": 1})
        with pytest.raises(FieldsInvalid) as caught:
            change_settings(changes={"grace_hours": 745, "below_minimum": "x", "net_days": -1})

    assert (changed.grace_hours, again.grace_hours, again.oldest_usage_days) == (0, 1, 90)
    assert sorted(refusals(caught)) == [
        ("below_minimum", "invalid_choice"),
        ("grace_hours", "out_of_range"),
        ("net_days", "out_of_range"),
    ]


def test_number_series_keeps_its_count_under_another_prefix(tenant: Tenant) -> None:
    with scope(tenant.pk):
        first = number_series(kind="invoice")
        again = number_series(kind="invoice")
        renamed = set_prefix(kind="invoice", prefix="HB-2026-")
        number_series(kind="credit_note")
        with pytest.raises(FieldsInvalid) as taken:
            set_prefix(kind="credit_note", prefix="HB-2026-")
        with pytest.raises(FieldsInvalid) as odd:
            set_prefix(kind="invoice", prefix="a b")

    assert (first.pk, str(renamed)) == (again.pk, "HB-2026-1")
    assert (refusals(taken), refusals(odd)) == ([("prefix", "taken")], [("prefix", "malformed")])


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"code": "a b"}, "organization_code_is_plain"),
        ({"currency": "eur"}, "organization_currency_is_upper_case"),
        ({"anchor_day": 32}, "organization_anchor_is_a_day"),
        ({"net_days": 366}, "organization_net_days_is_at_most_a_year"),
    ],
)
def test_constraints_hold(acme: Organization, fields: dict[str, Any], rule: str) -> None:
    with scope(acme.tenant_id), pytest.raises(IntegrityError) as caught, transaction.atomic():
        Organization.objects.filter(pk=acme.pk).update(**fields)

    assert rule in str(caught.value)


def test_payer_lies_encrypted(acme: Organization, superuser_connection: Any) -> None:
    with scope(acme.tenant_id):
        change_organization(organization_id=acme.pk, changes={"payer": {"name": "Ann Secret"}})

    (stored,) = superuser_connection.execute("SELECT payer FROM billing_organization").fetchone()

    assert "Ann" not in stored


def test_rows_of_another_company_stay_hidden(acme: Organization, other_tenant: Tenant) -> None:
    with scope(acme.tenant_id):
        change_settings(changes={"net_days": 3})
        make_tax_rate(name="VAT", percentage=Decimal(1))
        number_series(kind="invoice")
    from billing.models import BillingSettings, NumberSeries

    with scope(other_tenant.pk):
        counts = [
            model._default_manager.count()
            for model in (Organization, TaxRate, BillingSettings, NumberSeries)
        ]

    assert counts == [0, 0, 0, 0]
