"""Lists of clubs and of their members, with what they are at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When

from core.api.pagination import read_cursor, write_cursor
from core.periods import local_date
from subscriptions.models import (
    Club,
    ClubRun,
    ClubStatus,
    ClubStatusChange,
    Subscription,
    SubscriptionStatusChange,
)
from subscriptions.models.history import NEWEST_FIRST
from subscriptions.queries.months import month_after, month_at, run_date
from subscriptions.queries.runs import counts_of_clubs


@dataclass(frozen=True, slots=True)
class ClubLine:
    """A club as the list shows it."""

    club: Club
    status: int | None
    counts: dict[int | None, int]
    open_run: ClubRun | None
    next_run: date | None


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Some members, and the cursor of those after them."""

    members: list[Subscription]
    next_cursor: str


def clubs_with_status(now: datetime) -> QuerySet[Any]:
    """Return the clubs, each with its status now as `status`."""
    rows = ClubStatusChange.objects.in_force().filter(club=OuterRef("pk"), effective_at__lte=now)
    newest = rows.order_by(*NEWEST_FIRST).values("status")[:1]
    return Club.objects.select_related("tenant").annotate(status=Subquery(newest))


def members_with_status(now: datetime) -> QuerySet[Any]:
    """Return the subscriptions, each with its status now as `status`."""
    rows = SubscriptionStatusChange.objects.in_force().filter(
        subscription=OuterRef("pk"), effective_at__lte=now
    )
    newest = rows.order_by(*NEWEST_FIRST).values("status")[:1]
    held = Case(When(last_effective_at__lte=now, then=F("last_status")), default=Subquery(newest))
    return Subscription.objects.annotate(status=held)


def club_lines(clubs: list[Any], now: datetime) -> list[ClubLine]:
    """Return the lines of these clubs: two queries, however many they are."""
    runs = ClubRun.objects.filter(club__in=clubs, month__gte=now.date().replace(day=1))
    known = list(runs.order_by("month", "created_at"))
    counts = counts_of_clubs(clubs, now)
    return [
        _line(club, [r for r in known if r.club_id == club.pk], counts[club.pk], now)
        for club in clubs
    ]


def _line(club: Any, runs: list[ClubRun], counts: dict[int | None, int], now: datetime) -> ClubLine:
    is_serving = club.status in ClubStatus.SERVING
    return ClubLine(
        club=club,
        status=club.status,
        counts=counts,
        open_run=next((run for run in runs if run.is_open), None),
        next_run=next_run_date(club, runs, now) if is_serving else None,
    )


def next_run_date(club: Club, runs: list[ClubRun], now: datetime) -> date:
    """Return the day on which the club charges next: today, if this month's has gone by."""
    month = month_at(now, club)
    done = {run.month for run in runs if run.state == ClubRun.State.DONE}
    day = run_date(month_after(month) if month in done else month, club)
    return max(day, local_date(now, club.zone))


def member_page(rows: QuerySet[Subscription], *, cursor: str, size: int) -> MemberPage:
    """Return the members after a cursor, newest first. Raises ValueError for a bad cursor."""
    if cursor:
        rows = rows.filter(_after(cursor))
    found = list(rows.order_by("-created_at", "-id")[: size + 1])
    page = found[:size]
    more = len(found) > size
    last = page[-1] if more else None
    return MemberPage(page, write_cursor([str(last.created_at), str(last.pk)]) if last else "")


def _after(cursor: str) -> Q:
    fields = Subscription._meta
    try:
        made, pk = read_cursor(cursor)
        when = fields.get_field("created_at").to_python(made)
        key = fields.get_field("id").to_python(pk)
    except ValidationError as error:
        raise ValueError("not a cursor") from error
    if when is None or when.tzinfo is None:
        raise ValueError("not a cursor")
    return Q(created_at__lte=when) & (Q(created_at__lt=when) | Q(id__lt=key))
