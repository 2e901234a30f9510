"""What /metrics shows about charges of all tenants together."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count

from core.observe import gauges
from subscriptions.models import Charge


def charges_by_state(now: datetime) -> gauges.Reading:
    """Yield how many charges there are in each state."""
    rows = Charge.objects.order_by().values_list("state").annotate(n=Count("pk"))
    for state, count in rows:
        yield (state,), count


gauges.register("club_charges", "Charges of clubs by state.", charges_by_state, labels=("state",))
