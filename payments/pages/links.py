"""Staff pages of payment links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.backoffice.timelines import timeline_of
from core.languages import ENGLISH, PARAMETER, known_language
from core.pages import StaffRequest, staff_page
from payments import queries
from payments.forms import LinkFilterForm, LinkForm, initial_of
from payments.models import LinkTemplate, PaymentLink, StripeAccount
from payments.operations.links import (
    LinkChangedMeanwhile,
    LinkInvalid,
    deactivate_link,
    edit_link,
    make_link,
    reactivate_link,
)
from payments.pages.records import note
from payments.queries_safety import open_alarms

PER_PAGE = 30
MOST_TRIES = 50


def to_link(pk: UUID) -> HttpResponse:
    """Redirect to the page of a link."""
    return HttpResponseRedirect(reverse("link", args=[pk]))


@require_safe
@staff_page()
def link_list(request: StaffRequest) -> HttpResponse:
    """List links, newest first, narrowed by what the address says."""
    now = timezone.now()
    form = LinkFilterForm(request.GET, currencies=queries.currencies_of_links())
    chosen = queries.LinkFilter(**form.cleaned_data) if form.is_valid() else None
    rows = queries.links(chosen, now=now) if chosen else PaymentLink.objects.none()
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "rows": [(link, link.status_at(now)) for link in page],
        "is_filtered": chosen != queries.LinkFilter(),
        "has_account": StripeAccount.objects.exists(),
    }
    status = 200 if chosen else 400
    return TemplateResponse(request, "payments/staff/links.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def link_new(request: StaffRequest) -> HttpResponse:
    """Make a link."""
    initial = {"currency": request.tenant.default_currency, "limit": "one"}
    initial |= _template_asked_for(request)
    form = LinkForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            link = make_link(by=request.user, now=timezone.now(), **form.fields_of_link())
        except LinkInvalid as refusal:
            form.show_refusal(refusal)
        else:
            messages.success(request, "The link is ready: copy its address and send it.")
            return to_link(link.pk)
    return _form_page(request, form, link=None)


def _template_asked_for(request: StaffRequest) -> dict[str, Any]:
    """Return what the template in the address fills in; nothing for one that is not there."""
    try:
        asked = UUID(request.GET.get("template", ""))
    except ValueError:
        return {}
    template = LinkTemplate.objects.filter(pk=asked).first()
    return initial_of(queries.link_like(template)) if template else {}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def link_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Edit a link; what it said before stays as a version."""
    link = get_object_or_404(PaymentLink, pk=pk)
    form = LinkForm(request.POST or None, initial=initial_of(link))
    if request.method == "POST" and form.is_valid():
        try:
            edited = edit_link(
                link_id=pk,
                changes=form.changes(),
                version=form.cleaned_data["seen_version"],
                by=request.user,
                now=timezone.now(),
            )
        except LinkInvalid as refusal:
            form.show_refusal(refusal)
        except LinkChangedMeanwhile:
            form.add_error(None, _changed_meanwhile(link))
            return _form_page(request, form, link, status=409)
        else:
            return _edited(request, link, edited)
    return _form_page(request, form, link)


def _changed_meanwhile(link: PaymentLink) -> str:
    return (
        f"Somebody else edited this link while you did ({link.title}, {link.amount.display()} now)."
        " Nothing of yours was saved. Open the page anew to see what it says."
    )


def _edited(request: StaffRequest, before: PaymentLink, after: PaymentLink) -> HttpResponse:
    if after.version != before.version:
        messages.success(request, "Saved. Payment pages that were open for it are being closed.")
    return to_link(after.pk)


def _form_page(
    request: StaffRequest, form: LinkForm, link: PaymentLink | None, status: int = 200
) -> HttpResponse:
    status = 400 if form.errors and status == 200 else status
    context = {
        "form": form,
        "link": link,
        "has_payments": link is not None and queries.has_payments(link),
    }
    return TemplateResponse(request, "payments/staff/link_form.html", context, status=status)


@require_safe
@staff_page()
def link_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show a link: its address, who tried, who paid, and what happened."""
    link = get_object_or_404(PaymentLink.objects.select_related("created_by"), pk=pk)
    context = {
        "link": link,
        "status": link.status_at(timezone.now()),
        "versions": queries.versions_of(link)[:MOST_TRIES],
        "has_account": StripeAccount.objects.exists(),
        "payments": queries.payments_of(link)[:MOST_TRIES],
        "tries": link.checkouts.select_related("link_version")[:MOST_TRIES],
        "alarms": open_alarms().filter(link=link),
        "timeline": timeline_of(link),
        **queries.letters_of(link),
    }
    return TemplateResponse(request, "payments/staff/link.html", context)


@require_safe
@staff_page()
def link_poster(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show the link's code and address to print, in the language of who will read it."""
    link = get_object_or_404(PaymentLink, pk=pk)
    context = {
        "link": link,
        "language": known_language(request.GET.get(PARAMETER)) or ENGLISH,
        "languages": settings.LANGUAGES,
    }
    return TemplateResponse(request, "payments/staff/poster.html", context)


@require_POST
@staff_page()
def link_switch_off(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Switch a link off."""
    said = "Switched off. Payment pages that were open for it are being closed."
    return _switch(request, pk, lambda: deactivate_link(link_id=pk, now=timezone.now()), said)


@require_POST
@staff_page()
def link_switch_on(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Switch a link on again."""
    said = "Switched on again."
    return _switch(request, pk, lambda: reactivate_link(link_id=pk, now=timezone.now()), said)


def _switch(
    request: StaffRequest, pk: UUID, switch: Callable[[], PaymentLink], said: str
) -> HttpResponse:
    before: Any = get_object_or_404(PaymentLink, pk=pk).version
    link = switch()
    if link.version != before:
        note(link, said.partition(".")[0], by=request.user)
    messages.success(request, said)
    return to_link(pk)
