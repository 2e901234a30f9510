"""The page Prices: plans, their versions, and what a number of units would cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.forms.prices import FeeForm, PriceForm, UnitsForm, VersionForm
from billing.models import Plan, PlanVersion, Price, RecurringFee
from billing.operations.plans import (
    VersionEmpty,
    VersionPublished,
    add_fee,
    draft_version,
    publish_version,
    remove_fee,
)
from billing.operations.prices import VersionNotPublished, change_price, remove_price, set_price
from billing.queries.prices import plans_with_versions, previews, version_with_prices
from core.invalid import FieldsInvalid
from core.models import User
from core.pages import StaffRequest, staff_page

ADMINS = frozenset({User.Role.ADMIN.value})
REFUSALS = (VersionEmpty, VersionPublished, VersionNotPublished)


@require_safe
@staff_page()
def plan_list(request: StaffRequest) -> HttpResponse:
    """List the plans with their versions."""
    return TemplateResponse(request, "billing/plans.html", {"plans": plans_with_versions()})


@require_safe
@staff_page()
def plan_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Lead to the newest version of a plan, or offer to draft the first."""
    plan = Plan.objects.filter(pk=pk).first()
    if plan is None:
        raise Http404("There is no such plan.")
    newest = plan.versions.first()
    if newest is not None:
        return HttpResponseRedirect(reverse("billing_version", args=[newest.pk]))
    context = {"plan": plan, "form": VersionForm()}
    return TemplateResponse(request, "billing/plan_empty.html", context)


@require_POST
@staff_page(roles=ADMINS)
def version_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Draft the next version of a plan, with the prices of its newest one."""
    plan = Plan.objects.filter(pk=pk).first()
    form = VersionForm(request.POST)
    if plan is None:
        raise Http404("There is no such plan.")
    if not form.is_valid():
        context = {"plan": plan, "form": form}
        return TemplateResponse(request, "billing/plan_empty.html", context, status=400)
    newest = plan.versions.first()
    made = draft_version(
        plan_id=plan.pk, note=form.cleaned_data["note"], copy_from=newest.pk if newest else None
    )
    messages.success(request, f"{made} is drafted. Nobody is billed by it before it is published.")
    return HttpResponseRedirect(reverse("billing_version", args=[made.pk]))


@require_safe
@staff_page()
def version_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show the prices and fees of a version, with what so many units would cost."""
    return _shown(request, _found(pk))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def price_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Set a price in a draft, or change one of a published version from a day on."""
    version = _found(pk)
    is_published = version.published_at is not None
    form = PriceForm(request.POST or None, is_published=is_published)

    def store() -> Any:
        meter, terms = form.cleaned_data["meter"], form.terms()
        shared = {"version_id": pk, "meter_id": meter.pk, "terms": terms}
        if is_published:
            from_on = form.cleaned_data["from_on"]
            return change_price(**shared, from_on=from_on, now=timezone.now())
        return set_price(**shared)

    if request.method == "POST" and form.is_valid() and _stored(form, store, form.place_of):
        messages.success(request, "The price is set.")
        return HttpResponseRedirect(reverse("billing_version", args=[pk]))
    context = {"version": version, "form": form, "is_published": is_published}
    status = 400 if form.errors else 200
    return TemplateResponse(request, "billing/price_new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def fee_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Add a fee to a draft."""
    version = _found(pk)
    form = FeeForm(request.POST or None)

    def store() -> Any:
        return add_fee(version_id=pk, **form.cleaned_data)

    if request.method == "POST" and form.is_valid() and _stored(form, store):
        messages.success(request, "The fee is added.")
        return HttpResponseRedirect(reverse("billing_version", args=[pk]))
    status = 400 if form.errors else 200
    context = {"version": version, "form": form}
    return TemplateResponse(request, "billing/fee_new.html", context, status=status)


@require_POST
@staff_page(roles=ADMINS)
def version_publish(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Publish a draft."""
    version = _found(pk)
    _told(
        request,
        lambda: publish_version(version_id=pk, by=request.user, now=timezone.now()),
        f"{version} is published: it can be assigned now.",
    )
    return HttpResponseRedirect(reverse("billing_version", args=[pk]))


@require_POST
@staff_page(roles=ADMINS)
def price_remove(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take a price out of a draft."""
    price = Price.objects.filter(pk=pk).first()
    if price is None:
        raise Http404("There is no such price.")
    _told(request, lambda: remove_price(price_id=pk), "The price is gone.")
    return HttpResponseRedirect(reverse("billing_version", args=[price.version_id]))


@require_POST
@staff_page(roles=ADMINS)
def fee_remove(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take a fee out of a draft."""
    fee = RecurringFee.objects.filter(pk=pk).first()
    if fee is None:
        raise Http404("There is no such fee.")
    _told(request, lambda: remove_fee(fee_id=pk), "The fee is gone.")
    return HttpResponseRedirect(reverse("billing_version", args=[fee.version_id]))


def _found(pk: UUID) -> PlanVersion:
    version = version_with_prices(pk)
    if version is None:
        raise Http404("There is no such version.")
    return version


def _shown(request: StaffRequest, version: PlanVersion) -> HttpResponse:
    form = UnitsForm(request.GET if "units" in request.GET else {"units": "1000"})
    units = form.cleaned_data["units"] if form.is_valid() else None
    context = {
        "version": version,
        "form": form,
        "units": units,
        "previews": previews(version, units if units is not None else form.fields["units"].initial),
        "versions": version.plan.versions.all(),
        "version_form": VersionForm(),
    }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "billing/version.html", context, status=status)


def _stored(
    form: forms.Form,
    store: Callable[[], Any],
    place_of: Callable[[str], str | None] = lambda name: name,
) -> bool:
    """Store, and put what is refused at its field; returns whether it was stored."""
    try:
        with transaction.atomic():
            store()
    except FieldsInvalid as refusal:
        for wrong in refusal.errors:
            place = place_of(wrong.field)
            form.add_error(place if place in form.fields else None, wrong.detail)
        return False
    except REFUSALS as error:
        form.add_error(None, str(error))
        return False
    return True


def _told(request: StaffRequest, act: Callable[[], Any], done: str) -> None:
    try:
        with transaction.atomic():
            act()
    except REFUSALS as error:
        messages.warning(request, f"Nothing was changed. {error}")
    else:
        messages.success(request, done)
