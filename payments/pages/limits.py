"""How often somebody may try to start a payment."""

from __future__ import annotations

from django.http import HttpRequest

from core.models import Entry
from core.ratelimit import address_key, limit

# A person needs a few tries; whoever tests stolen cards needs thousands.
PER_ADDRESS = "30/m"
PER_LINK = "300/m"


def seconds_to_wait(request: HttpRequest, entry: Entry) -> int | None:
    """Count this try; return how long to wait when there were too many, else None."""
    counts = (
        limit("pay_by_address", address_key(request), PER_ADDRESS),
        limit("pay_by_link", str(entry.target_id), PER_LINK),
    )
    waits = [verdict.retry_after for verdict in counts if not verdict.is_allowed]
    return max(waits, default=None)
