"""The board: what became of members, month by month, as chart, table and file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.files import file_answer
from core.pages import StaffRequest, staff_page
from core.periods import local_date
from subscriptions.forms import BoardForm
from subscriptions.models import Club
from subscriptions.queries.board import BoardMonth, board

MONTHS = 12
# The chart's plot, in units of its own.
WIDTH, HEIGHT, BASE = 720, 240, 200
COLUMN = WIDTH / MONTHS
BAR = 10
KINDS = ("joins", "returns", "pauses", "cancellations")


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of the chart."""

    kind: str
    x: float
    y: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the chart's template draws."""

    bars: list[Bar]
    labels: list[tuple[float, str]]
    lines: list[tuple[float, int]]


@require_safe
@staff_page()
def board_page(request: StaffRequest) -> HttpResponse:
    """Show twelve months of all clubs or one, or send them as a file with `?format=csv`."""
    clubs = list(Club.objects.select_related("tenant")[:500])
    form = BoardForm(request.GET, clubs=clubs)
    number = form.cleaned_data["club"] if form.is_valid() else None
    club = next((one for one in clubs if one.number == number), None)
    now, zone = timezone.now(), club.zone if club else request.tenant.zone
    last = local_date(now, zone).replace(day=1)
    months = board(last=last, count=MONTHS, zone=zone.key, club=club, now=now)
    if request.GET.get("format") == "csv":
        return _file(months)
    context = {"form": form, "club": club, "months": months[::-1], "chart": chart_of(months)}
    status = 400 if form.errors else 200
    return TemplateResponse(request, "subscriptions/board.html", context, status=status)


def _file(months: list[BoardMonth]) -> HttpResponse:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["month", "members_at_start", *KINDS, "churn_percent"])
    for one in months:
        churn = "" if one.churn is None else f"{one.churn:.2f}"
        counts = [getattr(one, kind) for kind in KINDS]
        table.writerow([f"{one.month:%Y-%m}", one.members, *counts, churn])
    return file_answer(text.getvalue().encode(), "clubs-board.csv")


def chart_of(months: list[BoardMonth]) -> Chart:
    """Return the bars of the months, four for each, on one scale."""
    highest = max([1, *(getattr(one, kind) for one in months for kind in KINDS)])
    scale = (BASE - 20) / highest
    bars, labels = [], []
    for index, one in enumerate(months):
        left = index * COLUMN + (COLUMN - len(KINDS) * (BAR + 1)) / 2
        labels.append((round(index * COLUMN + COLUMN / 2, 1), f"{one.month:%b}"))
        for place, kind in enumerate(KINDS):
            count = getattr(one, kind)
            height = round(count * scale, 1)
            x = round(left + place * (BAR + 1), 1)
            title = f"{one.month:%B %Y}: {count} {kind}"
            bars.append(Bar(kind, x, round(BASE - height, 1), height, title))
    steps = {round(highest * part) for part in (0.5, 1)} - {0}
    return Chart(bars, labels, [(round(BASE - n * scale, 1), n) for n in sorted(steps)])
