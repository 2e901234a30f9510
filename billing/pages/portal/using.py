"""Usage in the portal: meters, days, dimensions, and down to the events."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from billing import words
from billing.documents.files import file_answer
from billing.documents.tables import MOST_EVENTS, events_csv
from billing.forms.usage import DaysForm
from billing.models import Meter, UsageBucket
from billing.pages.chart import chart_of
from billing.pages.portal.gate import Visit, missing, portal_page, show
from billing.queries.calendar import period_at
from billing.queries.usage_rows import (
    TooMuchUsage,
    UsageAsked,
    event_rows,
    events_of,
    usage_rows,
)

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
    """List the events of a meter, a page at a time; looked at day by day where asked."""
    found = Meter.objects.filter(code=code).first()
    if found is None:
        return missing(visit, gettext("There is no such meter."))
    form, since, until = _days(request, visit)
    rows = events_of(_buckets(visit, found, since, until, request.GET.get("app", "")))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "meter": found,
        "since": since,
        "until": until,
        "app": request.GET.get("app", ""),
        "page": page,
        "query": _query_without_page(request),
        "rows": event_rows(list(page)),
    }
    return show(visit, "events.html", context, status=400 if form.errors else 200)


@require_safe
@portal_page
def events_file(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """Give the events of a meter as a file; a file that is cut says so in its name."""
    found = Meter.objects.filter(code=code).first()
    if found is None:
        return missing(visit, gettext("There is no such meter."))
    _, since, until = _days(request, visit)
    buckets = _buckets(visit, found, since, until, request.GET.get("app", ""))
    rows = list(events_of(buckets)[: MOST_EVENTS + 1])
    cut = f"-first-{MOST_EVENTS}" if len(rows) > MOST_EVENTS else ""
    last = until - timedelta(days=1)
    return file_answer(
        events_csv(event_rows(rows[:MOST_EVENTS])), f"{code}-{since}-{last}{cut}.csv"
    )


def _buckets(visit: Visit, found: Meter, since: date, until: date, app: str) -> Any:
    rows = UsageBucket.objects.filter(
        organization=visit.organization, day__gte=since, day__lt=until, meter=found
    )
    return rows.filter(dimensions__contains={"app": app}) if app and "\0" not in app else rows


def _query_without_page(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return f"{query.urlencode()}&" if query else ""


def _days(request: HttpRequest, visit: Visit) -> tuple[DaysForm, date, date]:
    """Return the form and the days that it asks for, else those of the running period."""
    running = period_at(visit.now, visit.organization, visit.organization.zone)
    form = DaysForm(request.GET or None, running=running)
    if form.is_bound and form.is_valid():
        return form, form.cleaned_data["since"], form.cleaned_data["until"]
    return form, running.starts_on, running.ends_on
