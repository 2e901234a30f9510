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
from payments.models import PaymentLink, StripeAccount
from payments.operations.links import (
    LinkChangedMeanwhile,
    LinkInvalid,
    LinkPaidAlready,
    deactivate_link,
    edit_link,
    make_link,
    reactivate_link,
)
from payments.pages.records import note

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


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def link_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Edit a link that nobody has paid."""
    link = get_object_or_404(PaymentLink, pk=pk)
    form = LinkForm(request.POST or None, initial=initial_of(link))
    if request.method == "POST" and form.is_valid():
        try:
            edit_link(
                link_id=pk,
                changes=form.changes(),
                version=form.cleaned_data["seen_version"],
                now=timezone.now(),
            )
        except LinkInvalid as refusal:
            form.show_refusal(refusal)
        except LinkChangedMeanwhile:
            form.add_error(None, _changed_meanwhile(link))
            return _form_page(request, form, link, status=409)
        except LinkPaidAlready as error:
            messages.error(request, f"Nothing was changed. {error}")
            return to_link(pk)
        else:
            return _edited(request, link, form)
    return _form_page(request, form, link)


def _changed_meanwhile(link: PaymentLink) -> str:
    return (
        f"Somebody else edited this link while you did ({link.title}, {link.amount.display()} now)."
        " Nothing of yours was saved. Open the page anew to see what it says."
    )


def _edited(request: StaffRequest, link: PaymentLink, form: LinkForm) -> HttpResponse:
    changed = [str(form.fields[name].label or name) for name in form.changed_data]
    if changed:
        note(link, f"Edited: {', '.join(changed).lower()}", by=request.user)
        messages.success(request, "Saved. Payment pages that were open for it are being closed.")
    return to_link(link.pk)


def _form_page(
    request: StaffRequest, form: LinkForm, link: PaymentLink | None, status: int = 200
) -> HttpResponse:
    status = 400 if form.errors and status == 200 else status
    context = {"form": form, "link": link}
    return TemplateResponse(request, "payments/staff/link_form.html", context, status=status)


@require_safe
@staff_page()
def link_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show a link: its address, who tried, who paid, and what happened."""
    link = get_object_or_404(PaymentLink.objects.select_related("created_by"), pk=pk)
    context = {
        "link": link,
        "status": link.status_at(timezone.now()),
        "is_editable": queries.is_editable(link),
        "has_account": StripeAccount.objects.exists(),
        "payments": queries.payments_of(link)[:MOST_TRIES],
        "tries": link.checkouts.all()[:MOST_TRIES],
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
