"""Staff pages of one member: the story, and what can be done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.backoffice.stories import story_of
from core.backoffice.timelines import timeline_of
from core.pages import StaffRequest, staff_page
from subscriptions.forms import CancelForm, MoveForm, PauseForm, ReasonForm, SkipForm
from subscriptions.models import Club, ClubStatus, Subscription, SubscriptionStatus
from subscriptions.operations.moves import NotMovable, move_member
from subscriptions.operations.previews import preview_pause
from subscriptions.operations.skips import MonthNotOpen, skip_month, unskip_month
from subscriptions.operations.status import CommandInvalid, change_status
from subscriptions.operations.subscribing import ClubNotActive
from subscriptions.pages.clubs import members_of_customer
from subscriptions.queries.members import clubs_with_status
from subscriptions.queries.membership import membership_at
from subscriptions.queries.months import month_at, read_month, standing_skips
from subscriptions.queries.next_charges import next_charge

MOST = 30
Refusals = (CommandInvalid, NotMovable, ClubNotActive, MonthNotOpen)


def find_member(pk: UUID) -> Subscription:
    """Return a member, or raise Http404."""
    return get_object_or_404(Subscription.objects.select_related("club__tenant"), pk=pk)


def to_member(pk: UUID) -> HttpResponse:
    """Redirect to the page of a member."""
    return HttpResponseRedirect(reverse("club_member", args=[pk]))


@require_safe
@staff_page()
def member_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show a member: what they are, what comes, and everything that happened."""
    member, now = find_member(pk), timezone.now()
    context = {
        "member": member,
        "found": membership_at(member, now),
        "scheduled": member.changes.after(now),
        "skips": standing_skips(member, month_at(now, member.club)),
        "next_charge": next_charge(member, now),
        "others": members_of_customer(member),
        "skip_form": SkipForm(club=member.club, now=now),
        "timeline": timeline_of(member),
        "story": story_of(member, is_long="all" in request.GET),
    }
    return TemplateResponse(request, "subscriptions/member.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def member_pause(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask from when to when, show when the next charge would be, then pause."""
    member, now = find_member(pk), timezone.now()
    form = PauseForm(request.POST or None, club=member.club, now=now)
    context: dict[str, Any] = {"member": member, "form": form}
    if request.method != "POST" or not form.is_valid():
        context["next_charge"] = next_charge(member, now)
        status = 400 if form.errors else 200
        return TemplateResponse(request, "subscriptions/pause.html", context, status=status)
    asked = form.cleaned_data
    if "confirmed" not in request.POST:
        context["preview"] = preview_pause(
            subscription=member,
            starts_at=asked["starts_at"] or now,
            returns_at=asked["returns_at"],
            now=now,
        )
        return TemplateResponse(request, "subscriptions/pause_review.html", context)
    return _changed(
        request, member, SubscriptionStatus.PAUSED, "The member pauses.", now,
        details=asked["reason"], effective_at=asked["starts_at"], returns_at=asked["returns_at"],
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def member_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask why, then cancel from now on."""
    said = "Cancelled. The member can come back by Reactivate."
    return _ask(request, pk, CancelForm, SubscriptionStatus.CANCELLED, said)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def member_reactivate(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask why, then make the member active from now on."""
    return _ask(request, pk, ReasonForm, SubscriptionStatus.ACTIVE, "The member is active.")


def _ask(
    request: StaffRequest, pk: UUID, form_class: type[forms.Form], status: int, said: str
) -> HttpResponse:
    member, now = find_member(pk), timezone.now()
    form = form_class(request.POST or None) if request.method == "GET" else form_class(request.POST)
    if request.method != "POST" or not form.is_valid():
        context = {
            "member": member,
            "form": form if request.method == "POST" else form_class(),
            "cancels": status == SubscriptionStatus.CANCELLED,
            "next_charge": next_charge(member, now),
        }
        code = 400 if request.method == "POST" else 200
        return TemplateResponse(request, "subscriptions/confirm.html", context, status=code)
    return _changed(request, member, status, said, now, details=form.cleaned_data["reason"])


def _changed(
    request: StaffRequest,
    member: Subscription,
    status: int,
    said: str,
    now: datetime,
    **given: Any,
) -> HttpResponse:
    def change() -> bool:
        return change_status(
            reference=member.reference, status=status, by=request.user, now=now, **given
        ).changed

    return done(request, member.pk, change, said)


def done(request: StaffRequest, pk: UUID, verb: Callable[[], object], said: str) -> HttpResponse:
    """Do something to a member and tell what came of it; a verb that says False did nothing."""
    try:
        with transaction.atomic():
            result = verb()
    except Refusals as error:
        messages.error(request, f"{error} Nothing was changed.")
    else:
        if result is False or result is None:
            messages.info(request, "That is so already. Nothing was changed.")
        else:
            messages.success(request, said)
    return to_member(pk)


@require_POST
@staff_page()
def member_skip(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Leave the member out of a month's run."""
    member, now = find_member(pk), timezone.now()
    form = SkipForm(request.POST, club=member.club, now=now)
    if not form.is_valid():
        messages.error(request, "Choose one of the months of the list. Nothing was changed.")
        return to_member(pk)
    month, reason = form.cleaned_data["month"], form.cleaned_data["reason"]
    return done(
        request, pk,
        lambda: skip_month(
            reference=member.reference, month=month, reason=reason, by=request.user, now=now
        ),
        f"{month:%B %Y} is skipped.",
    )  # fmt: skip


@require_POST
@staff_page()
def member_unskip(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take a skipped month back."""
    member = find_member(pk)
    try:
        month = read_month(request.POST.get("month", ""))
    except ValueError as error:
        messages.error(request, str(error))
        return to_member(pk)
    return done(
        request, pk,
        lambda: unskip_month(
            reference=member.reference, month=month, by=request.user, now=timezone.now()
        ),
        f"{month:%B %Y} is not skipped any more.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def member_move(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask for the new club, then move the member."""
    member, now = find_member(pk), timezone.now()
    clubs = list(clubs_with_status(now).filter(status=ClubStatus.ACTIVE)[:200])
    form = MoveForm(request.POST or None, clubs=clubs, member=member)
    if request.method != "POST" or not form.is_valid():
        status = 400 if form.errors else 200
        context = {"member": member, "form": form, "can_move": len(clubs) > 1 or bool(form.fields)}
        return TemplateResponse(request, "subscriptions/move.html", context, status=status)
    club = Club.objects.select_related("tenant").get(number=form.cleaned_data["club"])
    try:
        with transaction.atomic():
            moved = move_member(
                reference=member.reference, club=club, reason=form.cleaned_data["reason"],
                by=request.user, now=now,
            )  # fmt: skip
    except Refusals as error:
        messages.error(request, f"{error} Nothing was changed.")
        return to_member(pk)
    messages.success(request, f"Moved to {club.name}. To take it back, move the member back.")
    return to_member(moved.joined_id)
