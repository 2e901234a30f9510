"""The first page of the portal: what is owed now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe

from billing.documents.paper import invoice_pdf
from billing.documents.sheet import sheet_of_upcoming
from billing.documents.tables import lines_csv
from billing.pages.portal.gate import Visit, portal_page, show
from billing.pages.view_of import owing_context
from billing.queries.owed import owed
from core.files import file_answer
from core.languages import ENGLISH


@require_safe
@portal_page
def owing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show what is owed now, with all that explains it."""
    context = owing_context(visit.organization, now=visit.now)
    return show(visit, "owing.html", context)


@require_safe
@portal_page
@translation.override(ENGLISH)  # an invoice is one document, whoever looks
def upcoming_file(request: HttpRequest, visit: Visit, ending: str) -> HttpResponse:
    """Give the invoice that is not made yet as a file."""
    sheet = sheet_of_upcoming(owed(visit.organization, now=visit.now), visit.tenant.name)
    data = invoice_pdf(sheet) if ending == "pdf" else lines_csv(sheet)
    return file_answer(data, f"{sheet.name}.{ending}")
