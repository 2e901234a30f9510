"""Make many links from a file: choose it, look at what each row would become, confirm."""

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
from django.views.decorators.http import require_http_methods, require_safe

from core.csv_files import write_csv
from core.files import file_answer
from core.pages import StaffRequest, staff_page
from payments.link_files import COLUMNS, LARGEST_BYTES, MOST_ROWS, FileRefused, decode
from payments.models import LinkImport, LinkTemplate
from payments.operations.imports import import_links, links_of_import, preview_import

SHOWN_IMPORTS = 20
_TEMPLATE = "payments/staff/link_import.html"


class ImportForm(forms.Form):
    """Takes a file and, perhaps, the template that its links start from."""

    file = forms.FileField(
        label="CSV file",
        max_length=200,
        help_text=f"Up to {MOST_ROWS:,} rows and 1 MB. The first line names the columns.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv,.txt,.tsv"}),
    )
    template = forms.ModelChoiceField(
        queryset=LinkTemplate.objects.none(),
        required=False,
        empty_label="No template",
        help_text="What the file does not say comes from it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = LinkTemplate.objects.all()  # type: ignore[attr-defined]


class ConfirmForm(ImportForm):
    """What the preview sends back: the text that was looked at."""

    file = None  # type: ignore[assignment]
    text = forms.CharField(strip=False, max_length=LARGEST_BYTES)
    file_name = forms.CharField(required=False, max_length=200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def link_import(request: StaffRequest) -> HttpResponse:
    """Take a file, show what its rows would become, and make links once that is confirmed."""
    if request.method != "POST":
        return _page(request, ImportForm())
    if "text" in request.POST:
        return _confirm(request)
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=400)
    file = form.cleaned_data["file"]
    try:
        text = decode(file.read(LARGEST_BYTES + 1))
        return _preview(request, form, text, file.name)
    except FileRefused as refusal:
        form.add_error("file", f"{refusal} Nothing was made.")
        return _page(request, form, status=400)


def _preview(request: StaffRequest, form: ImportForm, text: str, name: str) -> HttpResponse:
    template = form.cleaned_data["template"]
    rows = preview_import(text=text, template=template, by=request.user, now=timezone.now())
    context = {
        "rows": rows,
        "new": sum(row.is_new for row in rows),
        "made": sum(row.made is not None for row in rows),
        "wrong": sum(bool(row.errors) for row in rows),
        "text": text,
        "file_name": name,
        "template": template,
    }
    return TemplateResponse(request, "payments/staff/link_import_preview.html", context)


def _confirm(request: StaffRequest) -> HttpResponse:
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was made: choose the file again.")
        return HttpResponseRedirect(reverse("link_import"))
    said = form.cleaned_data
    try:
        imported, _rows = import_links(
            text=said["text"],
            file_name=said["file_name"],
            template=said["template"],
            by=request.user,
            now=timezone.now(),
        )
    except FileRefused as refusal:
        messages.error(request, f"Nothing was made. {refusal}")
        return HttpResponseRedirect(reverse("link_import"))
    return HttpResponseRedirect(reverse("link_imported", args=[imported.pk]))


def _page(request: StaffRequest, form: ImportForm, status: int = 200) -> HttpResponse:
    rows = LinkImport.objects.select_related("imported_by")[:SHOWN_IMPORTS]
    context = {"form": form, "imports": rows, "columns": COLUMNS}
    return TemplateResponse(request, _TEMPLATE, context, status=status)


@require_safe
@staff_page()
def link_imported(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show the links that a file became."""
    imported = get_object_or_404(LinkImport.objects.select_related("imported_by"), pk=pk)
    context = {"imported": imported, "links": links_of_import(imported)}
    return TemplateResponse(request, "payments/staff/link_imported.html", context)


@require_safe
@staff_page()
def link_imported_csv(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Give the links that a file became, with their addresses, as CSV."""
    imported = get_object_or_404(LinkImport, pk=pk)
    header = ["title", "reference", "amount", "currency", "customer_name", "customer_email", "url"]
    rows = (
        [
            link.title,
            link.reference,
            link.amount.decimal(),
            link.currency,
            link.customer_name,
            link.customer_email,
            link.url,
        ]
        for link in links_of_import(imported)
    )
    return file_answer(write_csv(header, rows), "payment-links.csv")
