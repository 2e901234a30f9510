"""How much waits on the page of today, for the page itself and for a row that is swapped on it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.http import QueryDict
from django.urls import reverse

from core.pages import StaffRequest
from core.periods import day_containing
from crm.forms import TodayFilterForm
from crm.pages.answers import back_of
from crm.queries.people import colleagues, team_names
from crm.queries.today import Counts, count_tasks, due_tasks


def tally_behind(request: StaffRequest, now: datetime) -> Counts | None:
    """Count what the page of today shows now that a row was acted on from; None from elsewhere."""
    address = urlsplit(back_of(request))
    if f"{address.path.rstrip('/')}/" != reverse("today"):
        return None
    form = TodayFilterForm(QueryDict(address.query), people=colleagues(), teams=team_names())
    if not form.is_valid():
        return None
    until = day_containing(now, request.tenant.zone).ends_at
    tasks = due_tasks(form.chosen(), until=until, now=now, user=request.user)
    return count_tasks(tasks, now=now)
