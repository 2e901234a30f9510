"""Periods tile in every time zone, whatever its clocks did."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import (
    AnchorDayInvalid,
    MomentOutOfRange,
    NaiveDatetime,
    NoSuchDay,
    Period,
    PeriodEmpty,
    daily_periods,
    day_bounds,
    day_containing,
    local_date,
    month_bounds,
    monthly_periods,
    period_containing,
    start_of_day,
    today,
)

ZONES = sorted(available_timezones())
# Clocks that jump over or repeat midnight, skip a day, or move by half an hour or less.
ODD_ZONES = [
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Asuncion",
    "America/Havana",
    "America/Scoresbysund",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Enderbury",
    "Pacific/Fakaofo",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

APIA = ZoneInfo("Pacific/Apia")
BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ST_JOHNS = ZoneInfo("America/St_Johns")
HAVANA = ZoneInfo("America/Havana")
UTC_ZONE = ZoneInfo("UTC")

zones = st.sampled_from(ZONES).map(ZoneInfo) | st.sampled_from(ODD_ZONES).map(ZoneInfo)
anchors = st.integers(1, 31)
moments = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    datetime(2050, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
dates = st.dates(date(1990, 1, 1), date(2050, 12, 31))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


# Period itself


def test_period_is_kept_in_utc() -> None:
    east = timezone(timedelta(hours=5))

    period = Period(datetime(2026, 1, 1, 5, tzinfo=east), datetime(2026, 1, 1, 6, tzinfo=east))

    assert period == Period(utc("2026-01-01T00:00"), utc("2026-01-01T01:00"))
    assert (period.starts_at.tzinfo, period.ends_at.tzinfo) == (UTC, UTC)


def test_period_holds_its_start_and_not_its_end() -> None:
    period = Period(utc("2026-01-01"), utc("2026-02-01"))

    assert utc("2026-01-01") in period
    assert utc("2026-01-31T23:59:59.999999") in period
    assert utc("2026-02-01") not in period
    assert utc("2025-12-31T23:59:59.999999") not in period


def test_periods_that_touch_do_not_overlap() -> None:
    january = Period(utc("2026-01-01"), utc("2026-02-01"))
    february = Period(utc("2026-02-01"), utc("2026-03-01"))
    both = Period(utc("2026-01-31"), utc("2026-02-02"))

    assert not january.overlaps(february)
    assert not february.overlaps(january)
    assert both.overlaps(january)
    assert february.overlaps(both)


@pytest.mark.parametrize("end", ["2026-01-01", "2025-12-31"])
def test_period_must_end_after_it_starts(end: str) -> None:
    with pytest.raises(PeriodEmpty):
        Period(utc("2026-01-01"), utc(end))


# What is refused


def test_naive_datetimes_are_refused_everywhere() -> None:
    aware = utc("2026-01-01")
    naive = aware.replace(tzinfo=None)

    for call in (
        lambda: Period(naive, aware),
        lambda: Period(aware, naive),
        lambda: naive in Period(aware, aware + DAY),
        lambda: local_date(naive, BERLIN),
        lambda: today(naive, BERLIN),
        lambda: day_containing(naive, BERLIN),
        lambda: period_containing(naive, 1, BERLIN),
        lambda: list(daily_periods(naive, aware, BERLIN)),
        lambda: list(daily_periods(aware, naive, BERLIN)),
        lambda: list(monthly_periods(naive, aware, anchor_day=1, zone=BERLIN)),
        lambda: list(monthly_periods(aware, naive, anchor_day=1, zone=BERLIN)),
    ):
        with pytest.raises(NaiveDatetime, match="has no time zone"):
            call()


@pytest.mark.parametrize("anchor_day", [0, -1, 32])
def test_anchor_day_must_be_a_day_of_the_month(anchor_day: int) -> None:
    with pytest.raises(AnchorDayInvalid, match="use 1 to 31"):
        period_containing(utc("2026-01-01"), anchor_day, BERLIN)


@pytest.mark.parametrize("year", [1, 1899, 2201, 9999])
def test_years_outside_the_calendar_are_refused(year: int) -> None:
    with pytest.raises(MomentOutOfRange):
        local_date(datetime(year, 1, 1, tzinfo=UTC), NEW_YORK)
    with pytest.raises(MomentOutOfRange):
        day_bounds(date(year, 1, 1), NEW_YORK)


def test_a_datetime_is_no_date() -> None:
    with pytest.raises(TypeError, match="use local_date"):
        day_bounds(utc("2026-01-01T12:00"), BERLIN)


# Days


@pytest.mark.parametrize(
    ("day", "zone", "starts", "hours"),
    [
        (date(2026, 1, 15), UTC_ZONE, "2026-01-15T00:00", 24),
        (date(2026, 1, 15), BERLIN, "2026-01-14T23:00", 24),
        (date(2026, 3, 29), BERLIN, "2026-03-28T23:00", 23),
        (date(2026, 10, 25), BERLIN, "2026-10-24T22:00", 25),
        (date(2026, 3, 8), NEW_YORK, "2026-03-08T05:00", 23),
        (date(2026, 6, 1), KOLKATA, "2026-05-31T18:30", 24),
        # Midnight did not exist: the day starts at 01:00, which is 03:00 UTC.
        (date(2018, 11, 4), SAO_PAULO, "2018-11-04T03:00", 23),
        # Clocks went from 24:00 back to 23:00, on the day before.
        (date(2018, 2, 17), SAO_PAULO, "2018-02-17T02:00", 25),
        # Midnight came twice, at 00:00 and when 01:00 became 00:00: the first counts.
        (date(2025, 11, 2), HAVANA, "2025-11-02T04:00", 25),
        # Clocks went from 00:01 back to 23:01: the first midnight counts.
        (date(2010, 11, 7), ST_JOHNS, "2010-11-07T02:30", 25),
        (date(2010, 11, 6), ST_JOHNS, "2010-11-06T02:30", 24),
    ],
)
def test_day_bounds_by_example(day: date, zone: ZoneInfo, starts: str, hours: int) -> None:
    period = day_bounds(day, zone)

    assert period == Period(utc(starts), utc(starts) + timedelta(hours=hours))


def test_day_starts_at_the_end_of_a_gap_that_began_before_midnight() -> None:
    # Toronto's clocks went from 23:30 to 00:30 in 1919.
    starts_at = start_of_day(date(1919, 3, 31), ZoneInfo("America/Toronto"))

    assert starts_at == utc("1919-03-31T04:30")


def test_a_skipped_date_has_no_bounds_and_its_neighbours_touch() -> None:
    with pytest.raises(NoSuchDay, match="no 2011-12-30 in Pacific/Apia"):
        day_bounds(date(2011, 12, 30), APIA)

    before, after = day_bounds(date(2011, 12, 29), APIA), day_bounds(date(2011, 12, 31), APIA)
    assert before.ends_at == after.starts_at == utc("2011-12-30T10:00")


def test_daily_periods_leave_a_skipped_date_out() -> None:
    days = list(daily_periods(utc("2011-12-29T12:00"), utc("2011-12-31T12:00"), APIA))

    assert [local_date(day.starts_at, APIA) for day in days] == [
        date(2011, 12, 29),
        date(2011, 12, 31),
        date(2012, 1, 1),
    ]


def test_today_depends_on_the_zone() -> None:
    now = utc("2026-06-30T23:30")

    assert today(now, UTC_ZONE) == date(2026, 6, 30)
    assert today(now, BERLIN) == date(2026, 7, 1)
    assert today(now, NEW_YORK) == date(2026, 6, 30)


def test_local_date_accepts_a_moment_in_any_zone() -> None:
    assert local_date(utc("2026-06-30T23:30").astimezone(NEW_YORK), BERLIN) == date(2026, 7, 1)


def test_local_date_does_not_go_back_with_the_clocks() -> None:
    first_midnight = utc("2010-11-07T02:30")
    minutes = [first_midnight + MINUTE * n for n in range(-1, 62)]

    found = [local_date(moment, ST_JOHNS).day for moment in minutes]

    assert wall(minutes[31], ST_JOHNS) == "2010-11-06 23:30"
    assert found == [6] + [7] * 62


# Months


@pytest.mark.parametrize(
    ("year", "month", "zone", "starts", "ends"),
    [
        (2026, 3, BERLIN, "2026-02-28T23:00", "2026-03-31T22:00"),
        (2026, 12, UTC_ZONE, "2026-12-01", "2027-01-01"),
        (2024, 2, KOLKATA, "2024-01-31T18:30", "2024-02-29T18:30"),
    ],
)
def test_month_bounds_by_example(
    year: int, month: int, zone: ZoneInfo, starts: str, ends: str
) -> None:
    assert month_bounds(year, month, zone) == Period(utc(starts), utc(ends))


@pytest.mark.parametrize(
    ("anchor_day", "year", "starts"),
    [
        (31, 2025, ["12-31", "01-31", "02-28", "03-31", "04-30", "05-31"]),
        (31, 2024, ["12-31", "01-31", "02-29", "03-31", "04-30", "05-31"]),
        (30, 2025, ["12-30", "01-30", "02-28", "03-30", "04-30", "05-30"]),
        (29, 2024, ["12-29", "01-29", "02-29", "03-29", "04-29", "05-29"]),
        (15, 2025, ["12-15", "01-15", "02-15", "03-15", "04-15", "05-15"]),
    ],
)
def test_monthly_periods_clamp_without_drifting(
    anchor_day: int, year: int, starts: list[str]
) -> None:
    since, until = utc(f"{year}-01-05"), utc(f"{year}-06-01")

    periods = monthly_periods(since, until, anchor_day=anchor_day, zone=BERLIN)

    assert [wall(period.starts_at, BERLIN)[5:] for period in periods] == [
        f"{day} 00:00" for day in starts
    ]


def test_period_containing_the_anchor_starts_there() -> None:
    start = start_of_day(date(2026, 2, 28), NEW_YORK)

    assert period_containing(start, 31, NEW_YORK).starts_at == start
    assert period_containing(start - timedelta(microseconds=1), 31, NEW_YORK).ends_at == start


def test_a_period_anchored_on_a_skipped_date_starts_at_the_next() -> None:
    period = period_containing(utc("2012-01-05"), 30, APIA)

    assert wall(period.starts_at, APIA) == "2011-12-31 00:00"
    assert period_containing(utc("2011-12-15"), 30, APIA).ends_at == period.starts_at


@pytest.mark.parametrize("until", ["2026-01-01", "2025-12-01"])
def test_iteration_over_no_time_gives_nothing(until: str) -> None:
    since = utc("2026-01-01")

    assert list(daily_periods(since, utc(until), BERLIN)) == []
    assert list(monthly_periods(since, utc(until), anchor_day=9, zone=BERLIN)) == []


def test_iteration_ends_before_a_period_that_starts_at_until() -> None:
    days = list(daily_periods(utc("2026-01-01"), utc("2026-01-03"), UTC_ZONE))

    assert [day.starts_at for day in days] == [utc("2026-01-01"), utc("2026-01-02")]


# Properties


@given(moments, zones)
def test_every_moment_is_in_exactly_one_day(moment: datetime, zone: ZoneInfo) -> None:
    around = daily_periods(moment - 3 * DAY, moment + 3 * DAY, zone)

    assert [day for day in around if moment in day] == [day_containing(moment, zone)]


@given(moments, anchors, zones)
def test_every_moment_is_in_exactly_one_month(
    moment: datetime, anchor_day: int, zone: ZoneInfo
) -> None:
    since, until = moment - 70 * DAY, moment + 70 * DAY
    around = monthly_periods(since, until, anchor_day=anchor_day, zone=zone)

    found = [period for period in around if moment in period]

    assert found == [period_containing(moment, anchor_day, zone)]


@given(moments, st.integers(1, 400), zones)
def test_days_tile(since: datetime, days: int, zone: ZoneInfo) -> None:
    until = since + days * DAY

    periods = list(daily_periods(since, until, zone))

    assert since in periods[0]
    assert periods[-1].starts_at < until <= periods[-1].ends_at
    for one, following in pairwise(periods):
        assert one.ends_at == following.starts_at


@given(moments, st.integers(1, 60), anchors, zones)
def test_months_tile(since: datetime, months: int, anchor_day: int, zone: ZoneInfo) -> None:
    until = since + months * 30 * DAY

    periods = list(monthly_periods(since, until, anchor_day=anchor_day, zone=zone))

    assert since in periods[0]
    assert periods[-1].starts_at < until <= periods[-1].ends_at
    for one, following in pairwise(periods):
        assert one.ends_at == following.starts_at
        assert 27 * DAY < following.ends_at - following.starts_at < 32 * DAY


@given(dates, zones)
def test_a_day_starts_at_the_first_instant_of_its_date(day: date, zone: ZoneInfo) -> None:
    start = start_of_day(day, zone)

    assert start.astimezone(zone).date() >= day
    # Nothing before it, to the second, showed this date.
    for seconds in (1, 60, 3600, 7200):
        earlier = start - timedelta(seconds=seconds)
        assert earlier.astimezone(zone).date() < day


@given(moments, st.integers(0, 4 * 24 * 3600), zones)
def test_local_date_never_goes_back(moment: datetime, seconds: int, zone: ZoneInfo) -> None:
    later = moment + timedelta(seconds=seconds)

    assert local_date(moment, zone) <= local_date(later, zone)


@given(moments, zones)
def test_local_date_is_the_wall_date_or_the_one_after(moment: datetime, zone: ZoneInfo) -> None:
    shown = moment.astimezone(zone)

    assert local_date(moment, zone) - shown.date() <= (DAY if shown.fold else timedelta(0))


@pytest.mark.parametrize("key", ZONES)
def test_every_zone_tiles_from_1990_to_2050(key: str) -> None:
    zone = ZoneInfo(key)
    since, until = utc("1990-01-01"), utc("2050-12-31")

    periods = list(monthly_periods(since, until, anchor_day=31, zone=zone))

    assert len(periods) in (732, 733)
    for one, following in pairwise(periods):
        assert one.ends_at == following.starts_at


@pytest.mark.parametrize("key", ODD_ZONES)
def test_every_day_of_an_odd_zone_holds_its_own_start_and_end(key: str) -> None:
    zone = ZoneInfo(key)
    last = timedelta(microseconds=1)

    for day in daily_periods(utc("1990-01-01"), utc("2050-12-31"), zone):
        date_of_day = local_date(day.starts_at, zone)
        assert local_date(day.ends_at - last, zone) == date_of_day
        assert day == day_bounds(date_of_day, zone)
