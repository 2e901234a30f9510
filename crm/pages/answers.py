"""What the pages of the CRM share: who acts, and where to go back to."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from core.pages import StaffRequest
from crm.operations.timeline import Actor


def actor(request: StaffRequest) -> Actor:
    """Return the person at the page as who acts."""
    return Actor(user=request.user)


def back_of(request: HttpRequest, default: str = "") -> str:
    """Return the page of ours that an action was started from."""
    back = request.POST.get("back") or request.GET.get("back") or ""
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return back if is_ours else default or reverse("today")


def go_back(
    request: StaffRequest, said: str = "", *, level: int = messages.SUCCESS
) -> HttpResponse:
    """Redirect to where the action was started, and say there what came of it."""
    if said:
        messages.add_message(request, level, said)
    return HttpResponseRedirect(back_of(request))


def is_partial(request: HttpRequest) -> bool:
    """Return whether htmx asks for a piece of a page."""
    return request.headers.get("HX-Request") == "true"


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, also if it is nothing at all; None for a page that is only opened."""
    return request.POST if request.method == "POST" else None
