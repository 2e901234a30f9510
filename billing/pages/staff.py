"""Pages of staff: organizations with what they owe, one of them, and an invoice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from billing.documents.paper import invoice_pdf
from billing.documents.sheet import sheet_of_invoice
from billing.documents.tables import lines_csv
from billing.forms.usage import OrganizationFilterForm
from billing.models import Invoice, Organization
from billing.operations.portal import address_of, portal_url, roll_portal_address
from billing.pages.view_of import invoice_context, owing_context
from billing.queries.invoices import bill_of, invoices_of
from billing.queries.organizations import list_organizations, rows_with_owed, staff_facts
from core.backoffice.stories import story_of
from core.files import file_answer
from core.pages import StaffRequest, staff_page

PER_PAGE = 30
MOST_INVOICES = 24


@require_safe
@staff_page()
def organizations(request: StaffRequest) -> HttpResponse:
    """List organizations with what they owe now and what of their invoices is unpaid."""
    form = OrganizationFilterForm(request.GET)
    found = (
        list_organizations(**form.cleaned_data) if form.is_valid() else Organization.objects.none()
    )
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "rows": rows_with_owed(list(page), now=timezone.now()),
        "is_filtered": bool(form.errors) or any(form.cleaned_data.values()),
    }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "billing/staff/organizations.html", context, status=status)


@require_safe
@staff_page()
def organization(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show what an organization owes, its plan, its invoices and how they came to Stripe."""
    found = get_object_or_404(Organization.objects.select_related("tax_rate"), pk=pk)
    now = timezone.now()
    bills = [bill_of(one) for one in invoices_of(found)[:MOST_INVOICES]]
    context: dict[str, Any] = {
        "organization": found,
        "now": now,
        **owing_context(found, now=now),
        "all_bills": bills,
        "facts": staff_facts(found),
        "portal_url": address_of(found) if found.portal_token else "",
        "story": story_of(found, is_long="all" in request.GET),
    }
    return TemplateResponse(request, "billing/staff/organization.html", context)


@require_POST
@staff_page()
def portal_address(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Make the portal's address, or a new one in place of the old."""
    found = get_object_or_404(Organization, pk=pk)
    if "roll" in request.POST:
        roll_portal_address(organization_id=found.pk)
        messages.success(request, "The portal has a new address; the old one leads nowhere now.")
    else:
        portal_url(found)
        messages.success(request, "The portal is open: copy its address and send it.")
    return HttpResponseRedirect(reverse("billing_organization", args=[pk]))


@require_safe
@staff_page()
def invoice(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show an invoice with its lines, its way to Stripe and what became of it."""
    found = _invoice(pk)
    context = {
        "organization": found.organization,
        **invoice_context(found.organization, found),
        "push": getattr(found, "push", None),
    }
    return TemplateResponse(request, "billing/staff/invoice.html", context)


@require_safe
@staff_page()
def invoice_file(request: StaffRequest, pk: UUID, ending: str) -> HttpResponse:
    """Give an invoice as a file."""
    sheet = sheet_of_invoice(_invoice(pk), request.tenant.name)
    data = invoice_pdf(sheet) if ending == "pdf" else lines_csv(sheet)
    return file_answer(data, f"{sheet.name}.{ending}")


def _invoice(pk: UUID) -> Invoice:
    rows = Invoice.objects.select_related("organization__tax_rate", "period", "standing", "push")
    return get_object_or_404(rows, pk=pk)
