"""Pages of staff that end an invoice otherwise: it is void, or was paid outside of Stripe."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.forms.settling import VoidForm
from billing.models import Invoice
from billing.operations.push.paid import NotPayable, ask_paid_elsewhere
from billing.operations.voiding import NotVoidable, void_invoice
from core.models import User
from core.pages import StaffRequest, staff_page

ADMINS = frozenset({User.Role.ADMIN.value})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def invoice_void(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say what voiding an invoice does; confirmed, void it."""
    invoice = get_object_or_404(Invoice.objects.select_related("organization"), pk=pk)
    form = VoidForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            void_invoice(invoice_id=pk, reason=reason, by=request.user, now=timezone.now())
        except NotVoidable as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Invoice {invoice} is void; the organization is told.")
            return HttpResponseRedirect(reverse("billing_invoice", args=[pk]))
    context = {"invoice": invoice, "form": form}
    status = 400 if form.errors else 200
    return TemplateResponse(request, "billing/staff/void.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def invoice_paid(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask whether an invoice was paid outside of Stripe; confirmed, have Stripe told."""
    invoice = get_object_or_404(Invoice.objects.select_related("organization"), pk=pk)
    if request.method != "POST":
        return TemplateResponse(request, "billing/staff/paid.html", {"invoice": invoice})
    try:
        ask_paid_elsewhere(invoice_id=pk, now=timezone.now())
    except NotPayable as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Noted. Stripe is told next; the invoice shows how far that is.")
    return HttpResponseRedirect(reverse("billing_invoice", args=[pk]))
