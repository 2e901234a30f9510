"""Staff pages of duplicates and templates, and the sheet of what a link's payers said."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.csv_files import write_csv
from core.files import file_answer
from core.pages import StaffRequest, staff_page
from payments import queries
from payments.models import LinkTemplate, PaymentLink
from payments.operations.links import LinkInvalid
from payments.operations.templates import (
    TemplateInvalid,
    delete_template,
    duplicate_link,
    save_template,
)
from payments.pages.links import to_link


@require_POST
@staff_page()
def link_duplicate(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Make a link like another one and open it."""
    try:
        link = duplicate_link(link_id=pk, by=request.user, now=timezone.now())
    except PaymentLink.DoesNotExist as error:
        raise Http404 from error
    except LinkInvalid as refusal:
        messages.error(request, f"No link was made. {refusal}")
        return to_link(pk)
    messages.success(request, "This is a new link that says the same, with its own address.")
    return to_link(link.pk)


@require_POST
@staff_page()
def link_save_template(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Keep what a link says as a template."""
    name = request.POST.get("name", "")
    try:
        template = save_template(link_id=pk, name=name, by=request.user, now=timezone.now())
    except PaymentLink.DoesNotExist as error:
        raise Http404 from error
    except TemplateInvalid as refusal:
        messages.error(request, f"Nothing was kept. {refusal.errors[0].detail}")
        return to_link(pk)
    messages.success(request, f"Kept as the template {template.name}.")
    return to_link(pk)


@require_safe
@staff_page()
def link_templates(request: StaffRequest) -> HttpResponse:
    """List the templates by name."""
    rows = LinkTemplate.objects.select_related("created_by")
    return TemplateResponse(request, "payments/staff/link_templates.html", {"templates": rows})


@require_POST
@staff_page()
def link_template_delete(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Forget a template."""
    template = get_object_or_404(LinkTemplate, pk=pk)
    delete_template(template_id=pk)
    messages.success(request, f"The template {template.name} is gone. Links made from it stay.")
    return HttpResponseRedirect(reverse("link_templates"))


@require_safe
@staff_page()
def link_payments_csv(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Give all payments of a link with what their payers chose and answered, as CSV."""
    link = get_object_or_404(PaymentLink, pk=pk)
    header, rows = queries.payments_sheet(link)
    return file_answer(write_csv(header, rows), f"payments-{link.pk}.csv")
