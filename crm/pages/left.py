"""The worklist of leads whose owner left, to be handed on many at a time."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core.models import User
from core.pages import StaffRequest, staff_page
from crm.models import LeadStage
from crm.operations.handover import hand_over
from crm.pages.answers import actor
from crm.queries.deadlines import leads_of_people_who_left
from crm.queries.people import colleagues, team_names

PER_PAGE = 100


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=frozenset({User.Role.ADMIN.value}))
def leads_left(request: StaffRequest) -> HttpResponse:
    """Show leads of people who can no longer log in; hand the chosen ones to somebody."""
    if request.method == "POST":
        return _hand_over(request)
    leads = leads_of_people_who_left().select_related("owner")
    context = {
        "leads": leads.order_by("owner__name", "created_at", "id")[:PER_PAGE],
        "count": leads.count(),
        "people": colleagues(),
        "teams": team_names(),
        "stages": dict(LeadStage.objects.values_list("key", "name")),
    }
    return TemplateResponse(request, "crm/data/left.html", context)


def _hand_over(request: StaffRequest) -> HttpResponse:
    chosen = _ids(request.POST.getlist("lead"))
    people = {str(person.pk): person for person in colleagues()}
    person = people.get(request.POST.get("owner", ""))
    if person is None or not chosen:
        messages.error(request, "Nothing was changed: choose leads, and who looks after them now.")
    else:
        done = hand_over(lead_ids=chosen, owner=person, by=actor(request), now=timezone.now())
        messages.success(request, f"{person} looks after {done} of {len(chosen)} leads now.")
    return HttpResponseRedirect(reverse("leads_left"))


def _ids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts[:PER_PAGE]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
