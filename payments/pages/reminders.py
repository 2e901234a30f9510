"""Where a recipient ends reminders: asked on a page, since programs open the links of letters."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.models import Entry
from core.tenancy import scope
from payments.models import LinkRecipient
from payments.operations.sharing import stop_reminders
from payments.pages.privacy import public_page


@csrf_exempt  # a mailbox's own button sends it too (RFC 8058); the token is all that it takes
@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def reminders_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether reminders shall end; a POST ends them."""
    entry = Entry.find(Entry.Kind.LINK_RECIPIENT, token)
    told: dict[str, object] = {"query_string": request.META.get("QUERY_STRING", "")}
    if entry is None or not entry.tenant.is_active:
        page = render_to_string("payments/reminders/unknown.html", told)
        return HttpResponse(page, status=404)
    with scope(entry.tenant_id, role="public"):
        if request.method == "POST":
            found = stop_reminders(recipient_id=entry.target_id, now=timezone.now())
        else:
            rows = LinkRecipient.objects.select_related("link__tenant")
            found = rows.get(pk=entry.target_id)
        told |= {"recipient": found, "link": found.link, "tenant": found.link.tenant}
        return HttpResponse(render_to_string("payments/reminders/stop.html", told))
