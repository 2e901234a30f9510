"""The outermost limit: more presses of the button than this are not even looked at.

The owner's own rules (payments.operations.passage) are finer, and keep each decision.
"""

from __future__ import annotations

from django.http import HttpRequest

from core.models import Entry
from core.ratelimit import address_key, limit

# One press costs a few statements; beyond this somebody floods, and whoever has solved the
# check's puzzle still gets in.
PER_ADDRESS = "300/m"
PER_LINK = "1500/m"


def seconds_to_wait(request: HttpRequest, entry: Entry) -> int | None:
    """Count this try; return how long to wait when there were too many, else None."""
    counts = (
        limit("pay_by_address", address_key(request), PER_ADDRESS),
        limit("pay_by_link", str(entry.target_id), PER_LINK),
    )
    waits = [verdict.retry_after for verdict in counts if not verdict.is_allowed]
    return max(waits, default=None)
