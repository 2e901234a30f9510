"""Days, months and billing periods: half-open, in a tenant's time zone, without gap or overlap.

A period is `[starts_at, ends_at)` in UTC. It starts when its first local day starts, and a day
starts at the *first instant* at which the zone's clock shows midnight or later on that date:

- clocks that jump over midnight: at the jump (America/Sao_Paulo to 2018: the day starts at 01:00);
- clocks that show midnight twice: at the first one;
- a zone that skips a whole day (Pacific/Apia, 2011-12-30): that date has no instant of its own.

Every bound is the start of some day and the end of a period is the start of the next, so periods
tile. The one consequence: where clocks go back over midnight (America/St_Johns to 2011, from 00:01
to 23:01), the repeated end of the old date counts to the new one, as its first midnight was past.

The clock is an argument (`now`, `moment`, `since`); a datetime without a zone is refused.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

# Far from both ends of datetime, where a conversion between zones would overflow.
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2200

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


class NaiveDatetime(ValueError):
    """A datetime without a time zone was given as a moment."""


class MomentOutOfRange(ValueError):
    """A date or moment outside the years 1900 to 2200, which no calendar of ours covers."""


class PeriodEmpty(ValueError):
    """A period must end after it starts."""


class NoSuchDay(ValueError):
    """The zone's clocks skipped this date altogether."""


class AnchorDayInvalid(ValueError):
    """An anchor day is a day of the month, 1 to 31."""


@dataclass(frozen=True, slots=True)
class Period:
    """The time from `starts_at` on, up to but without `ends_at`; both are kept in UTC.

    Raises NaiveDatetime, MomentOutOfRange and PeriodEmpty.
    """

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts_at", _moment(self.starts_at))
        object.__setattr__(self, "ends_at", _moment(self.ends_at))
        if self.ends_at <= self.starts_at:
            raise PeriodEmpty(f"{self.ends_at} is not after {self.starts_at}.")

    def __contains__(self, moment: datetime) -> bool:
        return self.starts_at <= _moment(moment) < self.ends_at

    def overlaps(self, other: Period) -> bool:
        """Say whether some instant lies in both; periods that only touch do not overlap."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant, in UTC, at which clocks in `zone` show `day` or a later date.

    Raises MomentOutOfRange.
    """
    _check_day(day)
    midnight = datetime.combine(day, time.min)
    # fold=0 is the first of two midnights.
    instant = midnight.replace(tzinfo=zone).astimezone(UTC)
    if _wall(instant, zone) == midnight:
        return instant
    return _end_of_gap(midnight, zone)


def day_bounds(day: date, zone: ZoneInfo) -> Period:
    """Return the period of one local date: 23, 24 or 25 hours in most zones.

    Raises NoSuchDay for a date that the zone skipped, MomentOutOfRange.
    """
    starts_at, ends_at = start_of_day(day, zone), start_of_day(day + _DAY, zone)
    if starts_at == ends_at:
        raise NoSuchDay(f"There was no {day} in {zone.key}.")
    return Period(starts_at, ends_at)


def month_bounds(year: int, month: int, zone: ZoneInfo) -> Period:
    """Return the period of one local calendar month (1 to 12). Raises MomentOutOfRange."""
    return _anchored(year, month, 1, zone)


def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """Return the date whose day holds `moment`: it never goes back as time goes on.

    That is the date on the wall but for one case, told above: clocks that go back over midnight.
    Raises NaiveDatetime, MomentOutOfRange.
    """
    instant = _moment(moment)
    local = instant.astimezone(zone)
    # fold=1 marks the second showing of a time, the only one that may come after a later date.
    if local.fold and start_of_day(local.date() + _DAY, zone) <= instant:
        return local.date() + _DAY
    return local.date()


def today(now: datetime, zone: ZoneInfo) -> date:
    """Return the date in `zone` at `now`. Raises NaiveDatetime, MomentOutOfRange."""
    return local_date(now, zone)


def day_containing(moment: datetime, zone: ZoneInfo) -> Period:
    """Return the local day that holds `moment`. Raises NaiveDatetime, MomentOutOfRange."""
    return day_bounds(local_date(moment, zone), zone)


