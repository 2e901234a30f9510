"""The page of today: what waits, overdue first, and what was just done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.pages import StaffRequest, staff_page
from core.periods import Period, day_containing, start_of_day
from core.periods import today as date_in
from crm.forms import TodayFilterForm
from crm.models import PaymentRequest, Reminder, Task
from crm.operations.attention import dismiss_paid_fee, dismiss_reminder
from crm.pages.answers import go_back
from crm.queries import today as queries
from crm.queries.people import colleagues, team_names
from crm.queries.workload import QUIET_AFTER, workloads


@require_safe
@staff_page()
def today(request: StaffRequest) -> HttpResponse:
    """Show what waits today for this person and their teams; for admins, for everybody."""
    now = timezone.now()
    if request.GET.get("by") == "counselor":
        return _by_counselor(request, now)
    people, teams = colleagues(), team_names()
    form = TodayFilterForm(request.GET, people=people, teams=teams)
    chosen = form.chosen() if form.is_valid() else None
    context = {
        "form": form,
        "now": now,
        "teams": teams,
        "task_types": Task.Type.choices,
        "is_filtered": chosen != queries.TodayFilter(),
        "is_first_page": "after" not in request.GET,
        "back": request.get_full_path(),
        **(_waiting(request, chosen, now) if chosen else {}),
    }
    status = 200 if chosen else 400
    return TemplateResponse(request, "crm/today.html", context, status=status)


def _waiting(request: StaffRequest, chosen: queries.TodayFilter, now: datetime) -> dict[str, Any]:
    zone, user = request.tenant.zone, request.user
    day = _day(request, now)
    tasks = queries.due_tasks(chosen, until=day.ends_at, now=now, user=user)
    page = queries.page_of_tasks(tasks, cursor=request.GET.get("after", ""))
    leads, more_leads = queries.next_actions(chosen, until=day.ends_at, now=now, user=user)
    yesterday = start_of_day(date_in(now, zone) - timedelta(days=1), zone)
    return {
        "overdue": [task for task in page.rows if task.is_overdue_at(now)],
        "later": [task for task in page.rows if not task.is_overdue_at(now)],
        "next": page.next,
        "counts": queries.count_tasks(tasks, now=now),
        "most": queries.MOST_COUNTED,
        "leads": leads,
        "more_leads": more_leads,
        "done": queries.just_completed(user=user, now=now),
        "fees_unpaid": queries.fees_unpaid(),
        "fees_paid": queries.fees_paid(since=yesterday),
        "reminders": queries.reminders_of(user),
    }


def _day(request: StaffRequest, now: datetime) -> Period:
    return day_containing(now, request.tenant.zone)


def _by_counselor(request: StaffRequest, now: datetime) -> HttpResponse:
    if not request.user.is_admin:
        raise PermissionDenied("Only admins see the work of everybody.")
    loads = workloads(day=_day(request, now), now=now)
    context = {"loads": loads, "now": now, "quiet_days": QUIET_AFTER.days}
    return TemplateResponse(request, "crm/today_by_counselor.html", context)


@require_POST
@staff_page()
def reminder_dismiss(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take a reminder of one's own off the page."""
    get_object_or_404(Reminder, pk=pk, user=request.user)
    dismiss_reminder(reminder_id=pk, user=request.user, now=timezone.now())
    return go_back(request, "Reminder taken off.")


@require_POST
@staff_page()
def fee_dismiss(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take the good news of a paid fee off the page, for everybody."""
    get_object_or_404(PaymentRequest, pk=pk, state=PaymentRequest.State.PAID)
    dismiss_paid_fee(request_id=pk, now=timezone.now())
    return go_back(request, "Taken off; the lead's timeline keeps it.")
