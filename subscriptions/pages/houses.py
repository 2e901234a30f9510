"""Pages of houses: what each was sent and is owed, and what staff set about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from core.invalid import FieldsInvalid
from core.models import User
from core.pages import StaffRequest, staff_page
from subscriptions.forms import HouseForm
from subscriptions.models import House
from subscriptions.operations.houses import HouseChanged, HouseFields, edit_house
from subscriptions.queries import cases as queries

ADMINS = frozenset({User.Role.ADMIN.value})
PER_PAGE = 30


@require_safe
@staff_page()
def house_list(request: StaffRequest) -> HttpResponse:
    """List the houses with what is held of their rents."""
    page = Paginator(House.objects.all(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "lines": queries.house_lines(page.object_list)}
    return TemplateResponse(request, "subscriptions/houses.html", context)


@require_safe
@staff_page()
def house_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show a house's ledger: what was expected, came, is held, was sent, came back, is owed."""
    house = get_object_or_404(House, pk=pk)
    rows = house.ledger.select_related("rent__lease").order_by("-happened_at", "-created_at", "id")
    held = house.transfers.filter(state="held").select_related("rent__lease", "rent__resident")
    context = {
        "house": house,
        "balances": queries.house_balances(house),
        "held": list(held[:PER_PAGE]),
        "held_count": held.count(),
        "former": list(house.former_stripe_ids.all()[:PER_PAGE]),
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "look_up": f"{reverse('cases_look_up')}?{urlencode({'id': str(house.pk)})}",
    }
    return TemplateResponse(request, "subscriptions/house.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def house_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Change a house's name, currency, time zone and account."""
    house = get_object_or_404(House, pk=pk)
    form = HouseForm(request.POST) if request.method == "POST" else HouseForm(initial=_held(house))
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            with transaction.atomic():
                edit_house(
                    house_id=pk,
                    version=values.pop("version"),
                    fields=HouseFields(**values),
                    by=request.user,
                    now=timezone.now(),
                )
        except FieldsInvalid as error:
            for wrong in error.errors:
                form.add_error(wrong.field, wrong.detail)
        except HouseChanged as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved. Rents that were held for its account are looked at.")
            return HttpResponseRedirect(reverse("house", args=[pk]))
    if "version" in form.errors:
        form.add_error(None, "This page was not whole when it was sent. Open it again.")
    status = 400 if form.errors else 200
    context = {"form": form, "house": house}
    return TemplateResponse(request, "subscriptions/house_edit.html", context, status=status)


def _held(house: House) -> dict[str, Any]:
    return {
        "version": house.version,
        "name": house.name,
        "currency": house.currency,
        "time_zone": house.time_zone,
        "stripe_account_id": house.stripe_account_id or "",
        "is_checked": bool(house.stripe_account_id)
        and house.checked_account_id == house.stripe_account_id,
    }
