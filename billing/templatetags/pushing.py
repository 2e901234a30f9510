"""How the push desk shows states and spans of time."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.models import Push

register = template.Library()

_KINDS = {
    "queued": "note", "waiting": "wait", "mismatch": "bad", "blocked": "bad", "done": "good",
    "dropped": "",
}  # fmt: skip


@register.filter
def push_badge(push: Push) -> SafeString:
    """Show how far a push is."""
    kind = _KINDS.get(push.state, "")
    return format_html('<span class="badge {}">{}</span>', kind, push.get_state_display())


@register.filter
def span(seconds: float) -> str:
    """Show a span of time as one would say it: `about 3 h 20 min`."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    hours, minutes = divmod(minutes, 60)
    return f"about {hours} h {minutes} min" if hours else f"about {minutes} min"


@register.filter
def count_in(counts: dict[str, int], state: Any) -> int:
    """Return how many are in a state."""
    return counts.get(str(state), 0)
