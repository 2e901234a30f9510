"""Staff pages of club runs: draft, progress, failures, report."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.files import file_answer
from core.operations.audit import exported
from core.pages import StaffRequest, staff_page
from subscriptions.forms import MonthForm, NoteForm, WorklistForm
from subscriptions.models import ClubRun, ClubRunItem
from subscriptions.operations import run_failures, runs
from subscriptions.operations.charging import ShopNotConnected
from subscriptions.pages.clubs import ADMINS, PER_PAGE, find_club
from subscriptions.queries import runs as queries
from subscriptions.queries.tables import formula_safe

Refusals = (
    runs.RunNotPossible,
    runs.WrongState,
    ShopNotConnected,
    run_failures.RunClosed,
    run_failures.NothingFailed,
)
STATES = frozenset(ClubRunItem.State.values)


def find_run(number: int, pk: UUID) -> ClubRun:
    """Return a run of a club, or raise Http404."""
    rows = ClubRun.objects.select_related("club__tenant", "started_by", "ended_by", "made_by")
    return get_object_or_404(rows, pk=pk, club__number=number)


def to_run(run: ClubRun) -> HttpResponse:
    """Redirect to the page of a run."""
    return HttpResponseRedirect(reverse("club_run", args=[run.club.number, run.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def run_new(request: StaffRequest, number: int) -> HttpResponse:
    """Make a draft for a month; nobody is charged by it."""
    club, now = find_club(number), timezone.now()
    form = MonthForm(request.POST or None, club=club, now=now)
    if request.method != "POST" or not form.is_valid():
        context = {"club": club, "form": form}
        status = 400 if form.errors else 200
        return TemplateResponse(request, "subscriptions/run_new.html", context, status=status)
    try:
        with transaction.atomic():
            month = form.cleaned_data["month"]
            run = runs.draft_run(club=club, month=month, by=request.user, now=now)
    except runs.RunOpenAlready as error:
        messages.info(request, f"{error} This is it.")
        return to_run(error.run)
    except runs.RunNotPossible as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("club", args=[number]))
    return to_run(run)


@require_safe
@staff_page()
def run_detail(request: StaffRequest, number: int, pk: UUID) -> HttpResponse:
    """Show a run: whom it charges, how far it is, and what failed."""
    run = find_run(number, pk)
    shown = request.GET.get("state", "")
    rows = queries.items_of(run).order_by("-state", "id")
    if shown in STATES:
        rows = rows.filter(state=shown)
    context = {
        "run": run,
        "progress": queries.progress_of(run),
        "reasons": queries.reasons_of(run),
        "failures": queries.failures_of(run),
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "shown": shown if shown in STATES else "",
        "states": ClubRunItem.State.choices,
        "warned": run.items.exclude(warning="").exclude(state="excluded").count(),
    }
    return TemplateResponse(request, "subscriptions/run.html", context)


def _turn(request: StaffRequest, run: ClubRun, verb: Callable[[], Any], said: str) -> None:
    try:
        with transaction.atomic():
            verb()
    except Refusals as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)


VERBS: dict[str, tuple[Callable[..., Any], str, bool]] = {
    "check": (runs.check_again, "Looked again at who would be charged.", False),
    "start": (runs.start_run, "The run goes on in the background; this page follows it.", True),
    "stop": (runs.stop_run, "Stopped. Who was being charged this moment still is.", False),
    "resume": (runs.resume_run, "The run goes on.", False),
    "cancel": (runs.cancel_run, "The draft was thrown away. Nobody was charged.", True),
    "close": (runs.close_run, "The run is closed for good.", True),
}


@require_POST
@staff_page(roles=ADMINS)
def run_turn(request: StaffRequest, number: int, pk: UUID, verb: str) -> HttpResponse:
    """Check, start, stop, resume, cancel or close a run."""
    run = find_run(number, pk)
    act, said, is_signed = VERBS[verb]
    by = {"by": request.user} if is_signed else {}
    _turn(request, run, lambda: act(run_id=pk, now=timezone.now(), **by), said)
    return to_run(run)


@require_POST
@staff_page(roles=ADMINS)
def run_retry(request: StaffRequest, number: int, pk: UUID) -> HttpResponse:
    """Try all of a run again that failed for one cause."""
    run = find_run(number, pk)
    cause = request.POST.get("cause", "")[:10].replace("\0", "")
    _turn(
        request, run,
        lambda: run_failures.retry_cause(run_id=pk, cause=cause, now=timezone.now()),
        "They are being tried again.",
    )  # fmt: skip
    return to_run(run)


@require_safe
@staff_page()
def run_report(request: StaffRequest, number: int, pk: UUID) -> HttpResponse:
    """Download the run as a table, safe to open in a spreadsheet."""
    run = find_run(number, pk)
    text = io.StringIO()
    rows = [[formula_safe(cell) for cell in row] for row in queries.report_rows(run)]
    csv.writer(text).writerows(rows)
    exported(f"run of club {number}", by=request.user, rows=max(0, len(rows) - 1))
    return file_answer(text.getvalue().encode(), f"club-{number}-{run.month:%Y-%m}.csv")


@require_safe
@staff_page()
def worklist(request: StaffRequest) -> HttpResponse:
    """List what failed in open runs, by cause."""
    form = WorklistForm(request.GET)
    rows = queries.worklist().order_by("cause", "id")
    if form.is_valid() and form.cleaned_data["cause"]:
        rows = rows.filter(cause=form.cleaned_data["cause"])
    context = {
        "form": form,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "unclear": queries.unclear_items()[:PER_PAGE],
    }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "subscriptions/worklist.html", context, status=status)


@require_POST
@staff_page(roles=ADMINS)
def item_turn(request: StaffRequest, pk: UUID, verb: str) -> HttpResponse:
    """Retry one failed member, mark them as settled elsewhere, take that back, or note."""
    item = get_object_or_404(ClubRunItem.objects.select_related("run__club__tenant"), pk=pk)
    form, now = NoteForm(request.POST), timezone.now()
    note = form.cleaned_data["note"] if form.is_valid() else ""
    acts: dict[str, tuple[Callable[[], Any], str]] = {
        "retry": (lambda: run_failures.retry_item(item_id=pk, now=now), "It is tried again."),
        "settle": (
            lambda: run_failures.settle_item(item_id=pk, note=note, by=request.user, now=now),
            "Marked as settled elsewhere.",
        ),
        "reopen": (lambda: run_failures.reopen_item(item_id=pk, now=now), "Open again."),
        "note": (lambda: run_failures.note_item(item_id=pk, note=note), "Noted."),
    }
    _turn(request, item.run, *acts[verb])
    if request.POST.get("back") == "worklist":
        return HttpResponseRedirect(reverse("clubs_worklist"))
    return to_run(item.run)
