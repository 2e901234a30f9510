"""Import leads: choose a file, look at what it would do, confirm, see what became of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from core.csv_files import write_csv
from core.files import file_answer
from core.pages import StaffRequest, staff_page
from crm.csv_files import LARGEST_BYTES, MOST_ROWS, SYNONYMS, FileRefused
from crm.models import LeadImport
from crm.operations.imports import (
    ImportNotWaiting,
    confirm_import,
    discard_import,
    preview_of,
    upload,
)

SHOWN_ROWS = 50
SHOWN_IMPORTS = 20


class UploadForm(forms.Form):
    """Takes the file."""

    file = forms.FileField(
        label="CSV file",
        max_length=200,
        help_text=f"Up to {MOST_ROWS:,} rows and {LARGEST_BYTES // 1024 // 1024} MB. The first "
        "line names the columns.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv,.txt,.tsv"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def import_new(request: StaffRequest) -> HttpResponse:
    """Take a file and show earlier imports."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > LARGEST_BYTES:
                raise FileRefused("The file is too large: split it, nothing was read.")
            row = upload(file_name=file.name, data=file.read(), by=request.user)
        except FileRefused as refusal:
            form.add_error("file", str(refusal))
        else:
            return _to_import(row.pk)
    rows = LeadImport.objects.select_related("user").defer("content", "refused")
    context = {
        "form": form,
        "imports": rows[:SHOWN_IMPORTS],
        "columns": [name.replace("_", " ") for name in SYNONYMS],
    }
    is_wrong = request.method == "POST"
    return TemplateResponse(
        request, "crm/data/import_new.html", context, status=400 if is_wrong else 200
    )


def _to_import(pk: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("lead_import", args=[pk]))


@require_safe
@staff_page()
def import_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show what a file would do, how far it is, or what it did."""
    row = get_object_or_404(LeadImport.objects.select_related("user"), pk=pk)
    context: dict[str, Any] = {"row": row}
    template = "crm/data/import.html"
    if row.state == LeadImport.State.PREVIEW:
        preview = preview_of(row)
        context |= {
            "preview": preview,
            "refused": preview.refused[:SHOWN_ROWS],
            "may_double": preview.may_double[:SHOWN_ROWS],
            "first": [line for line in preview.rows if not line.problems][:10],
            "most": SHOWN_ROWS,
        }
        template = "crm/data/import_preview.html"
    else:
        context["refused"] = row.refused[1:][:SHOWN_ROWS]
        context["most"] = SHOWN_ROWS
    return TemplateResponse(request, template, context)


@require_POST
@staff_page()
def import_confirm(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Start an import that was looked at."""
    get_object_or_404(LeadImport.objects.defer("content"), pk=pk)
    try:
        confirm_import(import_id=pk, now=timezone.now())
    except ImportNotWaiting as error:
        messages.warning(request, str(error))
    return _to_import(pk)


@require_POST
@staff_page()
def import_discard(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Throw a file away that was only looked at."""
    get_object_or_404(LeadImport.objects.defer("content"), pk=pk)
    try:
        discard_import(import_id=pk)
    except ImportNotWaiting as error:
        messages.warning(request, str(error))
        return _to_import(pk)
    messages.success(request, "Thrown away; nothing was imported.")
    return HttpResponseRedirect(reverse("lead_imports"))


@require_GET
@staff_page()
def import_refused(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Give the rows that were not taken as a file, with line and reason, to mend and try again."""
    row = get_object_or_404(LeadImport, pk=pk)
    if row.state == LeadImport.State.PREVIEW:
        preview = preview_of(row)
        header = preview.sheet.header
        lines: Any = [[bad.line, "; ".join(bad.problems), bad.cells] for bad in preview.refused]
    else:
        header, lines = (row.refused[0][2], row.refused[1:]) if row.refused else ([], [])
    rows = [[*cells, line, why] for line, why, cells in lines]
    name = f"refused-{row.created_at.date().isoformat()}.csv"
    return file_answer(write_csv([*header, "Line", "Why not"], rows), name)
