"""Staff pages of clubs: the list, one club, and its status."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from core.backoffice.timelines import timeline_of
from core.models import User
from core.pages import StaffRequest, staff_page
from subscriptions.forms import ClubStatusForm, MemberFilterForm
from subscriptions.models import Club, Subscription
from subscriptions.operations.clubs import set_club_status
from subscriptions.queries.members import (
    MemberPage,
    club_lines,
    clubs_with_status,
    member_page,
    members_with_status,
    next_run_date,
)
from subscriptions.queries.next_charges import outlooks
from subscriptions.queries.runs import members_by_status

PER_PAGE = 30
ADMINS = frozenset({User.Role.ADMIN.value})
LARGEST_INTEGER = 2**31 - 1


def find_club(number: int) -> Any:
    """Return a club with its status now, or raise Http404."""
    rows = clubs_with_status(timezone.now())
    found = rows.filter(number=number).first() if number <= LARGEST_INTEGER else None
    if found is None:
        raise Http404("There is no club with this id.")
    return found


@require_safe
@staff_page()
def club_list(request: StaffRequest) -> HttpResponse:
    """List the clubs with status, members, and when each charges next."""
    now = timezone.now()
    page = Paginator(clubs_with_status(now), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "lines": club_lines(list(page), now)}
    return TemplateResponse(request, "subscriptions/clubs.html", context)


@require_safe
@staff_page()
def club_detail(request: StaffRequest, number: int) -> HttpResponse:
    """Show a club: its members, narrowed by what the address says, its runs and its history."""
    club, now = find_club(number), timezone.now()
    form = MemberFilterForm(request.GET)
    page = _page(request, form, club)
    runs = list(club.runs.all()[:12])
    context = {
        "club": club,
        "form": form,
        "outlooks": outlooks(page.members, club, now) if page else [],
        "next_cursor": page.next_cursor if page else "",
        "is_filtered": bool(form.is_valid() and any(form.cleaned_data.values())),
        "counts": members_by_status(club, now),
        "runs": runs,
        "open_run": next((run for run in runs if run.is_open), None),
        "next_run": next_run_date(club, runs, now),
        "timeline": timeline_of(club),
    }
    status = 200 if page else 400
    return TemplateResponse(request, "subscriptions/club.html", context, status=status)


def _page(request: StaffRequest, form: MemberFilterForm, club: Club) -> MemberPage | None:
    if not form.is_valid():
        return None
    rows = members_with_status(timezone.now()).filter(club=club)
    if form.cleaned_data["status"] is not None:
        rows = rows.filter(status=form.cleaned_data["status"])
    wanted = form.cleaned_data["customer"]
    if wanted:
        rows = rows.filter(Q(customer_store_id=wanted) | Q(reference=wanted))
    try:
        return member_page(rows, cursor=request.GET.get("cursor", ""), size=PER_PAGE)
    except ValueError:
        form.add_error(None, "This page cannot be found. Begin at the first one.")
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def club_status(request: StaffRequest, number: int) -> HttpResponse:
    """Open, close or switch off a club."""
    club = find_club(number)
    form = ClubStatusForm(request.POST or None, initial={"status": club.status})
    if request.method != "POST" or not form.is_valid():
        context = {"club": club, "form": form}
        status = 400 if form.errors else 200
        return TemplateResponse(request, "subscriptions/club_status.html", context, status=status)
    changed = set_club_status(
        club=club,
        status=form.cleaned_data["status"],
        details=form.cleaned_data["details"],
        by=request.user,
        now=timezone.now(),
    )
    if changed is None:
        messages.info(request, "The club is that already. Nothing was changed.")
    else:
        messages.success(request, "The club's status was changed, from now on.")
    return HttpResponseRedirect(reverse("club", args=[number]))


def members_of_customer(subscription: Subscription) -> list[Any]:
    """Return the customer's other subscriptions, each with its status."""
    rows = members_with_status(timezone.now()).select_related("club")
    same = rows.filter(customer_store_id=subscription.customer_store_id)
    return list(same.exclude(pk=subscription.pk)[:PER_PAGE])
