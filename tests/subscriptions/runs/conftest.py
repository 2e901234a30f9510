"""The shop, and clubs with members, for tests of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Club, Subscription
from subscriptions.operations.clubs import make_club
from subscriptions.operations.shop_accounts import connect_shop
from tests.stripe import Sandbox
from tests.subscriptions.conftest import LONG_AGO


@pytest.fixture
def shop(tenant: Tenant, sandbox: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """The sandbox's shop, with credentials of `tenant`, at a pace that no test waits for."""
    settings.SHOP_URL = f"{sandbox.base}/shop"
    settings.SHOP_TIMEOUT_SECONDS = 5.0
    settings.SHOP_RATE = 100_000.0
    cache.clear()
    with scope(tenant.pk):
        connect_shop(api_key="amber", api_secret="shop_test_12345678")
    yield sandbox
    sandbox.control("DELETE", "faults")


@pytest.fixture
def other_club(tenant: Tenant) -> Club:
    """A second active club of `tenant`."""
    with scope(tenant.pk):
        return make_club(number=2, name="Stouts", store_sku=8, now=LONG_AGO)


@pytest.fixture
def members(join: Callable[..., Subscription]) -> list[Subscription]:
    """Three active members."""
    return [join(name) for name in ("ann", "ben", "cleo")]
