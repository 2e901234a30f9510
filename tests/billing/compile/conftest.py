"""Fixtures of tests of compiling."""

from __future__ import annotations

import pytest

from core.models import Tenant
from tests.billing.compile.world import World


@pytest.fixture
def world(tenant: Tenant) -> World:
    """The billing of `tenant`."""
    return World(tenant)
