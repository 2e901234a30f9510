"""One organization of the tenant, and one of another that must stay hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from core.models import Tenant, User
from core.operations.api_keys import make_api_key
from core.tenancy import scope
from tests.billing.portal.world import NOW, World, make_world


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


class Api:
    """A program with a key that may read what is billed."""

    def __init__(self, tenant: Tenant, *scopes: str) -> None:
        with scope(tenant.pk):
            names = list(scopes) or ["billing:read"]
            self.key = make_api_key(name="Meter", scopes=names, by=None).secret

    def get(self, path: str) -> Any:
        return Client(raise_request_exception=False).get(
            f"/api/organizations/{path}", headers={"Authorization": f"Api-Key {self.key}"}
        )


@pytest.fixture
def api(tenant: Tenant) -> Api:
    """A program of the tenant."""
    return Api(tenant)


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    """Let it be noon of 18 November 2026."""
    with time_machine.travel(NOW, tick=False):
        yield
