"""Show statuses and days of clubs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from babel.dates import format_date
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from subscriptions.models import ClubRun, ClubRunItem
from subscriptions.queries.words import club_status_word, status_word

register = template.Library()

_SUBSCRIPTION = {1: "good", 3: "wait"}
_CLUB = {1: "good", 2: "wait"}
_RUN = {"draft": "note", "running": "good", "stopped": "wait", "review": "bad"}
_ITEM = {"charged": "good", "failed": "bad", "unknown": "wait", "charging": "note"}


def _badge(kind: str, words: str) -> SafeString:
    return format_html('<span class="badge {}">{}</span>', kind, words[:1].upper() + words[1:])


@register.filter
def member_badge(status: int | None) -> SafeString:
    """Show what a member is."""
    return _badge(_SUBSCRIPTION.get(status or 0, ""), status_word(status))


@register.filter
def club_badge(status: int | None) -> SafeString:
    """Show what a club is."""
    return _badge(_CLUB.get(status or 0, ""), club_status_word(status))


@register.filter
def run_badge(run: ClubRun) -> SafeString:
    """Show how far a run is."""
    return _badge(_RUN.get(run.state, ""), run.get_state_display())


@register.filter
def item_badge(item: ClubRunItem) -> SafeString:
    """Show what became of a member in a run."""
    return _badge(_ITEM.get(item.state, ""), item.get_state_display())


@register.filter
def status_name(status: int | None) -> str:
    """Name the status of a member."""
    return status_word(status)


@register.filter
def day(when: date | datetime | None) -> str:
    """Show a day: `24 Dec 2026`."""
    return format_date(when, "d MMM y", locale="en") if when else "\N{EN DASH}"


@register.filter
def month_name(when: date) -> str:
    """Show a month: `December 2026`."""
    return format_date(when, "MMMM y", locale="en")


@register.filter
def count_of(counts: dict[Any, int], key: Any) -> int:
    """Return one count, 0 if there is none."""
    return counts.get(key, 0)
