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
    current = _current(items, request.path)
    return [_menu(title, group, current) for title, group in menus_of(items)]


def _current(items: list[NavItem], path: str) -> NavItem | None:
    """Return the entry whose beginning of the path is the longest."""
    found = [(len(start), item) for item in items for start in (str(item.url()), *item.covers)
             if path.startswith(start)]  # fmt: skip
    return max(found, key=lambda one: one[0])[1] if found else None


def _menu(title: str, group: list[NavItem], current: NavItem | None) -> dict[str, Any]:
    items = [
        {"title": item.title, "url": str(item.url()), "is_current": item is current}
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
