"""The settings of statistics on payment pages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core.models import User
from core.pages import StaffRequest, staff_page
from payments.forms import StatisticsForm
from payments.operations.statistics import choose_measurement_id
from payments.pages.records import note


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=frozenset({User.Role.ADMIN.value}))
def statistics_settings(request: StaffRequest) -> HttpResponse:
    """Ask for a measurement id of Google Analytics; empty turns it off."""
    tenant = request.tenant
    initial = {"measurement_id": tenant.google_measurement_id}
    form = StatisticsForm(request.POST or None, initial=initial)
    if request.method != "POST" or not form.is_valid():
        status = 400 if form.errors else 200
        context = {"form": form, "is_on": bool(tenant.google_measurement_id)}
        return TemplateResponse(request, "payments/staff/statistics.html", context, status=status)
    chosen = form.cleaned_data["measurement_id"]
    choose_measurement_id(tenant=tenant, measurement_id=chosen)
    note(tenant, f"Google Analytics: {chosen or 'off'}", by=request.user)
    said = f"Saved: {chosen}. Payment pages ask visitors first." if chosen else "Saved: off."
    messages.success(request, said)
    return HttpResponseRedirect(reverse("settings"))
