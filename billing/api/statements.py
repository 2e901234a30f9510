"""What an organization owes now, what it used, and its invoices, for programs."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.base import OrganizationView
from billing.api.statement_fields import (
    InvoiceAnswer,
    InvoiceWithLines,
    UpcomingAnswer,
    UsageAnswer,
    invoice_answer,
    last_day,
    line_answer,
    moment,
    upcoming_answer,
)
from billing.api.statement_filters import InvoiceFilters, UsageQuery, usage_asked
from billing.documents.paper import invoice_pdf
from billing.documents.sheet import Sheet, sheet_of_invoice, sheet_of_upcoming
from billing.documents.tables import lines_csv, stream_events
from billing.models import Invoice, InvoiceLine, Meter
from billing.queries.explaining import explain
from billing.queries.invoices import find_invoice, invoices_of, lines_of
from billing.queries.owed import owed
from billing.queries.usage_rows import (
    TooMuchUsage,
    last_usage_at,
    stream_of_line,
    usage_rows,
)
from billing.words import plain_number
from core.api.problems import Problem
from core.api.routes import route
from core.files import file_answer, streamed_file


class OfOrganization(OrganizationView):
    """What all views here share."""

    required_scopes = {"GET": "billing:read"}

    def invoice(self, organization: str, name: str) -> Invoice:
        """Return the invoice of a number or id; raises a Problem (404)."""
        found = find_invoice(self.organization(organization), name)
        if found is None:
            raise Problem(404, "not_found", "There is no invoice of this number or id.")
        return found


class Upcoming(OfOrganization):
    """The invoice that is not made yet."""

    @extend_schema(responses=UpcomingAnswer)
    def get(self, request: Request, organization: str) -> Response:
        """Return what is owed now; exactly what the invoice of the running period would be.

        Counted here from all usage received so far, whether Stripe answers or not.
        """
        found = owed(self.organization(organization), now=self.now)
        days = found.running.days
        through = last_usage_at(found.organization, days.starts_on, days.ends_on)
        return Response(upcoming_answer(found, through))


class UpcomingFile(OfOrganization):
    """The invoice that is not made yet, as a file."""

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, organization: str, ending: str) -> HttpResponse:
        """Return the upcoming invoice as PDF or CSV; each says that it is a preview."""
        found = owed(self.organization(organization), now=self.now)
        return _file(sheet_of_upcoming(found, self.tenant.name), ending)


class Usage(OfOrganization):
    """Usage by day, meter and dimensions."""

    query_parameters = frozenset({"from", "to", "meter", "group_by"})
    problems = {TooMuchUsage: (400, "too_much_usage")}

    @extend_schema(parameters=[UsageQuery], responses=UsageAnswer)
    def get(self, request: Request, organization: str) -> Response:
        """Return usage by day, meter and dimensions; days are of the organization's zone."""
        whose = self.organization(organization)
        query = usage_asked(request, whose, self.now)
        rows = usage_rows(whose, query.asked)
        meters = Meter.objects.in_bulk({row.meter_id for row in rows})
        return Response(
            {
                "from": query.asked.since.isoformat(),
                "to": last_day(query.asked.until),
                "group_by": query.group_by,
                "as_of": moment(self.now),
                "rows": [
                    {
                        "day": row.day.isoformat() if row.day else None,
                        "meter": meters[row.meter_id].code,
                        "unit": meters[row.meter_id].unit,
                        "dimensions": row.dimensions,
                        "quantity": plain_number(row.quantity),
                        "events": row.events,
                    }
                    for row in rows
                ],
            }
        )


class InvoiceList(OfOrganization, GenericAPIView[Invoice]):
    """The invoices of an organization."""

    lookup_url_kwarg = "invoice"  # `organization` is in the path of the list too
    queryset = Invoice.objects.all()
    serializer_class = InvoiceAnswer
    filterset_class = InvoiceFilters

    @extend_schema(responses=InvoiceAnswer(many=True))
    def get(self, request: Request, organization: str) -> Response:
        """List invoices, newest first; drafts may still change."""
        rows: QuerySet[Invoice] = invoices_of(self.organization(organization))
        page = self.paginate_queryset(self.filter_queryset(rows)) or []
        return self.get_paginated_response([invoice_answer(one) for one in page])


class InvoiceDetail(OfOrganization):
    """One invoice."""

    @extend_schema(responses=InvoiceWithLines)
    def get(self, request: Request, organization: str, invoice: str) -> Response:
        """Return an invoice with its lines and why each is what it is."""
        found = self.invoice(organization, invoice)
        lines = explain(lines_of(found), found.organization, currency=found.currency, invoice=found)
        answer = invoice_answer(found)
        return Response({**answer, "lines": [line_answer(one) for one in lines]})


class InvoiceFile(OfOrganization):
    """One invoice as a file."""

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, organization: str, invoice: str, ending: str) -> HttpResponse:
        """Return an invoice as PDF or CSV."""
        found = self.invoice(organization, invoice)
        return _file(sheet_of_invoice(found, self.tenant.name), ending)


class LineEvents(OfOrganization):
    """The events behind a line."""

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(
        self, request: Request, organization: str, invoice: str, line: UUID
    ) -> StreamingHttpResponse:
        """Return the events that a line was counted from, as CSV.

        Day by day, however many.
        """
        found = self.invoice(organization, invoice)
        row = InvoiceLine.objects.filter(pk=line, invoice=found).first()
        if row is None:
            raise Problem(404, "not_found", "This invoice has no line with this id.")
        pages = stream_of_line(self.tenant.pk, found.organization, row)
        name = f"events-{found.number or 'draft'}-{row.position}.csv"
        return streamed_file(stream_events(pages), name)


def _file(sheet: Sheet, ending: str) -> HttpResponse:
    data = invoice_pdf(sheet) if ending == "pdf" else lines_csv(sheet)
    return file_answer(data, f"{sheet.name}.{ending}")


_AT = "api/organizations/<str:organization>"

routes = [
    route(f"{_AT}/upcoming-invoice/", Upcoming.as_view(), name="api_upcoming_invoice"),
    *(
        route(f"{_AT}/upcoming-invoice.{ending}/", UpcomingFile.as_view(),
              name=f"api_upcoming_invoice_{ending}", ending=ending)
        for ending in ("pdf", "csv")
    ),
    route(f"{_AT}/usage/", Usage.as_view(), name="api_usage"),
    route(f"{_AT}/invoices/", InvoiceList.as_view(), name="api_invoices"),
    *(
        route(f"{_AT}/invoices/<str:invoice>.{ending}/", InvoiceFile.as_view(),
              name=f"api_invoice_{ending}", ending=ending)
        for ending in ("pdf", "csv")
    ),
    route(f"{_AT}/invoices/<str:invoice>/", InvoiceDetail.as_view(), name="api_invoice"),
    route(
        f"{_AT}/invoices/<str:invoice>/lines/<uuid:line>/events.csv/",
        LineEvents.as_view(),
        name="api_line_events",
    ),
]  # fmt: skip
