"""The people of the journeys, at the processes that `stack` runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from core.models import Tenant
from tests.journeys.people import Buyer, Seller
from tests.stack import Stack
from tests.stripe import Sandbox


@pytest.fixture
def seller(tenant: Tenant, stack: Stack, sandbox: Sandbox, settings: Settings) -> Iterator[Seller]:
    """A company on Taproom; nothing of its work goes on when the test is over."""
    settings.PUBLIC_URL = stack.url
    yield Seller(tenant, stack, sandbox)
    sandbox.control("POST", "reset")
    stack.wait_quiet()


@pytest.fixture
def buyer() -> Iterator[Buyer]:
    """A customer."""
    somebody = Buyer()
    yield somebody
    somebody.http.close()
