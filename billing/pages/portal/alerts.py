"""Alerts and the spend limit, as the developer sets them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from billing.models import Alert
from billing.pages.portal.gate import Visit, portal_page, show


@require_safe
@portal_page
def alerts(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show alerts and the spend limit."""
    rows = Alert.objects.filter(organization=visit.organization, ended_at=None)
    return show(visit, "alerts.html", {"alerts": list(rows.select_related("meter"))})
