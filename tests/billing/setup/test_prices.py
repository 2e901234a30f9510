"""Meters, plans, versions and prices: what is refused, what is frozen, what overlaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.models import Meter, Organization, PlanVersion, Price, PriceTier, RecurringFee
from billing.operations.assignments import assign_plan
from billing.operations.meters import FROZEN, archive_meter, change_meter, make_meter
from billing.operations.plans import (
    VersionEmpty,
    VersionPublished,
    add_fee,
    discard_version,
    draft_version,
    make_plan,
    publish_version,
    remove_fee,
    rename_plan,
)
from billing.operations.prices import (
    PriceMissing,
    PriceTerms,
    TierTerms,
    VersionNotPublished,
    change_price,
    end_price,
    per_unit,
    remove_price,
    set_price,
)
from core.invalid import FieldsInvalid
from core.models import Tenant
from core.tenancy import scope
from tests.billing.setup.conftest import NOW, TODAY, closed_period, published, refusals, used

pytestmark = pytest.mark.django_db
TEN = per_unit(Decimal(10))
GRADUATED = PriceTerms(
    model="graduated",
    tiers=(TierTerms(Decimal(100), Decimal(5)), TierTerms(None, Decimal("0.000000000001"))),
)


@pytest.fixture
def draft(tenant: Tenant) -> PlanVersion:
    with scope(tenant.pk):
        plan = make_plan(code="basic", name="Basic", currency="EUR")
        return draft_version(plan_id=plan.pk)


METER = {"code": "m", "name": "M", "aggregation": "sum"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"code": "a b"}, ("code", "malformed_code")),
        ({"code": "requests"}, ("code", "taken")),
        ({"name": ""}, ("name", "blank")),
        ({"unit": "x" * 41}, ("unit", "too_long")),
        ({"aggregation": "mean"}, ("aggregation", "invalid_choice")),
        ({"dimensions": ["a", "a"]}, ("dimensions", "given_twice")),
        ({"dimensions": ["a b"]}, ("dimensions/0", "malformed")),
        ({"dimensions": [f"d{n}" for n in range(9)]}, ("dimensions", "too_many")),
        ({"aggregation": "unique"}, ("unique_by", "required")),
        ({"unique_by": "user"}, ("unique_by", "not_allowed")),
        (
            {"aggregation": "unique", "unique_by": "user", "dimensions": ["user"]},
            ("unique_by", "is_dimension"),
        ),
        (
            {"aggregation": "max", "allows_negative": True},
            ("allows_negative", "not_allowed"),
        ),
    ],
)
def test_wrong_meters_are_refused(
    tenant: Tenant, requests: Meter, fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    with scope(tenant.pk), pytest.raises(FieldsInvalid) as caught:
        make_meter(**{**METER, **fields})

    assert refusals(caught) == [expected]


def test_used_meter_keeps_how_it_counts(acme: Organization, requests: Meter) -> None:
    used(acme, requests, 1)
    other = {
        "code": "other", "aggregation": "count", "dimensions": ["x"], "allows_negative": True,
    }  # fmt: skip

    with scope(acme.tenant_id):
        renamed = change_meter(meter_id=requests.pk, changes={"name": "Calls", "unit": "calls"})
        with pytest.raises(FieldsInvalid) as caught:
            change_meter(meter_id=requests.pk, changes={"code": "other", "dimensions": ["x"]})
        archived = archive_meter(meter_id=requests.pk)
        again = archive_meter(meter_id=requests.pk)
        with pytest.raises(IntegrityError), transaction.atomic():
            Meter.objects.filter(pk=requests.pk).update(code="other")

    assert (renamed.name, renamed.unit) == ("Calls", "calls")
    assert refusals(caught) == [("code", "frozen"), ("dimensions", "frozen")]
    assert set(other) <= set(FROZEN)
    assert (archived.is_archived, again.is_archived) == (True, True)


def test_unused_meter_may_count_otherwise(requests: Meter) -> None:
    with scope(requests.tenant_id):
        changed = change_meter(
            meter_id=requests.pk,
            changes={"aggregation": "unique", "unique_by": "user", "dimensions": []},
        )

    assert (changed.aggregation, changed.unique_by) == ("unique", "user")


def test_tiers_begin_where_the_last_one_ends(draft: PlanVersion, requests: Meter) -> None:
    with scope(draft.tenant_id):
        set_price(version_id=draft.pk, meter_id=requests.pk, terms=GRADUATED)
        tiers = list(PriceTier.objects.values_list("position", "above", "up_to", "rate"))

    assert tiers == [
        (0, Decimal(0), Decimal(100), Decimal(5)),
        (1, Decimal(100), None, Decimal("0.000000000001")),
    ]


def tiers(*rows: tuple[Any, Any]) -> tuple[TierTerms, ...]:
    return tuple(
        TierTerms(None if up_to is None else Decimal(up_to), Decimal(rate)) for up_to, rate in rows
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"model": "percentage"}, ("model", "invalid_choice")),
        ({"tiers": ()}, ("tiers", "required")),
        ({"tiers": tiers((5, 1))}, ("tiers/0/up_to", "not_open")),
        ({"tiers": tiers((None, 1), (None, 1))}, ("tiers/0/up_to", "required")),
        ({"tiers": tiers((5, 1), (5, 1), (None, 1))}, ("tiers/1/up_to", "not_ascending")),
        ({"tiers": tiers((0, 1), (None, 1))}, ("tiers/0/up_to", "not_ascending")),
        ({"tiers": tiers((None, "-1"))}, ("tiers/0/rate", "below_zero")),
        ({"tiers": tiers((None, "NaN"))}, ("tiers/0/rate", "not_a_number")),
        ({"tiers": tiers((None, "Infinity"))}, ("tiers/0/rate", "not_a_number")),
        ({"tiers": tiers((None, "1e-13"))}, ("tiers/0/rate", "too_many_decimals")),
        ({"tiers": tiers((None, "1e20"))}, ("tiers/0/rate", "out_of_range")),
        ({"tiers": tiers(*[(n, 1) for n in range(1, 101)], (None, 1))}, ("tiers", "too_many")),
        ({"included": Decimal(-1)}, ("included", "below_zero")),
        ({"minimum_minor": -1}, ("minimum_minor", "out_of_range")),
        ({"minimum_minor": 10**18}, ("minimum_minor", "out_of_range")),
        ({"package_size": Decimal(5)}, ("package_size", "not_allowed")),
        ({"model": "package"}, ("package_size", "required")),
        ({"model": "package", "package_size": Decimal(0)}, ("package_size", "is_zero")),
        ({"model": "per_unit", "tiers": GRADUATED.tiers}, ("tiers", "too_many")),
        (
            {"filter_dimension": "planet", "filter_value": "mars"},
            ("filter_dimension", "unknown"),
        ),
        ({"filter_dimension": "region"}, ("filter_value", "incomplete")),
        ({"filter_value": "ams"}, ("filter_value", "incomplete")),
    ],
)
def test_wrong_prices_are_refused(
    draft: PlanVersion, requests: Meter, change: dict[str, Any], expected: tuple[str, str]
) -> None:
    with scope(draft.tenant_id), pytest.raises(FieldsInvalid) as caught:
        set_price(version_id=draft.pk, meter_id=requests.pk, terms=replace(GRADUATED, **change))

    assert refusals(caught) == [expected]


def test_price_of_an_archived_meter_is_refused(draft: PlanVersion, requests: Meter) -> None:
    with scope(draft.tenant_id):
        archive_meter(meter_id=requests.pk)

        with pytest.raises(FieldsInvalid) as caught:
            set_price(version_id=draft.pk, meter_id=requests.pk, terms=TEN)

    assert refusals(caught) == [("meter", "archived")]


def test_overlapping_prices_are_refused_in_words(draft: PlanVersion, requests: Meter) -> None:
    def put(**days: date) -> Price:
        return set_price(version_id=draft.pk, meter_id=requests.pk, terms=TEN, **days)

    with scope(draft.tenant_id):
        put(ends_on=date(2026, 12, 1))
        put(starts_on=date(2026, 12, 1))
        with pytest.raises(FieldsInvalid) as caught:
            put(starts_on=date(2027, 1, 1))
        with pytest.raises(FieldsInvalid) as backwards:
            put(starts_on=date(2027, 1, 1), ends_on=date(2027, 1, 1))

    assert refusals(caught) == [("starts_on", "overlaps")]
    assert "End that one first" in str(caught.value)
    assert refusals(backwards) == [("ends_on", "ends_before_start")]


def test_exceptions_use_one_dimension(draft: PlanVersion, requests: Meter) -> None:
    def put(dimension: str, value: str) -> Price:
        terms = replace(TEN, filter_dimension=dimension, filter_value=value)
        return set_price(version_id=draft.pk, meter_id=requests.pk, terms=terms)

    with scope(draft.tenant_id):
        set_price(version_id=draft.pk, meter_id=requests.pk, terms=TEN)
        put("region", "ams")
        put("region", "fra")
        with pytest.raises(FieldsInvalid) as caught:
            put("app", "shop")

    assert refusals(caught) == [("filter_dimension", "another_dimension")]


def test_published_version_stays(version: PlanVersion, requests: Meter) -> None:
    with scope(version.tenant_id):
        price = Price.objects.get()
        refused = [
            lambda: set_price(version_id=version.pk, meter_id=requests.pk, terms=TEN),
            lambda: remove_price(price_id=price.pk),
            lambda: add_fee(version_id=version.pk, name="F", amount_minor=1, timing="advance"),
            lambda: publish_version(version_id=version.pk, by=None, now=NOW),
            lambda: discard_version(version_id=version.pk),
        ]
        for attempt in refused:
            with pytest.raises(VersionPublished):
                attempt()
        with pytest.raises(IntegrityError), transaction.atomic():
            PriceTier.objects.update(rate=1)

        assert PriceTier.objects.get().rate == 10


def test_empty_version_is_not_published(draft: PlanVersion) -> None:
    with scope(draft.tenant_id), pytest.raises(VersionEmpty):
        publish_version(version_id=draft.pk, by=None, now=NOW)


def test_draft_is_emptied_and_discarded(draft: PlanVersion, requests: Meter) -> None:
    with scope(draft.tenant_id):
        price = set_price(version_id=draft.pk, meter_id=requests.pk, terms=TEN)
        fee = add_fee(version_id=draft.pk, name="F", amount_minor=100, timing="arrears")
        with pytest.raises(FieldsInvalid) as taken:
            add_fee(version_id=draft.pk, name="F", amount_minor=1, timing="advance")
        with pytest.raises(FieldsInvalid) as wrong:
            add_fee(version_id=draft.pk, name="", amount_minor=-1, timing="never")
        remove_price(price_id=price.pk)
        remove_fee(fee_id=fee.pk)
        set_price(version_id=draft.pk, meter_id=requests.pk, terms=GRADUATED)
        discard_version(version_id=draft.pk)

        assert PlanVersion.objects.count() == 0
    assert refusals(taken) == [("name", "taken")]
    assert refusals(wrong) == [
        ("name", "blank"), ("amount_minor", "out_of_range"), ("timing", "invalid_choice"),
    ]  # fmt: skip


def test_copied_version_has_the_same_prices_and_fees(draft: PlanVersion, requests: Meter) -> None:
    with scope(draft.tenant_id):
        set_price(version_id=draft.pk, meter_id=requests.pk, terms=GRADUATED)
        add_fee(version_id=draft.pk, name="F", amount_minor=100, timing="arrears")
        publish_version(version_id=draft.pk, by=None, now=NOW)

        copy = draft_version(plan_id=draft.plan_id, copy_from=draft.pk, note="dearer")

        price = Price.objects.get(version=copy)
        assert (copy.number, copy.published_at) == (2, None)
        assert [tier.rate for tier in price.tiers.all()] == [5, Decimal("0.000000000001")]
        assert RecurringFee.objects.get(version=copy).amount_minor == 100
        assert Price.objects.filter(version=draft).count() == 1
        with pytest.raises(FieldsInvalid) as caught:
            other = make_plan(code="x", name="X", currency="EUR")
            draft_version(plan_id=other.pk, copy_from=draft.pk)
    assert refusals(caught) == [("copy_from", "unknown")]


def test_plan_names_and_codes(draft: PlanVersion) -> None:
    with scope(draft.tenant_id):
        assert rename_plan(plan_id=draft.plan_id, name="Hobby").name == "Hobby"
        with pytest.raises(FieldsInvalid) as taken:
            make_plan(code="basic", name="B", currency="EUR")
        with pytest.raises(FieldsInvalid) as wrong:
            make_plan(code="", name="", currency="x")

    assert refusals(taken) == [("code", "taken")]
    assert refusals(wrong) == [
        ("code", "malformed_code"), ("name", "blank"), ("currency", "currency_unusable"),
    ]  # fmt: skip


def change(version: PlanVersion, meter: Meter, on: date, terms: PriceTerms = GRADUATED) -> Price:
    return change_price(version_id=version.pk, meter_id=meter.pk, terms=terms, from_on=on, now=NOW)


def test_changed_price_ends_the_old_one_that_day(version: PlanVersion, requests: Meter) -> None:
    with scope(version.tenant_id):
        change(version, requests, TODAY)
        change(version, requests, date(2027, 1, 1), TEN)
        rows = Price.objects.order_by("starts_on").values_list("model", "starts_on", "ends_on")

        assert list(rows) == [
            ("per_unit", date(2000, 1, 1), TODAY),
            ("graduated", TODAY, date(2027, 1, 1)),
            ("per_unit", date(2027, 1, 1), None),
        ]


def test_change_between_two_prices_fits_in(version: PlanVersion, requests: Meter) -> None:
    with scope(version.tenant_id):
        change(version, requests, date(2027, 1, 1), TEN)

        made = change(version, requests, date(2026, 12, 1))

    assert (made.starts_on, made.ends_on) == (date(2026, 12, 1), date(2027, 1, 1))


def test_past_and_same_days_are_refused(version: PlanVersion, requests: Meter) -> None:
    with scope(version.tenant_id):
        change(version, requests, TODAY)
        with pytest.raises(FieldsInvalid) as past:
            change(version, requests, TODAY - timedelta(days=1))
        with pytest.raises(FieldsInvalid) as same:
            change(version, requests, TODAY, TEN)
        with pytest.raises(FieldsInvalid) as far:
            change(version, requests, date(9999, 12, 31), TEN)

        assert Price.objects.count() == 2
    assert refusals(past) == [("from_on", "in_the_past")]
    assert refusals(same) == [("from_on", "price_begins_then")]
    assert refusals(far) == [("from_on", "out_of_range")]


def test_price_of_a_draft_is_not_changed_from_a_day_on(draft: PlanVersion, requests: Meter) -> None:
    with scope(draft.tenant_id):
        price = set_price(version_id=draft.pk, meter_id=requests.pk, terms=TEN)
        with pytest.raises(VersionNotPublished):
            change(draft, requests, TODAY)
        with pytest.raises(VersionNotPublished):
            end_price(price_id=price.pk, ends_on=TODAY, now=NOW)


def test_ended_price_ends_once(version: PlanVersion) -> None:
    with scope(version.tenant_id):
        price = Price.objects.get()

        ended = end_price(price_id=price.pk, ends_on=date(2026, 12, 1), now=NOW)

        assert ended.ends_on == date(2026, 12, 1)
        with pytest.raises(PriceMissing):
            end_price(price_id=price.pk, ends_on=date(2026, 12, 1), now=NOW)
        with pytest.raises(FieldsInvalid):
            end_price(price_id=price.pk, ends_on=date(2026, 11, 20), now=NOW)


def test_change_flags_closed_periods_that_hold_its_days(
    acme: Organization, version: PlanVersion, requests: Meter
) -> None:
    """In the east a period may be over on what is today elsewhere."""
    before, during = closed_period(acme, 9), closed_period(acme, 11, "invoiced")
    with scope(acme.tenant_id):
        assign_plan(
            organization_id=acme.pk, version_id=version.pk, starts_on=date(2026, 12, 1), now=NOW
        )
        change(version, requests, TODAY)
        before.refresh_from_db()
        during.refresh_from_db()

    assert (before.recheck_at, during.recheck_at) == (None, NOW)


def test_prices_of_another_company_stay_hidden(
    version: PlanVersion, other_tenant: Tenant, requests: Meter
) -> None:
    with scope(other_tenant.pk):
        counts = [
            model._default_manager.count() for model in (Meter, PlanVersion, Price, PriceTier)
        ]
        with pytest.raises(PlanVersion.DoesNotExist):
            change(version, requests, TODAY)

    assert counts == [0, 0, 0, 0]


def test_second_plan_has_a_code_of_its_own(tenant: Tenant, requests: Meter) -> None:
    first, second = published(tenant, requests, "a"), published(tenant, requests, "b")

    assert first.plan_id != second.plan_id
