"""Routes of billing's API."""

from __future__ import annotations

from billing.api import usage_events
from core.api.routes import route

urlpatterns = [
    route("api/usage-events/", usage_events.UsageEvents.as_view(), name="api_usage_events"),
    route(
        "api/usage-events/<path:idempotency_key>/",
        usage_events.OneUsageEvent.as_view(),
        name="api_usage_event",
    ),
]
