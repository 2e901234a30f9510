"""The push desk: what is on its way to Stripe, how fast, and what needs a person."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from billing.models import Push
from billing.operations.push.desk import (
    desk_of,
    pause_pushes,
    request_new_draft,
    resume_pushes,
    retry_push,
    retry_pushes,
)
from billing.queries.push_desk import TOLD_AFTER, push_progress, pushes_in_trouble, pushes_of
from core.models import User
from core.pages import StaffRequest, staff_page

PER_PAGE = 30
ADMINS = frozenset({User.Role.ADMIN.value})


class PauseForm(forms.Form):
    """Why nothing is to go out."""

    reason = forms.CharField(max_length=300, required=True, label="Why")


@require_safe
@staff_page()
def push_page(request: StaffRequest) -> HttpResponse:
    """Show the desk; all of it works without JavaScript, which only keeps it fresh."""
    now, desk = timezone.now(), desk_of()
    shown = request.GET.get("state", "")
    shown = shown if shown in Push.State.values else ""
    rows = pushes_of(shown) if shown else pushes_in_trouble()
    is_silent = desk.down_since is not None and now - desk.down_since >= TOLD_AFTER
    context = {
        "desk": desk,
        "progress": push_progress(now),
        "is_silent": is_silent,
        "states": Push.State.choices,
        "shown": shown,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "now": now,
    }
    return TemplateResponse(request, "billing/push.html", context)


@require_POST
@staff_page(roles=ADMINS)
def push_pause(request: StaffRequest) -> HttpResponse:
    """Begin no push any more."""
    form = PauseForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why in up to 300 letters, so that the others know.")
        return _back()
    pause_pushes(reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
    messages.success(request, "Paused. What was under way is finished; nothing else is begun.")
    return _back()


@require_POST
@staff_page(roles=ADMINS)
def push_resume(request: StaffRequest) -> HttpResponse:
    """Go on."""
    resume_pushes(now=timezone.now())
    messages.success(request, "Invoices go out again.")
    return _back()


@require_POST
@staff_page(roles=ADMINS)
def push_retry_all(request: StaffRequest) -> HttpResponse:
    """Try all again that wait or were stopped."""
    count = retry_pushes(now=timezone.now())
    messages.success(request, f"{count} are tried again now." if count else "Nothing waits.")
    return _back()


@require_POST
@staff_page(roles=ADMINS)
def push_turn(request: StaffRequest, pk: UUID, verb: str) -> HttpResponse:
    """Try one again, or have its wrong draft thrown away and made anew."""
    if not Push.objects.filter(pk=pk).exists():
        raise Http404("There is no such push.")
    if verb == "retry":
        is_done = retry_push(push_id=pk, now=timezone.now())
        words = "It is tried again now. What stands at Stripe is read first."
    else:
        is_done = request_new_draft(push_id=pk, now=timezone.now())
        words = "Its draft at Stripe is deleted and made anew by the next worker."
    if is_done:
        messages.success(request, words)
    else:
        messages.info(request, "It is under way or done, so nothing was changed.")
    return _back()


def _back() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("billing_push"))
