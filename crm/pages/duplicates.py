"""The worklist of leads that may be one person: side by side, merged or told apart."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.invalid import FieldsInvalid
from core.pages import StaffRequest, staff_page
from crm.models import Lead, LeadStage
from crm.operations.duplicates import tell_apart
from crm.operations.merge import CHOOSABLE, merge_leads
from crm.operations.stages import LeadMerged
from crm.pages.answers import actor
from crm.queries.duplicates import MOST_PAIRS, duplicate_pairs, likeness
from crm.queries.people import team_names

LABELS = {
    "name": "Name",
    "email": "E-mail",
    "phone": "Phone",
    "source": "Source",
    "source_id": "Source id",
    "stage": "Stage",
    "owner": "Looked after by",
    "next_action": "Next action",
}


@require_safe
@staff_page()
def duplicate_list(request: StaffRequest) -> HttpResponse:
    """Show pairs of leads with the same e-mail or phone, most alike first."""
    pairs = duplicate_pairs()
    context = {"pairs": pairs, "is_cut": len(pairs) >= MOST_PAIRS, "teams": team_names()}
    return TemplateResponse(request, "crm/data/duplicates.html", context)


@require_POST
@staff_page()
def duplicate_apart(request: StaffRequest, pk: UUID, other: UUID) -> HttpResponse:
    """Remember that two leads are two people."""
    try:
        tell_apart(lead_id=pk, other_id=other, by=actor(request))
    except (Lead.DoesNotExist, FieldsInvalid) as error:
        raise Http404(str(error)) from error
    messages.success(request, "Kept apart: this pair will not come up again.")
    return _to_list()


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def lead_merge(request: StaffRequest, pk: UUID, other: UUID) -> HttpResponse:
    """Choose what of two leads stays, and merge the second into the first."""
    if pk == other:
        raise Http404("One lead is no pair.")
    survivor = get_object_or_404(Lead.objects.select_related("owner"), pk=pk)
    duplicate = get_object_or_404(Lead.objects.select_related("owner"), pk=other)
    if request.method == "POST":
        return _merge(request, survivor, duplicate)
    if survivor.merged_into_id or duplicate.merged_into_id:
        return _told(request, survivor.merged_into_id or duplicate.merged_into_id)
    return _page(request, survivor, duplicate)


def _merge(request: StaffRequest, survivor: Lead, duplicate: Lead) -> HttpResponse:
    keep = {name: request.POST[f"keep_{name}"] for name in CHOOSABLE if f"keep_{name}" in
            request.POST}  # fmt: skip
    try:
        with transaction.atomic():
            lead = merge_leads(
                survivor_id=survivor.pk,
                duplicate_id=duplicate.pk,
                keep=keep,
                by=actor(request),
                now=timezone.now(),
            )
    except LeadMerged as error:
        return _told(request, error.survivor_id)
    except Lead.DoesNotExist as error:
        raise Http404(str(error)) from error
    except FieldsInvalid as refusal:
        for wrong in refusal.errors:
            messages.error(request, f"Nothing was merged. {wrong.detail}")
        return _page(request, survivor, duplicate, status=400)
    messages.success(request, f"Merged: {lead.name} has everything of both now.")
    return HttpResponseRedirect(reverse("lead", args=[lead.pk]))


def _told(request: StaffRequest, survivor_id: UUID | None) -> HttpResponse:
    messages.warning(request, "Somebody merged one of these two before. Nothing was changed.")
    if survivor_id is None or not Lead.objects.filter(pk=survivor_id).exists():
        return _to_list()
    return HttpResponseRedirect(reverse("lead", args=[survivor_id]))


def _to_list() -> HttpResponse:
    return HttpResponseRedirect(reverse("duplicates"))


def _page(
    request: StaffRequest, survivor: Lead, duplicate: Lead, status: int = 200
) -> HttpResponse:
    stages = dict(LeadStage.objects.values_list("key", "name"))
    like = likeness(
        survivor,
        name=duplicate.name,
        email=duplicate.email_normalised,
        phone=duplicate.phone_normalised,
    )
    context: dict[str, Any] = {
        "survivor": survivor,
        "duplicate": duplicate,
        "likeness": like,
        "choices": [_choice(name, survivor, duplicate, stages) for name in CHOOSABLE],
        "teams": team_names(),
    }
    return TemplateResponse(request, "crm/data/merge.html", context, status=status)


def _choice(name: str, survivor: Lead, duplicate: Lead, stages: dict[str, str]) -> dict[str, Any]:
    """Return a line of the comparison; the duplicate's is chosen where the survivor has none."""
    ours, theirs = getattr(survivor, name), getattr(duplicate, name)
    shown = [stages.get(value, value) if name == "stage" else value for value in (ours, theirs)]
    return {
        "name": name,
        "label": LABELS[name],
        "ours": shown[0],
        "theirs": shown[1],
        "is_same": (ours or "") == (theirs or ""),
        "theirs_wins": not ours and bool(theirs),
    }
