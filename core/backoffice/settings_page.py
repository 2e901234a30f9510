"""The page of the company's settings."""

from __future__ import annotations

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from core.backoffice.sections import ADMINS, sections_of
from core.pages import StaffRequest, staff_page


@require_safe
@staff_page(roles=ADMINS)
def settings_page(request: StaffRequest) -> HttpResponse:
    """List what there is to set, with how it is set now."""
    context = {"sections": sections_of(request.user, request.tenant)}
    return TemplateResponse(request, "core/settings.html", context)
