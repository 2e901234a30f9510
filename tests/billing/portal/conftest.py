"""One organization of the tenant, and one of another that must stay hidden."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.models import Tenant, User
from tests.billing.portal.world import World, make_world


@pytest.fixture
def world(tenant: Tenant) -> World:
    """An organization on a plan, without usage yet."""
    return make_world(tenant)


@pytest.fixture
def other_world(other_tenant: Tenant) -> World:
    """An organization of another tenant, with the same code."""
    return make_world(other_tenant)


@pytest.fixture
def phone() -> Client:
    """A customer's browser."""
    return Client()


@pytest.fixture
def log_in() -> Callable[[User], Client]:
    """Log a member of staff in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in
