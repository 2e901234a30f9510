"""Count who looked at the public page of a link: a number a day, without cookies."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from core.periods import local_date
from core.tenancy import scope

# One statement adds up what many add at once. It shall hold nobody up: it does not wait for the
# disk (a crash of the database may lose the last blink), nor long for a lock.
_COUNT = """
WITH quick AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '2s', true)
)
INSERT INTO payments_linkviews AS kept (tenant_id, link_id, day, views)
SELECT %s, %s, %s, 1 FROM quick
ON CONFLICT (tenant_id, day, link_id) DO UPDATE SET views = kept.views + 1
"""


def count_view(*, tenant_id: UUID, link_id: UUID, zone: ZoneInfo, now: datetime) -> None:
    """Add one view of a link to the company's day that `now` lies in.

    Opens a short scope of its own. Repeating counts again. Raises django.db.Error where the
    database does not take it.
    """
    with scope(tenant_id, role="public"), connection.cursor() as cursor:
        cursor.execute(_COUNT, [tenant_id, link_id, local_date(now, zone)])
