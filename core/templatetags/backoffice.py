"""Template tags of the staff shell: the header's entries, the search, the company in hand."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

from core.backoffice.navigation import NavItem, menus_of, navigation_of
from core.models import Tenant

register = template.Library()


@register.simple_tag(takes_context=True)
def staff_navigation(context: Context) -> list[dict[str, Any]]:
    """Return the header's menus for the person who asks, the current entry marked.

    Each has `items`, with title, url and `is_current`; an entry by itself is in a menu without
    a title.
    """
    request = context["request"]
    if staff_tenant(context) is None:
        return []
    items = navigation_of(request.user)
    urls = {item.title: str(item.url()) for item in items}
    matching = [url for url in urls.values() if request.path.startswith(url)]
    current = max(matching, key=len, default=None)
    return [_menu(title, group, urls, current) for title, group in menus_of(items)]


def _menu(
    title: str, group: list[NavItem], urls: dict[str, str], current: str | None
) -> dict[str, Any]:
    items = [
        {"title": item.title, "url": urls[item.title], "is_current": urls[item.title] == current}
        for item in group
    ]
    return {
        "title": title,
        "items": items,
        "is_current": any(item["is_current"] for item in items),
    }


@register.simple_tag(takes_context=True)
def staff_tenant(context: Context) -> Tenant | None:
    """Return the company whose rows the page shows, or None outside a scope."""
    return getattr(context.get("request"), "tenant", None)


@register.simple_tag(takes_context=True)
def staff_search_url(context: Context) -> str:
    """Return the address of the search, or nothing where no company is open."""
    return reverse("admin:search") if staff_tenant(context) else ""
