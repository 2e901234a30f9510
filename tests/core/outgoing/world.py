"""A message that was announced, and its way out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.models import Tenant, WebhookDelivery
from core.operations.outgoing import (
    announce,
    deliver_webhook,
)
from core.tenancy import scope

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAID = "invoice.paid"


def told(tenant: Tenant, **payload: Any) -> WebhookDelivery:
    with scope(tenant.pk):
        message = announce(PAID, payload or {"id": "in_1"}, subject="in_1", now=NOW)
        assert message is not None
        return WebhookDelivery.objects.get(message=message)


def sent(delivery: WebhookDelivery, now: datetime = NOW) -> bool:
    return deliver_webhook(tenant_id=delivery.tenant_id, delivery_id=delivery.pk, now=now)


def reload(row: Any) -> Any:
    with scope(row.tenant_id):
        return type(row).objects.get(pk=row.pk)
