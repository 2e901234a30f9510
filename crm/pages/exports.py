"""CSV files of what a person sees, narrowed as their list is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.csv_files import write_csv
from core.files import file_answer
from core.models import Tenant
from core.operations.audit import exported
from core.pages import StaffRequest, staff_page
from crm.forms import BoardFilterForm, LeadFilterForm, TodayFilterForm
from crm.models import LeadStage
from crm.queries import exports
from crm.queries.people import colleagues, team_names


@require_GET
@staff_page()
def leads_csv(request: StaffRequest) -> HttpResponse:
    """Give the list of leads as a file."""
    form = LeadFilterForm(
        request.GET, people=colleagues(), teams=team_names(), stages=LeadStage.objects.all()
    )
    if not form.is_valid():
        return _unreadable(form)
    zone = request.tenant.zone
    rows = exports.lead_rows(form.chosen(), now=timezone.now(), zone=zone)
    return _file(request, "leads", exports.LEAD_HEADER, rows)


@require_GET
@staff_page()
def applications_csv(request: StaffRequest) -> HttpResponse:
    """Give the applications of the pipeline as a file."""
    form = BoardFilterForm(request.GET, people=colleagues(), teams=team_names())
    if not form.is_valid():
        return _unreadable(form)
    rows = exports.application_rows(form.chosen(), zone=request.tenant.zone)
    return _file(request, "applications", exports.APPLICATION_HEADER, rows)


@require_GET
@staff_page()
def tasks_csv(request: StaffRequest) -> HttpResponse:
    """Give open tasks as a file, narrowed as the page of today is, whenever they are due."""
    form = TodayFilterForm(request.GET, people=colleagues(), teams=team_names())
    if not form.is_valid():
        return _unreadable(form)
    rows = exports.task_rows(
        form.chosen(), user=request.user, now=timezone.now(), zone=request.tenant.zone
    )
    return _file(request, "tasks", exports.TASK_HEADER, rows)


def _unreadable(form: Any) -> HttpResponse:
    wrong = "\n".join(f"{name}: {' '.join(errors)}" for name, errors in form.errors.items())
    return HttpResponse(
        f"The filter in the address cannot be read. Nothing was exported.\n{wrong}\n",
        status=400,
        content_type="text/plain; charset=utf-8",
    )


def _file(
    request: StaffRequest, name: str, header: Iterable[str], rows: Iterator[exports.Cells]
) -> HttpResponse:
    """Make the file inside the scope: a stream would be read after it, as nothing.

    A file that does not hold all there is says so in its name.
    """
    cells = list(islice(rows, exports.MOST_ROWS))
    _log(request, name, len(cells))
    day = timezone.localdate().isoformat()
    cut = f"-first-{len(cells)}" if next(rows, None) is not None else ""
    return file_answer(write_csv(header, cells), f"{name}-{day}{cut}.csv")


def _log(request: StaffRequest, name: str, count: int) -> None:
    """Keep who took what out of the house, in the company's timeline."""
    chosen = {key: value for key, value in request.GET.items() if value}
    narrowed = ", ".join(f"{key}={value}" for key, value in chosen.items())
    what = f"Exported {count} {name}" + (f" ({narrowed[:200]})" if narrowed else "")
    LogEntry.objects.log_actions(
        user_id=request.user.pk,
        queryset=Tenant.objects.filter(pk=request.tenant.pk),
        action_flag=CHANGE,
        change_message=what,
        single_object=True,
    )
    exported(name, by=request.user, rows=count, narrowed_by=sorted(chosen))
