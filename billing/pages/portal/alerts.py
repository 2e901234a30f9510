"""Alerts and the spend limit, as the developer sets them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from billing.forms.usage import AlertForm, LimitForm
from billing.models import Alert, AlertFiring
from billing.operations.alerts import AlertEnded, end_alert, set_alert, set_limit
from billing.operations.organizations import OrganizationClosed
from billing.pages.portal.gate import Visit, missing, portal_page, show
from core.invalid import FieldsInvalid
from payments.pages.visitor import comes_from_elsewhere

MOST_FIRINGS = 20


@csrf_exempt  # see payments.pages.visitor.comes_from_elsewhere
@require_http_methods(["GET", "HEAD", "POST"])
@portal_page
def alerts(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show alerts and the spend limit; a POST adds an alert."""
    sent = request.POST if request.method == "POST" else None
    form = AlertForm(sent, organization=visit.organization)
    if request.method != "POST":
        return _page(visit, form=form)
    if comes_from_elsewhere(request):
        return _page(visit, form=form, refused=str(_ELSEWHERE), status=403)
    if form.is_valid():
        try:
            set_alert(
                organization_id=visit.organization.pk,
                now=visit.now,
                set_by=Alert.SetBy.CUSTOMER,
                **form.asked(),
            )
        except FieldsInvalid as refusal:
            form.add_error(None, " ".join(one.detail for one in refusal.errors))
        except OrganizationClosed as refusal:
            form.add_error(None, str(refusal))
        else:
            return _back(visit)
    return _page(visit, form=form, status=400)


@csrf_exempt  # see payments.pages.visitor.comes_from_elsewhere
@require_POST
@portal_page
def limit(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Set the spend limit."""
    form = LimitForm(request.POST, organization=visit.organization)
    if comes_from_elsewhere(request):
        return _page(visit, limit_form=form, refused=str(_ELSEWHERE), status=403)
    if form.is_valid():
        try:
            set_limit(
                organization_id=visit.organization.pk,
                amount_minor=form.cleaned_data["amount"],
                now=visit.now,
                set_by=Alert.SetBy.CUSTOMER,
            )
        except FieldsInvalid as refusal:
            form.add_error("amount", " ".join(one.detail for one in refusal.errors))
        except OrganizationClosed as refusal:
            form.add_error(None, str(refusal))
        else:
            return _back(visit)
    return _page(visit, limit_form=form, status=400)


@csrf_exempt  # see payments.pages.visitor.comes_from_elsewhere
@require_POST
@portal_page
def alert_end(request: HttpRequest, visit: Visit, pk: UUID) -> HttpResponse:
    """End an alert or the limit; ending it twice changes nothing."""
    if comes_from_elsewhere(request):
        return _page(visit, refused=str(_ELSEWHERE), status=403)
    if not Alert.objects.filter(pk=pk, organization=visit.organization).exists():
        return missing(visit, gettext("There is no such alert."))
    with suppress(AlertEnded):
        end_alert(alert_id=pk, now=visit.now)
    return _back(visit)


_ELSEWHERE = gettext_lazy(
    "Another website sent you here, so that nothing was changed. Press the button again."
)


def _back(visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(reverse("portal_alerts", args=[visit.token]), status=303)


def _page(
    visit: Visit,
    *,
    form: AlertForm | None = None,
    limit_form: LimitForm | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    organization = visit.organization
    rows = Alert.objects.filter(organization=organization, ended_at=None).select_related("meter")
    held = list(rows)
    fired = AlertFiring.objects.filter(alert__organization=organization)
    context: dict[str, Any] = {
        "form": form or AlertForm(organization=organization),
        "limit_form": limit_form or LimitForm(organization=organization),
        "alerts": [one for one in held if one.kind != Alert.Kind.LIMIT],
        "limit": next((one for one in held if one.kind == Alert.Kind.LIMIT), None),
        "firings": list(fired.select_related("alert__meter")[:MOST_FIRINGS]),
        "refused": refused,
    }
    return show(visit, "alerts.html", context, status=status)
