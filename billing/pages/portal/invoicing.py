"""Invoices in the portal: the list, one with its lines, and its files."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_safe

from billing.documents.paper import invoice_pdf
from billing.documents.sheet import sheet_of_invoice
from billing.documents.tables import lines_csv, stream_events
from billing.models import Invoice, InvoiceLine
from billing.pages.portal.gate import Visit, missing, portal_page, show
from billing.pages.view_of import invoice_context
from billing.queries.invoices import bill_of, find_invoice, invoices_of
from billing.queries.usage_rows import stream_of_line
from core.files import file_answer, streamed_file
from core.languages import ENGLISH

PER_PAGE = 24
_GONE = gettext_lazy("There is no such invoice.")


@require_safe
@portal_page
def invoices(request: HttpRequest, visit: Visit) -> HttpResponse:
    """List invoices, newest first; drafts are not shown, as they may still change."""
    rows = invoices_of(visit.organization).exclude(state=Invoice.State.DRAFT)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return show(visit, "invoices.html", {"page": page, "bills": [bill_of(one) for one in page]})


@require_safe
@portal_page
def invoice(request: HttpRequest, visit: Visit, name: str) -> HttpResponse:
    """Show an invoice with its lines and why each is what it is."""
    found = _invoice(visit, name)
    if found is None:
        return missing(visit, str(_GONE))
    return show(visit, "invoice.html", invoice_context(visit.organization, found))


@require_safe
@portal_page
@translation.override(ENGLISH)  # an invoice is one document, whoever looks
def invoice_file(request: HttpRequest, visit: Visit, name: str, ending: str) -> HttpResponse:
    """Give an invoice as a file."""
    found = _invoice(visit, name)
    if found is None:
        return missing(visit, str(_GONE))
    sheet = sheet_of_invoice(found, visit.tenant.name)
    data = invoice_pdf(sheet) if ending == "pdf" else lines_csv(sheet)
    return file_answer(data, f"{sheet.name}.{ending}")


@require_safe
@portal_page
def line_events(request: HttpRequest, visit: Visit, name: str, line: UUID) -> HttpResponseBase:
    """Give the events behind a line as a file, however many."""
    found = _invoice(visit, name)
    row = InvoiceLine.objects.filter(pk=line, invoice=found).first() if found else None
    if found is None or row is None:
        return missing(visit, gettext("There is no such line."))
    pages = stream_of_line(visit.tenant.pk, visit.organization, row)
    return streamed_file(stream_events(pages), f"events-{found.number}-{row.position}.csv")


def _invoice(visit: Visit, name: str) -> Invoice | None:
    found = find_invoice(visit.organization, name)
    return None if found is None or found.state == Invoice.State.DRAFT else found
