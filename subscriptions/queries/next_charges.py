"""When a member is charged next: on the club's day of the month, if nothing is in the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from core.periods import local_date, start_of_day
from subscriptions.models import (
    Charge,
    Club,
    ClubRun,
    Skip,
    Subscription,
    SubscriptionStatus,
    SubscriptionStatusChange,
)
from subscriptions.queries.months import month_after, month_at, run_date

# Further ahead nothing is told: a member who is not charged by then is as good as not at all.
MONTHS_AHEAD = 36

Rows = Sequence[SubscriptionStatusChange]


@dataclass(frozen=True, slots=True)
class Outlook:
    """A member as a list shows it: status now, what comes next, and the next charge's day."""

    subscription: Subscription
    status: int | None
    next_change: SubscriptionStatusChange | None
    next_charge: date | None


def outlooks(members: Sequence[Subscription], club: Club, now: datetime) -> list[Outlook]:
    """Return the outlook of members of one club: four queries, however many they are."""
    pks = [member.pk for member in members]
    rows = _by_member(SubscriptionStatusChange.objects.in_force().filter(subscription__in=pks))
    since = month_at(now, club)
    taken = _taken_months(pks, since)
    first = _first_month(club, now)
    for member in members:
        member.club = club  # the same for all, with its zone read once
    return [
        _outlook(member, rows.get(member.pk, []), taken.get(member.pk, set()), first=first, now=now)
        for member in members
    ]


def next_charge(
    subscription: Subscription, now: datetime, *, rows: Rows | None = None
) -> date | None:
    """Return the day on which a member is charged next, or None if none is in sight.

    `rows` takes the place of the history, to look at a change before it is made.
    """
    club = subscription.club
    if rows is None:
        rows = list(subscription.changes.in_force())
    taken = _taken_months([subscription.pk], month_at(now, club)).get(subscription.pk, set())
    return _next(club, rows, taken, _first_month(club, now), now)


def _by_member(
    rows: Iterable[SubscriptionStatusChange],
) -> Mapping[UUID, list[SubscriptionStatusChange]]:
    found: dict[UUID, list[SubscriptionStatusChange]] = defaultdict(list)
    for row in rows:
        found[row.subscription_id].append(row)
    return found


def _taken_months(pks: list[UUID], since: date) -> dict[UUID, set[date]]:
    """Return the months from `since` on that are skipped, charged, or being charged."""
    found: dict[UUID, set[date]] = defaultdict(set)
    skips = Skip.objects.filter(subscription__in=pks, month__gte=since, undone_at=None)
    charges = Charge.objects.filter(
        subscription__in=pks, month__gte=since, state__in=Charge.HOLDING
    )
    for pk, month in skips.order_by().values_list("subscription_id", "month"):
        found[pk].add(month)
    for pk, month in charges.order_by().values_list("subscription_id", "month"):
        found[pk].add(month)
    return found


def _first_month(club: Club, now: datetime) -> date:
    """Return this month, or the next one when this month's run is closed."""
    month = month_at(now, club)
    runs = ClubRun.objects.filter(club=club, month=month)
    states = set(runs.order_by().values_list("state", flat=True))
    is_over = ClubRun.State.DONE in states and not states & set(ClubRun.OPEN)
    return month_after(month) if is_over else month


def _outlook(
    member: Subscription, rows: Rows, taken: set[date], *, first: date, now: datetime
) -> Outlook:
    to_come = [row for row in rows if row.effective_at > now]
    return Outlook(
        subscription=member,
        status=status_of(rows, now),
        next_change=min(to_come, key=lambda row: row.effective_at) if to_come else None,
        next_charge=_next(member.club, rows, taken, first, now),
    )


def status_of(rows: Rows, moment: datetime) -> int | None:
    """Return the status at a moment, read off the rows in force."""
    past = [row for row in rows if row.effective_at <= moment]
    if not past:
        return None
    return max(past, key=lambda r: (r.effective_at, r.recorded_at, r.reference)).status


def _next(club: Club, rows: Rows, taken: set[date], first: date, now: datetime) -> date | None:
    today, zone = local_date(now, club.zone), club.zone
    for count in range(MONTHS_AHEAD):
        month = month_after(first, count)
        if month in taken:
            continue
        day = max(run_date(month, club), today)
        moment = now if day == today else start_of_day(day, zone)
        if status_of(rows, moment) == SubscriptionStatus.ACTIVE:
            return day
    return None
