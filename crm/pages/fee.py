"""The application fee for staff: ask for it, replace its address, look after what was not paid."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.pages import StaffRequest, staff_page
from crm.models import Application, PaymentRequest
from crm.operations.fees import (
    NoFee,
    NothingToAttend,
    ask_for_fee,
    attend_fee_failure,
    renew_fee_address,
)
from crm.pages.answers import actor, back_of
from crm.queries.fees import unattended_fees

PER_PAGE = 30


@require_POST
@staff_page()
def fee_ask(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Give the fee an address to send to the applicant."""
    application = get_object_or_404(Application, pk=pk)
    try:
        ask_for_fee(application_id=pk, by=actor(request), now=timezone.now())
    except NoFee as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The fee has an address now: send it to the applicant.")
    return _back(request, application)


@require_POST
@staff_page()
def fee_renew(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Replace the fee's address by a new one."""
    application = get_object_or_404(Application, pk=pk)
    try:
        renew_fee_address(application_id=pk, by=actor(request), now=timezone.now())
    except NoFee as error:
        messages.error(request, str(error))
    else:
        said = "The fee has a new address, and the old one leads nowhere: send the new one."
        messages.success(request, said)
    return _back(request, application)


@require_POST
@staff_page()
def fee_attend(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take a fee that was not paid off the worklist."""
    failed = get_object_or_404(PaymentRequest.objects.select_related("application"), pk=pk)
    try:
        attend_fee_failure(request_id=pk, by=actor(request), now=timezone.now())
    except NothingToAttend as error:
        messages.info(request, f"{error} Nothing was changed.")
    else:
        messages.success(request, "Taken off the list; the timeline keeps it.")
    return _back(request, failed.application)


@require_safe
@staff_page()
def fees_unpaid(request: StaffRequest) -> HttpResponse:
    """List the application fees that were not paid and that nobody has looked after."""
    page = Paginator(unattended_fees(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "back": request.get_full_path()}
    return TemplateResponse(request, "crm/fee/unpaid.html", context)


def _back(request: StaffRequest, application: Application) -> HttpResponse:
    lead = reverse("lead", args=[application.lead_id])
    return HttpResponseRedirect(back_of(request, f"{lead}#application-{application.pk}"))
