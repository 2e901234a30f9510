"""Usage in the portal: meters, days, dimensions, and down to the events."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from billing import words
from billing.documents.tables import stream_events
from billing.forms.usage import DaysForm
from billing.models import Meter
from billing.pages.chart import chart_of
from billing.pages.portal.gate import Visit, missing, portal_page, show
from billing.queries.calendar import period_at
from billing.queries.usage_pages import EventFilter, Place
from billing.queries.usage_rows import (
    EventRow,
    TooMuchUsage,
    UsageAsked,
    event_rows_page,
    stream_of_meter,
    usage_rows,
)
from core.files import streamed_file

PER_PAGE = 50
MOST_SHOWN = 200


@require_safe
@portal_page
def usage(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show what was used of each meter in some days."""
    form, since, until = _days(request, visit)
    asked = UsageAsked(since=since, until=until, by_day=False)
    rows = usage_rows(visit.organization, asked)
    meters = Meter.objects.in_bulk({row.meter_id for row in rows})
    listed = sorted(
        ((meters[row.meter_id], row) for row in rows),
        key=lambda one: (one[0].product, one[0].name),
    )
    context = {"form": form, "rows": listed, "since": since, "until": until}
    return show(visit, "usage.html", context, status=400 if form.errors else 200)


@require_safe
@portal_page
def meter(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """Show one meter by day and by its dimensions."""
    found = Meter.objects.filter(code=code).first()
    if found is None:
        return missing(visit, gettext("There is no such meter."))
    form, since, until = _days(request, visit)
    by_day = {
        row.day: row
        for row in usage_rows(visit.organization, UsageAsked(since=since, until=until, meter=found))
        if row.day
    }
    context = {
        "form": form,
        "meter": found,
        "since": since,
        "until": until,
        "days": sorted(by_day.values(), key=lambda row: str(row.day), reverse=True),
        "groups": [(name, _group(visit, found, name, since, until)) for name in found.dimensions],
        "most_shown": MOST_SHOWN,
        "chart": chart_of(
            {day: row.quantity for day, row in by_day.items()},
            since,
            until,
            title=gettext("%(meter)s by day, %(days)s")
            % {"meter": found.name, "days": words.span(since, until)},
            show=lambda value: words.quantity(value, found.unit),
        ),
    }
    return show(visit, "meter.html", context, status=400 if form.errors else 200)


def _group(visit: Visit, found: Meter, name: str, since: date, until: date) -> list[Any] | None:
    """Return the largest values of a dimension, or None where there are too many to rank."""
    asked = UsageAsked(since=since, until=until, meter=found, by_day=False, dimensions=[name])
    try:
        rows = usage_rows(visit.organization, asked)
    except TooMuchUsage:
        return None
    ranked = sorted(rows, key=lambda row: -row.quantity)[: MOST_SHOWN + 1]
    return [(row.dimensions.get(name, ""), row) for row in ranked]


@require_safe
@portal_page
def events(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """List the events of a meter, newest first, a page at a time however many there are."""
    found = Meter.objects.filter(code=code).first()
    if found is None:
        return missing(visit, gettext("There is no such meter."))
    form, since, until = _days(request, visit)
    wanted = _wanted(request, visit, found, since, until)
    beyond, is_backwards = _beyond(request, since, until, visit.organization.zone)
    rows = event_rows_page(
        wanted, found, beyond=beyond, limit=PER_PAGE + 1, is_backwards=is_backwards
    )
    has_more = len(rows) > PER_PAGE
    rows = rows[-PER_PAGE:] if is_backwards else rows[:PER_PAGE]
    context = {
        "form": form,
        "meter": found,
        "since": since,
        "until": until,
        "app": wanted.app,
        "query": _query_without_page(request),
        "rows": rows,
        "newer": _place_of(rows[0]) if rows and (has_more if is_backwards else beyond) else "",
        "older": _place_of(rows[-1]) if rows and (is_backwards or has_more) else "",
    }
    return show(visit, "events.html", context, status=400 if form.errors else 200)


@require_safe
@portal_page
def events_file(request: HttpRequest, visit: Visit, code: str) -> HttpResponseBase:
    """Give the events of a meter, oldest first, as a file, however many."""
    found = Meter.objects.filter(code=code).first()
    if found is None:
        return missing(visit, gettext("There is no such meter."))
    _, since, until = _days(request, visit)
    wanted = _wanted(request, visit, found, since, until)
    pages = stream_of_meter(visit.tenant.pk, wanted, found)
    name = f"{code}-{since}-{until - timedelta(days=1)}.csv"
    return streamed_file(stream_events(pages), name)


def _wanted(
    request: HttpRequest, visit: Visit, found: Meter, since: date, until: date
) -> EventFilter:
    app = request.GET.get("app", "")
    return EventFilter(
        organization_id=visit.organization.pk,
        meter_id=found.pk,
        since=since,
        until=until - timedelta(days=1),
        app="" if "\0" in app else app,
    )


def _place_of(row: EventRow) -> str:
    return f"{row.event.time.isoformat()}~{row.event.idempotency_key}"


def _beyond(
    request: HttpRequest, since: date, until: date, zone: ZoneInfo
) -> tuple[Place | None, bool]:
    """Return where the page starts, and whether it reads towards newer events.

    What is no place within the days leads to the first page.
    """
    is_backwards = "newer" in request.GET
    moment, _, key = request.GET.get("newer" if is_backwards else "older", "").partition("~")
    try:
        time = datetime.fromisoformat(moment)
        place = Place(time, key, time.astimezone(zone).date())
    except (ValueError, OverflowError):
        return None, False
    is_within = since <= place.day < until
    is_place = bool(key) and "\0" not in key and time.tzinfo is not None and is_within
    return (place, is_backwards) if is_place else (None, False)


def _query_without_page(request: HttpRequest) -> str:
    query = request.GET.copy()
    for name in ("older", "newer"):
        query.pop(name, None)
    return f"{query.urlencode()}&" if query else ""


def _days(request: HttpRequest, visit: Visit) -> tuple[DaysForm, date, date]:
    """Return the form and the days that it asks for, else those of the running period."""
    running = period_at(visit.now, visit.organization, visit.organization.zone)
    form = DaysForm(request.GET or None, running=running)
    if form.is_bound and form.is_valid():
        return form, form.cleaned_data["since"], form.cleaned_data["until"]
    return form, running.starts_on, running.ends_on
