"""Fixtures of tests of compiling."""

from __future__ import annotations

import pytest

from billing.models import Organization
from core.models import Tenant
from core.tenancy import scope
from tests.billing.compile.world import OCTOBER, World


@pytest.fixture
def world(tenant: Tenant) -> World:
    """The billing of `tenant`."""
    return World(tenant)


@pytest.fixture
def organization(world: World) -> Organization:
    """An organization in dollars, billed from October on."""
    with scope(world.tenant.pk):
        return world.organization(billing_starts_on=OCTOBER)
