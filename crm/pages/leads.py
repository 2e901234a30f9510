"""The list of leads, and the forms that add and edit one."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from core.invalid import FieldsInvalid
from core.pages import StaffRequest, staff_page
from crm.forms import AssignForm, LeadFilterForm, LeadForm, NewLeadForm
from crm.forms.leads import initial_of_lead
from crm.models import Lead, LeadStage
from crm.operations.leads import assign_lead, counselor_in_scope, create_lead, edit_lead
from crm.operations.stages import LeadMerged
from crm.pages.answers import actor, posted
from crm.queries import leads as queries
from crm.queries.duplicates import Match, possible_duplicates
from crm.queries.people import colleagues, team_names
from crm.queries.pipeline import is_late


def to_lead(pk: UUID) -> HttpResponse:
    """Redirect to the page of a lead."""
    return HttpResponseRedirect(reverse("lead", args=[pk]))


@require_safe
@staff_page()
def lead_list(request: StaffRequest) -> HttpResponse:
    """List leads, newest first, narrowed by what the address says."""
    now = timezone.now()
    stages, teams = list(LeadStage.objects.all()), team_names()
    form = LeadFilterForm(request.GET, people=colleagues(), teams=teams, stages=stages)
    chosen = form.chosen() if form.is_valid() else None
    context: dict[str, Any] = {
        "form": form,
        "now": now,
        "teams": teams,
        "stages": {stage.key: stage for stage in stages},
        "is_filtered": chosen != queries.LeadFilter(),
        "is_first_page": "after" not in request.GET,
    }
    if chosen:
        rows = queries.leads(chosen, now=now, time_zone=request.tenant.time_zone)
        page = queries.page_of_leads(rows, cursor=request.GET.get("after", ""))
        context["page"] = page
        context["rows"] = [(lead, _is_late(lead, context["stages"], now)) for lead in page.rows]
    status = HTTPStatus.OK if chosen else HTTPStatus.BAD_REQUEST
    return TemplateResponse(request, "crm/leads.html", context, status=status)


def _is_late(lead: Lead, stages: dict[str, LeadStage], now: datetime) -> bool:
    return is_late(stages[lead.stage], lead.stage_since, now)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def lead_new(request: StaffRequest) -> HttpResponse:
    """Add a lead; a counselor owns it unless they say otherwise."""
    initial = {"owner": str(counselor_in_scope() or "")}
    form = NewLeadForm(posted(request), people=colleagues(), teams=team_names(), initial=initial)
    if request.method == "POST" and form.is_valid():
        alike = _alike(form)
        # Whoever was shown these leads and adds theirs all the same has looked.
        sure = ",".join(str(match[0].pk) for match in alike)
        if alike and request.POST.get("sure") != sure:
            return _form_page(
                request, form, duplicates=alike, sure=sure, status=HTTPStatus.CONFLICT
            )
        try:
            lead = create_lead(
                by=actor(request), now=timezone.now(), **form.places(), **form.facts()
            )
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        else:
            messages.success(request, f"{lead.name} is a lead now.")
            return to_lead(lead.pk)
    return _form_page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def lead_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Edit what is known of a lead."""
    # Locked while it is saved: what the form has not seen cannot come in between.
    rows = Lead.objects.select_for_update() if request.method == "POST" else Lead.objects
    lead = get_object_or_404(rows, pk=pk)
    form = LeadForm(posted(request), initial=initial_of_lead(lead))
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["seen_version"] not in (None, lead.version):
            form.add_error(None, _changed_meanwhile(lead))
            return _form_page(request, form, lead, status=HTTPStatus.CONFLICT)
        try:
            edit_lead(lead_id=pk, changes=form.changes(), by=actor(request), now=timezone.now())
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        except LeadMerged as error:
            messages.warning(request, str(error))
            return to_lead(error.survivor_id or pk)
        else:
            messages.success(request, "Saved.")
            return to_lead(pk)
    return _form_page(request, form, lead)


def _changed_meanwhile(lead: Lead) -> str:
    return (
        f"Somebody else changed {lead.name} while you wrote. Nothing of yours was saved. "
        "Open the page anew to see what it says now."
    )


def _alike(form: LeadForm) -> list[Match]:
    """Return the leads that may be the person who is being added."""
    data = form.cleaned_data
    return possible_duplicates(name=data["name"], email=data["email"], phone=data["phone"])


def _form_page(
    request: StaffRequest,
    form: LeadForm,
    lead: Lead | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    status = HTTPStatus.BAD_REQUEST if form.errors and status == 200 else status
    context = {"form": form, "lead": lead, **more}
    return TemplateResponse(request, "crm/lead_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def lead_assign(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Hand a lead to a person, to teams, or both."""
    lead = get_object_or_404(Lead, pk=pk)
    initial = {"owner": str(lead.owner_id or ""), "teams": [str(t) for t in lead.team_ids]}
    form = AssignForm(posted(request), people=colleagues(), teams=team_names(), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                assign_lead(lead_id=pk, by=actor(request), now=timezone.now(), **form.places())
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        except LeadMerged as error:
            messages.warning(request, str(error))
            return to_lead(error.survivor_id or pk)
        else:
            messages.success(request, f"Saved who looks after {lead.name}.")
            return to_lead(pk)
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    context = {"form": form, "lead": lead}
    return TemplateResponse(request, "crm/lead_assign.html", context, status=status)
