"""The lock between usage that comes in and periods that are closed.

Usage is stored under a shared lock of its company, a period is closed under the exclusive one,
held for a moment. So whoever stores usage after that sees the period closed, and calls it late.
"""

from __future__ import annotations

from uuid import UUID

from django.db import connection


def share_usage(tenant_id: UUID) -> None:
    """Hold the lock with all others who store usage, to the end of the transaction."""
    _take("pg_advisory_xact_lock_shared", tenant_id)


def hold_usage(tenant_id: UUID) -> None:
    """Wait for all who store usage and keep new ones out, to the end of the transaction."""
    _take("pg_advisory_xact_lock", tenant_id)


def _take(function: str, tenant_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(hashtextextended('billing usage ' || %s, 0))",
            [str(tenant_id)],
        )
