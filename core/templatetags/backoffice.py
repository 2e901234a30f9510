"""Template tags of the staff shell: the header's entries, the search, the company in hand."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

from core.backoffice.navigation import navigation_of
from core.models import Tenant

register = template.Library()


@register.simple_tag(takes_context=True)
def staff_navigation(context: Context) -> list[dict[str, Any]]:
    """Return the header's entries for the person who asks, the current one marked."""
    request = context["request"]
    if staff_tenant(context) is None:
        return []
    items = [{"title": i.title, "url": str(i.url())} for i in navigation_of(request.user)]
    matching = [i["url"] for i in items if request.path.startswith(i["url"])]
    current = max(matching, key=len, default=None)
    return [{**item, "is_current": item["url"] == current} for item in items]


@register.simple_tag(takes_context=True)
def staff_tenant(context: Context) -> Tenant | None:
    """Return the company whose rows the page shows, or None outside a scope."""
    return getattr(context.get("request"), "tenant", None)


@register.simple_tag(takes_context=True)
def staff_search_url(context: Context) -> str:
    """Return the address of the search, or nothing where no company is open."""
    return reverse("admin:search") if staff_tenant(context) else ""
