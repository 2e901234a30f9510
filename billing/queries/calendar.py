"""The periods of an organization, from its anchor day and the day on which its billing starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from core.periods import anchored_days, local_date, start_of_day


class Calendar(Protocol):
    """What decides where periods begin: an organization, or what was read of one."""

    anchor_day: int
    billing_starts_on: date


class BeforeBilling(ValueError):
    """The day lies before the one on which the organization's billing starts."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days `[starts_on, ends_on)`, of a period that undivided has `whole_days`."""

    starts_on: date
    ends_on: date
    whole_days: int

    @property
    def month(self) -> date:
        """The first day of the month in which the last day lies: a run finds the period by it."""
        return (self.ends_on - timedelta(days=1)).replace(day=1)

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """When the first day begins."""
        return start_of_day(self.starts_on, zone)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """When the day after the last one begins."""
        return start_of_day(self.ends_on, zone)


def period_of(day: date, calendar: Calendar) -> Days:
    """Return the period that holds `day`; the first begins where billing does.

    Raises BeforeBilling.
    """
    if day < calendar.billing_starts_on:
        raise BeforeBilling(f"Billing starts on {calendar.billing_starts_on}.")
    starts_on, ends_on = anchored_days(day, calendar.anchor_day)
    return Days(max(starts_on, calendar.billing_starts_on), ends_on, (ends_on - starts_on).days)


def period_at(now: datetime, calendar: Calendar, zone: ZoneInfo) -> Days:
    """Return the period that holds a moment, or the first one before billing starts."""
    return period_of(max(local_date(now, zone), calendar.billing_starts_on), calendar)


def periods_through(month: date, calendar: Calendar, *, after: date | None) -> Iterator[Days]:
    """Yield the periods whose last day lies in `month` or before, in order.

    `after`: the last day of a period that is known already; without it, from the first on.
    """
    day = after + timedelta(days=1) if after else calendar.billing_starts_on
    while (period := period_of(day, calendar)).month <= month:
        yield period
        day = period.ends_on
