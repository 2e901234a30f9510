"""Keep who did what on a staff page, beside what the admin keeps by itself."""

from __future__ import annotations

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model

from core.models import User


def note(row: Model, what: str, *, by: User) -> None:
    """Write one line to the timeline of a row."""
    LogEntry.objects.log_actions(
        user_id=by.pk,
        queryset=[row],
        action_flag=CHANGE,
        change_message=what,
        single_object=True,
    )
