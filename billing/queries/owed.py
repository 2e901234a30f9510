"""What an organization owes now: the running period, ended ones, and all that explains it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from billing.models import Organization
from billing.queries.calendar import Days, period_at, period_of
from billing.queries.changes import Change, changes, charges_by_product
from billing.queries.explaining import Explained, explain
from billing.queries.forecast import Forecast, forecast
from billing.queries.invoices import invoice_before, lines_of
from billing.queries.shares import Part, Split, by_product, split, weights_of
from billing.queries.statement import Statement, first_uninvoiced, statements, target_of
from core.periods import local_date

# Ended periods without an invoice that are shown; more of them wait for a run for months.
MOST_ENDED = 3


@dataclass(frozen=True, slots=True)
class Owed:
    """The running period as its invoice would be now, and ended ones without an invoice yet."""

    organization: Organization
    now: datetime
    running: Statement
    ended: tuple[Statement, ...]
    explained: list[Explained]

    @property
    def today(self) -> date:
        """The day on the organization's calendar."""
        return local_date(self.now, self.organization.zone)

    @property
    def days_past(self) -> int:
        """How many days of the period have begun."""
        return min(max((self.today - self.running.days.starts_on).days + 1, 0), self.days_in_period)

    @property
    def days_in_period(self) -> int:
        """How many days the period has."""
        return (self.running.days.ends_on - self.running.days.starts_on).days


def owed(organization: Organization, *, now: datetime) -> Owed:
    """Return what is owed, by one statement for all periods that have no invoice yet."""
    running = period_at(now, organization, organization.zone)
    first = first_uninvoiced(organization)
    ended = _ended(organization, first, running)
    targets = [
        (target_of(organization, days, is_next=days.starts_on == first), days)
        for days in [*ended, running]
    ]
    found = statements({organization.pk: organization.currency}, targets)
    lines = explain(found[-1].lines, organization, currency=organization.currency)
    return Owed(organization, now, found[-1], tuple(found[:-1]), lines)


def _ended(organization: Organization, day: date, running: Days) -> list[Days]:
    found: list[Days] = []
    while day < running.starts_on and len(found) < MOST_ENDED:
        found.append(period_of(day, organization))
        day = found[-1].ends_on
    return found


@dataclass(frozen=True, slots=True)
class Picture:
    """What is owed, told by product, app and day, with a forecast and what changed."""

    products: list[Part]
    split: Split
    forecast: Forecast
    changes: list[Change]
    compared_with: Days | None


def picture_of(found: Owed) -> Picture:
    """Return the parts of what is owed; they add up to its total."""
    organization, currency = found.organization, found.running.currency
    weights = weights_of(organization, found.running.lines)
    expected = forecast(found.running, found.explained, weights, found.today)
    before, told = _changes(found, expected)
    return Picture(
        products=by_product(found.running.lines),
        split=split(found.running.lines, weights, currency=currency),
        forecast=expected,
        changes=told,
        compared_with=before,
    )


def _changes(found: Owed, expected: Forecast) -> tuple[Days | None, list[Change]]:
    """Compare what this period is expected to come to with the invoice of the one before."""
    organization = found.organization
    before = invoice_before(organization, found.running.days.starts_on)
    if before is None:
        return None, []
    now = _expected_by_product(found, expected)
    days = Days(before.period.starts_on, before.period.ends_on, before.period.whole_days)
    then = charges_by_product(lines_of(before))
    return days, changes(then, now, currency=organization.currency)


def _expected_by_product(found: Owed, expected: Forecast) -> dict[str, int]:
    totals = charges_by_product(found.running.lines)
    for line in found.running.lines:
        growth = expected.by_line[(line.source, line.source_id)] - line.amount_minor
        if growth:
            [name] = charges_by_product([line])
            totals[name] += growth
    return totals
