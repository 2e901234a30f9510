"""`python -m tests.billing.push.worker TENANT OFFSET`: one worker process, for a test to kill."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

import django


def main(tenant: str, offset: str) -> None:
    """Push until nothing is due."""
    django.setup()
    from billing.operations.push.work import Outcome, push_next

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(offset))

    while push_next(tenant_id=UUID(tenant), clock=clock) is not Outcome.NOTHING_DUE:
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
