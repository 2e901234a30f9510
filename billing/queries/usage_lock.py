"""The locks of usage: between what comes in and periods that close, and around the sums.

Each transaction that stores usage shares it; whoever closes periods holds it alone for a moment.
What was stored before is then committed, and what comes after sees the period closed.

Take it first, before any row is locked: storing usage locks rows while it shares this lock.

Whoever adds to buckets holds the sums of their organizations, which are spread over a few locks:
these cost nothing in the write-ahead log, where a lock on each bucket's row would cost half as much
as its change. All take them in the order of their numbers, and only then write buckets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID

from django.db import connection

# Few, since a large batch takes them all; many, since small ones of others should not wait.
STRIPES = 64


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


def stripes_of(organization_ids: Iterable[str]) -> list[int]:
    """Return the numbers of the locks around the sums of organizations, in their order."""
    return sorted({int(one[-2:], 16) % STRIPES for one in organization_ids})


def sums_lock_key(tenant_id: UUID) -> int:
    """Return what the numbers of a tenant's locks around sums are taken under: 32 bits, signed."""
    digest = hashlib.sha256(b"billing.sums:" + tenant_id.bytes).digest()
    return int.from_bytes(digest[:4], "big", signed=True)


def hold_sums(tenant_id: UUID, organization_ids: Iterable[str]) -> None:
    """Hold the sums of organizations alone until the transaction ends.

    Read buckets in a later statement: this one's snapshot is older than the wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, stripe) FROM unnest(%s::int[]) AS stripe",
            [sums_lock_key(tenant_id), stripes_of(organization_ids)],
        )


def _execute(statement: str, tenant_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [usage_lock_key(tenant_id)])
