"""One lead: everything that concerns the person, and what can be done next."""

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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.invalid import FieldsInvalid
from core.pages import StaffRequest, staff_page
from crm.forms import ApplicationForm, NextActionForm, NoteForm, TaskForm
from crm.forms.base import CrmForm, to_id
from crm.forms.leads import initial_of_application
from crm.models import Application, ApplicationStage, Lead, LeadStage, Task
from crm.operations.applications import FeeAskedAlready, add_application, edit_application
from crm.operations.leads import edit_lead
from crm.operations.stages import LeadMerged
from crm.operations.tasks import create_task
from crm.operations.timeline import add_note
from crm.pages.answers import actor, back_of, posted
from crm.pages.leads import to_lead
from crm.queries.fees import fee_standings
from crm.queries.lead_timeline import timeline_of_lead
from crm.queries.leads import applications_of, same_person
from crm.queries.people import colleagues, team_names
from crm.queries.pipeline import is_late


def find_lead(pk: UUID) -> Lead:
    """Return a lead with what its page shows, or raise Http404."""
    return get_object_or_404(Lead.objects.select_related("owner", "merged_into"), pk=pk)


def to_application(application: Application) -> HttpResponse:
    """Redirect to where an application stands on its lead's page."""
    url = reverse("lead", args=[application.lead_id])
    return HttpResponseRedirect(f"{url}#application-{application.pk}")


@require_safe
@staff_page()
def lead_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show a lead; one that was merged leads on to the lead that goes on in its place."""
    lead = find_lead(pk)
    if lead.merged_into_id is not None and "merged" not in request.GET:
        messages.info(request, f"{lead.name} was merged into this lead; its timeline is in here.")
        return to_lead(lead.merged_into_id)
    return _page(request, lead)


def _page(request: StaffRequest, lead: Lead, **bound: CrmForm) -> HttpResponse:
    """Show a lead, with the form that was filled in wrongly, if any, in its place."""
    now, people = timezone.now(), colleagues()
    stages = {stage.key: stage for stage in LeadStage.objects.all()}
    timeline, has_more = timeline_of_lead(lead, is_long="all" in request.GET)
    context: dict[str, Any] = {
        "lead": lead,
        "now": now,
        "back": reverse("lead", args=[lead.pk]),
        "stage": stages[lead.stage],
        "is_late": is_late(stages[lead.stage], lead.stage_since, now),
        "is_next_late": bool(lead.next_action_at and lead.next_action_at < now),
        "teams": team_names(),
        "people": people,
        "task_types": Task.Type.choices,
        "applications": _applications(lead, now),
        "timeline": timeline,
        "duplicates": same_person(lead),
        "has_more": has_more,
        "note_form": NoteForm(),
        "task_form": TaskForm(people=people),
        "next_form": NextActionForm(initial=_next_of(lead)),
        **bound,
    }
    status = HTTPStatus.BAD_REQUEST if bound else HTTPStatus.OK
    return TemplateResponse(request, "crm/lead.html", context, status=status)


def _applications(lead: Lead, now: datetime) -> list[dict[str, Any]]:
    stages = {stage.key: stage for stage in ApplicationStage.objects.all()}
    found = applications_of(lead)
    return [
        {
            "row": application,
            "fee": fee,
            "stage": stages[application.stage],
            "is_late": is_late(stages[application.stage], application.stage_since, now),
            "tasks": [(task, task.is_overdue_at(now)) for task in application.shown_tasks],  # type: ignore[attr-defined]
        }
        for application, fee in zip(found, fee_standings(found), strict=True)
    ]


def _next_of(lead: Lead) -> dict[str, Any]:
    at = lead.next_action_at
    return {
        "next_action": lead.next_action,
        "next_action_at": at and at.replace(second=0, microsecond=0),
    }


@require_POST
@staff_page()
def lead_note(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Add a note to a lead's timeline."""
    lead, form = find_lead(pk), NoteForm(request.POST)
    if form.is_valid():
        try:
            add_note(lead_id=pk, by=actor(request), now=timezone.now(), **form.cleaned_data)
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        else:
            messages.success(request, "Noted.")
            return to_lead(pk)
    return _page(request, lead, note_form=form)


@require_POST
@staff_page()
def lead_next_action(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say what comes next with a lead; both fields empty: it is done."""
    lead, form = find_lead(pk), NextActionForm(request.POST)
    if form.is_valid():
        try:
            edit_lead(lead_id=pk, changes=form.cleaned_data, by=actor(request), now=timezone.now())
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        except LeadMerged as error:
            messages.warning(request, str(error))
            return to_lead(error.survivor_id or pk)
        else:
            is_done = not (form.cleaned_data["next_action"] or form.cleaned_data["next_action_at"])
            said = f"Nothing is planned with {lead.name} now." if is_done else "Saved what is next."
            messages.success(request, said)
            return HttpResponseRedirect(back_of(request, reverse("lead", args=[pk])))
    return _page(request, lead, next_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def application_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Add an application to a lead."""
    lead = find_lead(pk)
    initial = {"currency": request.tenant.default_currency}
    form = ApplicationForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            application = add_application(
                lead_id=pk,
                by=actor(request),
                now=timezone.now(),
                **form.fields_of_application(),
            )
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        except LeadMerged as error:
            messages.warning(request, str(error))
            return to_lead(error.survivor_id or pk)
        else:
            messages.success(request, "Application added.")
            return to_application(application)
    return _application_page(request, form, lead)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def application_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Edit an application; its fee stays while it is being paid and after."""
    application = find_application(pk)
    initial = initial_of_application(application, request.tenant.default_currency)
    form = ApplicationForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                edit_application(
                    application_id=pk,
                    changes=form.fields_of_application(),
                    by=actor(request),
                    now=timezone.now(),
                )
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        except FeeAskedAlready as error:
            form.add_error("fee", str(error))
            return _application_page(
                request, form, application.lead, application, status=HTTPStatus.CONFLICT
            )
        else:
            messages.success(request, "Saved.")
            return to_application(application)
    return _application_page(request, form, application.lead, application)


def find_application(pk: UUID) -> Application:
    """Return an application with its lead, or raise Http404."""
    return get_object_or_404(Application.objects.select_related("lead"), pk=pk)


def _application_page(
    request: StaffRequest,
    form: ApplicationForm,
    lead: Lead,
    application: Application | None = None,
    status: int = 200,
) -> HttpResponse:
    status = HTTPStatus.BAD_REQUEST if form.errors and status == 200 else status
    context = {"form": form, "lead": lead, "application": application}
    return TemplateResponse(request, "crm/application_form.html", context, status=status)


@require_safe
@staff_page()
def application_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Lead to where an application stands on its lead's page."""
    return to_application(find_application(pk))


@require_POST
@staff_page()
def task_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Add a task to an application."""
    application = find_application(pk)
    form = TaskForm(request.POST, people=colleagues())
    if form.is_valid():
        data = form.cleaned_data
        try:
            create_task(
                application_id=pk,
                task_type=data["type"],
                due_at=data["due_at"],
                assignee_id=to_id(data["assignee"]),
                note=data["note"],
                by=actor(request),
                now=timezone.now(),
            )
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        else:
            messages.success(request, "Task added.")
            return to_application(application)
    lead = find_lead(application.lead_id)
    form.application_id = pk  # type: ignore[attr-defined]
    return _page(request, lead, task_form=form)
