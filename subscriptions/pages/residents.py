"""The page of a resident: where they live and lived, their rents, and all else that is known."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from core.backoffice.stories import story_of
from core.operations.audit import saw
from core.pages import StaffRequest, staff_page
from subscriptions.models import Resident
from subscriptions.queries.cases import rents_of_resident

MOST_LEASES, MOST_RENTS = 30, 24


@require_safe
@staff_page()
def resident_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show a resident with leases, newest rents, and the story of the person."""
    resident = get_object_or_404(Resident, pk=pk)
    saw(resident, "a resident", by=request.user)
    context = {
        "resident": resident,
        "leases": resident.leases.select_related("house", "room", "tenant")[:MOST_LEASES],
        "rents": rents_of_resident(resident)[:MOST_RENTS],
        "story": story_of(resident, is_long="all" in request.GET),
    }
    return TemplateResponse(request, "subscriptions/resident.html", context)
