"""The lock between usage that comes in and periods that close.

Each transaction that stores usage shares it; whoever closes periods holds it alone for a moment.
What was stored before is then committed, and what comes after sees the period closed.

Take it first, before any row is locked: storing usage locks rows while it shares this lock.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.db import connection


def usage_lock_key(tenant_id: UUID) -> int:
    """Return the advisory lock's number: 64 bits, signed, made of purpose and tenant."""
    digest = hashlib.sha256(b"billing.usage:" + tenant_id.bytes).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def share_usage(tenant_id: UUID) -> None:
    """Share the lock until the transaction ends; waits for whoever holds it alone.

    Read `closed_through` in a later statement: this one's snapshot is older than the wait.
    """
    _execute("SELECT pg_advisory_xact_lock_shared(%s)", tenant_id)


def hold_usage(tenant_id: UUID) -> None:
    """Hold the lock alone until the transaction ends; waits for all usage under way."""
    _execute("SELECT pg_advisory_xact_lock(%s)", tenant_id)


def _execute(statement: str, tenant_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [usage_lock_key(tenant_id)])
