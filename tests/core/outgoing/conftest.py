"""An endpoint, and who listens there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core import event_types
from core.models import Tenant, WebhookEndpoint
from core.operations.webhook_endpoints import (
    make_endpoint,
)
from core.tenancy import scope
from tests.core.outgoing.world import PAID
from tests.core.receiver import Receiver


@pytest.fixture(autouse=True)
def _types(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    event_types.register(PAID, "an invoice was paid")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def endpoint(tenant: Tenant, receiver: Receiver) -> WebhookEndpoint:
    with scope(tenant.pk):
        return make_endpoint(url=receiver.url, event_types=[PAID])
