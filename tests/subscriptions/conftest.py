"""Clubs, members and the shop, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Club, Subscription
from subscriptions.operations.clubs import make_club
from subscriptions.operations.subscribing import subscribe
from tests.subscriptions.outside import made, revoke

# The example ids of the API's own description: 36 characters, and no UUIDs.
CUSTOMER = "00000000-0000-0000-000-0000000000000"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def club(tenant: Tenant) -> Club:
    """An active club of `tenant`, in Amsterdam's time zone."""
    with scope(tenant.pk):
        return make_club(number=1, name="Ales", store_sku=7, now=LONG_AGO)


@pytest.fixture
def join(club: Club) -> Callable[..., Subscription]:
    """Subscribe a customer of `club`."""

    def join(customer: str = CUSTOMER, **given: Any) -> Subscription:
        with scope(club.tenant_id):
            wanted = {"club_number": club.number, "by": None, "now": NOW, **given}
            return subscribe(customer_store_id=customer, **wanted)

    return join


@pytest.fixture
def sql_address(tenant: Tenant) -> Iterator[str]:
    """The address of a role for `tenant`."""
    yield made(tenant)
    revoke(tenant)


@pytest.fixture
def outside(sql_address: str) -> Iterator[psycopg.Connection]:
    """A connection of an outside program."""
    with psycopg.connect(sql_address, autocommit=True) as connection:
        yield connection
