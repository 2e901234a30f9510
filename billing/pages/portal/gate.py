"""The one way into the portal: by its secret address, in one organization's scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone

from billing.models import Notice, Organization, PushDesk
from core.languages import in_visitors_language
from core.models import Entry, Tenant
from core.ratelimit import address_key, limit
from core.tenancy import scope
from payments.pages.privacy import HEADERS

# People look a few times; whoever guesses addresses needs very many tries.
PER_ADDRESS = "120/m"
PER_PORTAL = "600/m"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who has an organization's address, at a moment."""

    organization: Organization
    tenant: Tenant
    token: str
    now: datetime
    query_string: str = ""


Page = Callable[..., HttpResponseBase]


def portal_page(view: Page) -> Page:
    """Make a view a page of the portal: it gets the request, a Visit and what the path names.

    It runs in the scope of the tenant and in the organization's time zone, and renders there. An
    answer of 400 or more keeps nothing.
    """

    @in_visitors_language
    @wraps(view)
    def page(request: HttpRequest, token: str, **named: Any) -> HttpResponseBase:
        response = _answer(view, request, token, named)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return page


def _answer(
    view: Page, request: HttpRequest, token: str, named: dict[str, Any]
) -> HttpResponseBase:
    wait = _seconds_to_wait("portal_by_address", address_key(request), PER_ADDRESS)
    if wait:
        return _too_many(wait)
    entry = Entry.find(Entry.Kind.USAGE_PORTAL, token) if "\0" not in token else None
    if entry is None or not entry.tenant.is_active:
        return unknown()
    wait = _seconds_to_wait("portal", str(entry.target_id), PER_PORTAL)
    if wait:
        return _too_many(wait)
    with scope(entry.tenant_id, role="public"):
        organization = Organization.objects.select_related("tax_rate").get(pk=entry.target_id)
        visit = Visit(
            organization,
            entry.tenant,
            token,
            timezone.now(),
            request.META.get("QUERY_STRING", "") if request.method == "GET" else "",
        )
        with timezone.override(organization.zone):
            return view(request, visit, **named)


def _seconds_to_wait(group: str, key: str, rate: str) -> int:
    verdict = limit(group, key, rate)
    return 0 if verdict.is_allowed else verdict.retry_after


def _too_many(wait: int) -> HttpResponse:
    page = render_to_string("billing/portal/too_many.html", {"wait": wait})
    return HttpResponse(page, status=429, headers={"Retry-After": str(wait)})


def unknown() -> HttpResponse:
    """Answer for an address that leads nowhere, or no longer."""
    return HttpResponse(render_to_string("billing/portal/unknown.html"), status=404)


def missing(visit: Visit, what: str) -> HttpResponse:
    """Answer for a page of the portal that does not exist."""
    return show(visit, "missing.html", {"what": what}, status=404)


_HERE = {
    "owing.html": "owing",
    "usage.html": "usage",
    "meter.html": "usage",
    "events.html": "usage",
    "invoices.html": "invoices",
    "invoice.html": "invoices",
    "alerts.html": "alerts",
}


def show(
    visit: Visit, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page without the request: nobody is logged in here, no session is looked at."""
    desk = PushDesk.objects.first()
    notices = Notice.objects.filter(organization=visit.organization, ended_at=None)
    common = {
        "visit": visit,
        "query_string": visit.query_string,
        "here": _HERE.get(template, ""),
        "token": visit.token,
        "organization": visit.organization,
        "currency": visit.organization.currency,
        "tenant": visit.tenant,
        "now": visit.now,
        "notices": list(notices[:10]),
        "down_since": desk.down_since if desk else None,
    }
    page = render_to_string(f"billing/portal/{template}", {**common, **context})
    return HttpResponse(page, status=status)
