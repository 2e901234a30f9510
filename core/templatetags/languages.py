"""Let visitors of public pages choose a language."""

from __future__ import annotations

from typing import Any

from django import template

from core.languages import choices

register = template.Library()


@register.inclusion_tag("core/_languages.html", takes_context=True)
def language_links(context: dict[str, Any]) -> dict[str, Any]:
    """Show a link for each language; pages rendered without a request give `query` themselves."""
    request = context.get("request")
    query = request.META.get("QUERY_STRING", "") if request else context.get("query_string", "")
    return {"languages": choices(query)}
