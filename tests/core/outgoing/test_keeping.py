"""Outgoing webhooks that were heard are deleted in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.models import Tenant, WebhookDelivery, WebhookEndpoint, WebhookMessage
from core.operations.outgoing import delete_old_messages
from core.tenancy import scope
from tests.core.outgoing.world import sent, told

pytestmark = pytest.mark.django_db


def test_old_messages_go_with_their_deliveries_and_waiting_ones_stay(
    tenant: Tenant, other_tenant: Tenant, endpoint: WebhookEndpoint
) -> None:
    heard, waiting = told(tenant), told(tenant)
    assert sent(heard)
    later = datetime.now(UTC) + timedelta(days=91)

    with scope(other_tenant.pk):
        foreign = delete_old_messages(now=later)
    with scope(tenant.pk):
        early = delete_old_messages(now=later - timedelta(days=2))
        deleted = delete_old_messages(now=later)
        left = list(WebhookDelivery.objects.values_list("pk", flat=True))
        messages = list(WebhookMessage.objects.values_list("pk", flat=True))

    assert (foreign, early, deleted) == (0, 0, 1)
    assert (left, messages) == ([waiting.pk], [waiting.message_id])
