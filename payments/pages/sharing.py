"""The staff page by which a link is sent."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core.pages import StaffRequest, staff_page
from payments.models import PaymentLink
from payments.operations.sharing import LinkNotShareable, Shared, SharingInvalid, share_link
from payments.pages.records import note
from payments.share_form import ShareForm


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def link_share(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Send a link to one or several addresses."""
    link = get_object_or_404(PaymentLink, pk=pk)
    form = ShareForm(request.POST or None, has_end=link.expires_at is not None)
    if request.method == "POST" and form.is_valid():
        try:
            sent = share_link(
                link_id=pk, sharing=form.sharing(), by=request.user, now=timezone.now()
            )
        except SharingInvalid as refusal:
            form.show_refusal(refusal)
        except LinkNotShareable as error:
            messages.error(request, f"Nothing was sent. {error}")
            return _to_link(pk)
        else:
            _say(request, link, sent)
            return _to_link(pk)
    context = {"link": link, "form": form}
    status = 400 if form.errors else 200
    return TemplateResponse(request, "payments/staff/share.html", context, status=status)


def _say(request: StaffRequest, link: PaymentLink, sent: Shared) -> None:
    count = len(sent.letters)
    if count:
        words = f"{count} address{'es' if count > 1 else ''}"
        note(link, f"Sent to {words}", by=request.user)
        messages.success(request, f"On its way to {words}; see below what became of it.")
    if count < len(sent.recipients):
        messages.info(
            request,
            f"{len(sent.recipients) - count} got a letter with this link today already, and no"
            " second one. Their reminders are as you set them now.",
        )


def _to_link(pk: UUID) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('link', args=[pk])}#letters-title")
