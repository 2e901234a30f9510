"""Have alerts looked at after usage came in."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.cache import cache
from django.db import connection
from redis.exceptions import RedisError

from core.jobs import enqueue
from core.outage import Outage

# Usage that comes in meanwhile is seen by the same look.
LOOK_AFTER_SECONDS = 5

_WATCHED = """
SELECT DISTINCT organization_id::text FROM billing_alert
WHERE ended_at IS NULL AND organization_id = ANY(string_to_array(%s, ',')::uuid[]) ORDER BY 1
"""
_outage = Outage(began="usage_alerts_uncounted", ended="usage_alerts_counted")


def look_at_alerts_soon(organization_ids: Iterable[str]) -> None:
    """Send one job for the organizations that have alerts and that no job is under way for.

    Losing it is allowed: beat looks at all alerts again. Never raises for Redis.
    """
    touched = ",".join(organization_ids)
    if not touched:
        return
    with connection.cursor() as cursor:
        cursor.execute(_WATCHED, [touched])
        send_look(one for (one,) in cursor.fetchall())


def send_look(organization_ids: Iterable[str]) -> None:
    """Send one job for those organizations that have alerts that no job is under way for."""
    due = [one for one in organization_ids if _is_due(one)]
    if due:
        enqueue("billing.look_at_alerts", countdown=LOOK_AFTER_SECONDS, organization_ids=due)


def _is_due(organization_id: str) -> bool:
    if not _outage.is_over():
        return True
    try:
        is_first = cache.add(f"usage-alerts:{organization_id}", 1, timeout=LOOK_AFTER_SECONDS)
    except RedisError as error:
        _outage.begin(error)
        return True
    _outage.end()
    return bool(is_first)
