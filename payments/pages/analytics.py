"""The staff page of analytics: figures under a filter that the address holds, and their files."""

from __future__ import annotations

import hashlib
import time
from datetime import date
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from core.csv_files import write_csv
from core.files import file_answer
from core.operations.audit import exported
from core.pages import StaffRequest, staff_page
from core.periods import today as today_in
from payments.analytics import charts, tables
from payments.analytics.chosen import Chosen
from payments.analytics.figures import Figures, figures
from payments.analytics.links import titles_of
from payments.pages.analytics_form import AnalyticsForm, spans, usual

MOST_LINKS: Final = 50
MOST_LINKS_IN_FILE: Final = 50_000
# How often an open page asks again. A filter that takes long is asked for less often, so that a
# page left open never keeps the database busy.
EVERY_SECONDS: Final = 15
REST: Final = 20
# Names of days and where they stand in the drawing.
WEEKDAYS: Final = [(name[:3], place * 28 + 13) for place, name in enumerate(tables.WEEKDAYS)]


@require_safe
@staff_page()
def analytics(request: StaffRequest) -> HttpResponse:
    """Show what came in, what failed and why; without a filter, of the last 30 days."""
    today = _today(request)
    form = AnalyticsForm(request.GET if _is_asked(request) else usual(today))
    if not form.is_valid():
        return _refused(request, form)
    began = time.perf_counter()
    chosen = form.chosen()
    found = figures(chosen, zone=request.tenant.zone)
    body = render_to_string(
        "payments/staff/_figures.html", _shown(request, form, chosen, found), request
    )
    context = {
        "form": form,
        "spans": _spans(request, today),
        "figures": body,
        # By it an open page sees that nothing changed, and leaves itself alone.
        "digest": hashlib.sha256(body.encode()).hexdigest()[:20],
        "refresh": max(EVERY_SECONDS, int(REST * (time.perf_counter() - began))),
    }
    return TemplateResponse(request, "payments/staff/analytics.html", context)


@require_safe
@staff_page()
def analytics_file(request: StaffRequest, name: str) -> HttpResponse:
    """Return one table as a CSV file, under the same filter as the page."""
    form = AnalyticsForm(request.GET)
    if not form.is_valid():
        return _refused(request, form)
    found = figures(form.chosen(), zone=request.tenant.zone)
    titles = titles_of(found.links[:MOST_LINKS_IN_FILE]) if name == "links" else {}
    try:
        table = tables.table_of(name, found, titles)
    except KeyError:
        raise Http404(f"There is no table called {name}.") from None
    narrowed = sorted(key for key in form.fields if request.GET.get(key))
    exported(f"analytics: {name}", by=request.user, rows=len(table.lines), narrowed_by=narrowed)
    return file_answer(write_csv(table.head, table.records()), f"analytics-{name}.csv")


def _today(request: StaffRequest) -> date:
    return today_in(timezone.now(), request.tenant.zone)


def _refused(request: StaffRequest, form: AnalyticsForm) -> HttpResponse:
    """Show the filter with what is wrong in it, at the field; the page is still there."""
    context = {"form": form, "spans": _spans(request, _today(request))}
    return TemplateResponse(request, "payments/staff/analytics.html", context, status=400)


def _is_asked(request: HttpRequest) -> bool:
    """Return whether the address has a filter; an empty one asks for all there ever was."""
    return any(name in request.GET for name in AnalyticsForm.base_fields)


def _spans(request: HttpRequest, today: date) -> list[tuple[str, str, bool]]:
    """Return each period's name, its address under the filter there is, and whether it is this."""
    given = {name: str(value) for name, value in request.GET.items() if value}
    asked = given if _is_asked(request) else usual(today)
    kept = {k: v for k, v in asked.items() if k not in ("first_day", "last_day")}
    return [
        (
            name,
            urlencode({**kept, **days}),
            all(asked.get(field, "") == day for field, day in days.items()),
        )
        for name, days in spans(today)
    ]


def _shown(
    request: StaffRequest, form: AnalyticsForm, chosen: Chosen, found: Figures
) -> dict[str, Any]:
    by_month = charts.is_by_month(chosen, found)
    rows = tables.months_of(found.days) if by_month else found.days
    uses = found.links[:MOST_LINKS]
    given = {name: form.data.get(name, "") for name in form.fields}
    told = {name: value for name, value in given.items() if value}
    return {
        "found": found,
        "totals": [(total, tables.lines_of(total)) for total in found.totals],
        "totals_table": tables.totals_table(found.totals),
        "by_month": by_month,
        "series": charts.series(chosen, found, rows, by_month=by_month),
        "days": tables.days_table(rows, by_month=by_month),
        "week": charts.week(found),
        "weekdays": WEEKDAYS,
        "hours": tables.hours_table(found),
        "lists": [
            tables.methods_table(found),
            tables.declines_table(found),
            tables.sources_table(found),
        ],
        "links": tables.links_table(uses, titles_of(uses)),
        "links_left": len(found.links) - len(uses),
        # In a file, an empty filter says so: without one the page would take its usual days.
        "query": urlencode(told) or "first_day=",
        "without_link": urlencode({k: v for k, v in told.items() if k != "link"}) or "first_day=",
        "link_title": form.link_title,
        "zone": request.tenant.time_zone,
    }
