"""Times in the words of the pages, in the zone that is active."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def due_words(when: datetime, now: datetime) -> str:
    """Return a moment as people say it: `Today, 14:30`, `Fri 20 Nov, 09:00`."""
    local, here = timezone.localtime(when), timezone.localtime(now)
    days = (local.date() - here.date()).days
    named = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}.get(days)
    pattern = "D j M" if local.year == here.year else "j M Y"
    return f"{named or date_format(local, pattern)}, {local:%H:%M}"


def span_words(span: timedelta) -> str:
    """Return a span in its largest whole unit: `3 days`, `2 h`, `5 min`."""
    if span >= DAY:
        days = span // DAY
        return f"{days} day" if days == 1 else f"{days} days"
    if span >= HOUR:
        return f"{span // HOUR} h"
    return f"{max(span // MINUTE, 1)} min"
