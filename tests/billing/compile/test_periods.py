"""Periods: they tile, in every zone, and are closed when their time is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import BillingPeriod
from billing.operations.periods import close_periods, ensure_periods
from billing.queries.calendar import BeforeBilling, period_at, period_of, periods_through
from core.tenancy import scope
from tests.billing.compile.world import World

ZONES = [
    "UTC", "Europe/Amsterdam", "America/New_York", "America/Sao_Paulo", "America/St_Johns",
    "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati",
]  # fmt: skip


@dataclass
class Calendar:
    """An organization's calendar without its row."""

    anchor_day: int
    billing_starts_on: date


calendars = st.builds(
    Calendar,
    anchor_day=st.one_of(st.integers(1, 31), st.sampled_from([28, 29, 30, 31])),
    billing_starts_on=st.dates(date(2008, 1, 1), date(2026, 10, 31)),
)


@given(calendar=calendars, zone=st.sampled_from(ZONES), months=st.integers(1, 30))
def test_periods_tile_in_every_zone(calendar: Calendar, zone: str, months: int) -> None:
    start = calendar.billing_starts_on
    last = date(
        start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1, 1
    )

    periods = list(periods_through(last, calendar, after=None))

    place = ZoneInfo(zone)
    assert periods[0].starts_on == start
    assert months <= len(periods) <= months + 2
    for one, other in pairwise(periods):
        assert one.ends_on == other.starts_on
        assert one.ends_at(place) == other.starts_at(place)
        assert one.starts_at(place) < one.ends_at(place)
    assert [period.month for period in periods] == sorted({period.month for period in periods})


@given(calendar=calendars, zone=st.sampled_from(ZONES), seconds=st.integers(0, 500_000_000))
def test_each_moment_lies_in_the_period_of_its_day(
    calendar: Calendar, zone: str, seconds: int
) -> None:
    place = ZoneInfo(zone)
    since = datetime.combine(calendar.billing_starts_on, datetime.min.time(), UTC)
    now = since + timedelta(days=1, seconds=seconds)

    period = period_at(now, calendar, place)

    assert period.starts_at(place) <= now < period.ends_at(place)


def test_no_period_before_billing_starts() -> None:
    calendar = Calendar(1, date(2026, 10, 5))

    with pytest.raises(BeforeBilling, match="2026-10-05"):
        period_of(date(2026, 10, 4), calendar)


@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(calendars, st.sampled_from(ZONES)), min_size=1, max_size=6))
def test_periods_are_made_for_all_organizations_at_once(
    world: World, many: list[tuple[Calendar, str]]
) -> None:
    month = date(2026, 10, 1)
    with scope(world.tenant.pk):
        made = [
            (world.organization(anchor_day=calendar.anchor_day, time_zone=zone,
                                billing_starts_on=calendar.billing_starts_on), calendar)
            for calendar, zone in many
        ]  # fmt: skip

        ensure_periods(month=date(2026, 3, 1))
        ensure_periods(month=month)
        ensure_periods(month=month)

        found = [
            list(organization.periods.values_list("starts_on", "ends_on", "month", "whole_days"))
            for organization, _ in made
        ]
        transaction.set_rollback(True)
    assert found == [
        [(days.starts_on, days.ends_on, days.month, days.whole_days)
         for days in periods_through(month, calendar, after=None)]
        for _, calendar in made
    ]  # fmt: skip


def test_closing_moves_the_day_through_which_usage_is_late_and_never_back(world: World) -> None:
    now = datetime(2026, 11, 5, tzinfo=UTC)
    with scope(world.tenant.pk):
        organization = world.organization(billing_starts_on=date(2026, 9, 1))
        ensure_periods(month=date(2026, 10, 1))

        first = close_periods(tenant_id=world.tenant.pk, month=date(2026, 9, 1), now=now)
        organization.refresh_from_db()
        after_first = organization.closed_through
        world.period(organization, date(2026, 9, 1), "open")
        close_periods(tenant_id=world.tenant.pk, month=date(2026, 10, 1), now=now)
        again = close_periods(tenant_id=world.tenant.pk, month=date(2026, 10, 1), now=now)

        organization.refresh_from_db()
        assert (first, again) == (True, False)
        assert after_first == date(2026, 9, 30)
        assert organization.closed_through == date(2026, 10, 31)
        states = BillingPeriod.objects.order_by("starts_on").values_list("state", flat=True)
        assert list(states) == ["closed", "closed"]