def period_containing(moment: datetime, anchor_day: int, zone: ZoneInfo) -> Period:
    """Return the month that holds `moment` and starts on the anchor day (1 to 31).

    In shorter months the anchor is the month's last day, reckoned anew each month, so that it
    does not drift: 31 January, 28 or 29 February, 31 March. Raises AnchorDayInvalid,
    NaiveDatetime, MomentOutOfRange.
    """
    day = local_date(moment, zone)
    year, month = day.year, day.month
    if day < _anchor_date(year, month, anchor_day):
        year, month = _month_after(year, month, -1)
    return _anchored(year, month, anchor_day, zone)


@lru_cache(4096)
def anchored_days(day: date, anchor_day: int) -> tuple[date, date]:
    """Return the first day of the month from anchor to anchor that holds `day`, and of the next.

    Dates alone, clamped in shorter months as in `period_containing`. Raises AnchorDayInvalid,
    MomentOutOfRange.
    """
    _check_day(day)
    year, month = day.year, day.month
    if day < _anchor_date(year, month, anchor_day):
        year, month = _month_after(year, month, -1)
    return _anchor_date(year, month, anchor_day), _anchor_date(
        *_month_after(year, month, 1), anchor_day
    )


def daily_periods(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Period]:
    """Yield, in order, every local day that has an instant in `[since, until)`.

    The first may start before `since` and the last end after `until`. Skipped dates are left
    out. Nothing comes when `until` is not after `since`. Raises NaiveDatetime, MomentOutOfRange.
    """
    since, until = _moment(since), _moment(until)
    day = local_date(since, zone)
    starts_at = start_of_day(day, zone)
    while max(starts_at, since) < until:
        day += _DAY
        ends_at = start_of_day(day, zone)
        if starts_at < ends_at:
            yield Period(starts_at, ends_at)
        starts_at = ends_at


def monthly_periods(
    since: datetime, until: datetime, *, anchor_day: int, zone: ZoneInfo
) -> Iterator[Period]:
    """Yield, in order, every month from anchor day to anchor day with an instant in [since, until).

    The first may start before `since` and the last end after `until`; anchors are clamped as in
    `period_containing`. Nothing comes when `until` is not after `since`. Raises AnchorDayInvalid,
    NaiveDatetime, MomentOutOfRange.
    """
    since, until = _moment(since), _moment(until)
    period = period_containing(since, anchor_day, zone)
    while max(period.starts_at, since) < until:
        yield period
        # The end is the next start; that next period is found by its date, not by adding days.
        period = period_containing(period.ends_at, anchor_day, zone)


def _moment(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise NaiveDatetime(f"{value} has no time zone.")
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise MomentOutOfRange(f"{value} is not between {_FIRST_YEAR} and {_LAST_YEAR}.")
    return value.astimezone(UTC)


def _check_day(day: date) -> None:
    # A datetime is a date to Python, and its time would be lost without a word.
    if isinstance(day, datetime):
        raise TypeError("a date is wanted, not a datetime: use local_date")
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise MomentOutOfRange(f"{day} is not between {_FIRST_YEAR} and {_LAST_YEAR}.")


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _end_of_gap(midnight: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which clocks jump over `midnight`, found by halving.

    In a gap fold=1 reckons with the offset after the jump, which gives an instant before it, and
    fold=0 with the one before it, which gives an instant at or after it (PEP 495).
    """
    before = midnight.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = midnight.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if _wall(middle, zone) < midnight:
            before = middle
        else:
            after = middle
    return after


def _anchor_date(year: int, month: int, anchor_day: int) -> date:
    if not 1 <= anchor_day <= 31:
        raise AnchorDayInvalid(f"{anchor_day} is not a day of the month: use 1 to 31.")
    return date(year, month, min(anchor_day, monthrange(year, month)[1]))


def _anchored(year: int, month: int, anchor_day: int, zone: ZoneInfo) -> Period:
    next_year, next_month = _month_after(year, month, 1)
    return Period(
        start_of_day(_anchor_date(year, month, anchor_day), zone),
        start_of_day(_anchor_date(next_year, next_month, anchor_day), zone),
    )


def _month_after(year: int, month: int, months: int) -> tuple[int, int]:
    years, month_index = divmod(month - 1 + months, 12)
    return year + years, month_index + 1
