"""What the first page shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry

from core.backoffice.onboarding import first_steps
from core.backoffice.worklists import waiting_work
from core.models import Tenant, User

RECENT = 10


def home_context(*, user: User, tenant: Tenant, now: datetime) -> dict[str, Any]:
    """Return first steps, worklists with counts, the last edits by people, and the day."""
    work = waiting_work(user=user, now=now)
    return {
        "first_steps": first_steps(user=user, tenant=tenant),
        "waiting": [counted for counted in work if counted.count],
        "clear": [counted for counted in work if not counted.count],
        "recent": recent_edits(tenant) if user.is_admin else recent_edits(tenant, by=user),
        "today": now.astimezone(tenant.zone).date(),
        "title": f"Hello, {user}",
    }


def recent_edits(tenant: Tenant, *, by: User | None = None) -> list[LogEntry]:
    """Return the last edits by people of a company, or by one of them; the log has no scope."""
    entries = LogEntry.objects.select_related("user", "content_type").filter(user__tenant=tenant)
    if by is not None:
        entries = entries.filter(user=by)
    return list(entries.order_by("-action_time")[:RECENT])
