"""A company with leads, and those who ask for them."""

from __future__ import annotations

import pytest

from core.models import Tenant, User
from tests.crm.api.calls import Api, person, program
from tests.crm.world import World, make_world


@pytest.fixture
def world(tenant: Tenant, other_tenant: Tenant) -> World:
    """Two companies with leads in every place that a lead can be in."""
    return make_world(tenant, other_tenant)


@pytest.fixture
def api(tenant: Tenant) -> Api:
    """A program with a key for everything in the CRM."""
    return program(tenant)


@pytest.fixture
def boss(admin: User) -> Api:
    """An admin."""
    return person(admin)


@pytest.fixture
def application(api: Api) -> str:
    """The id of an application of a lead of nobody."""
    lead = api.post("leads/", {"name": "Mila Jansen"}).json()["id"]
    return str(api.post(f"leads/{lead}/applications/", {"programme": "Brewing"}).json()["id"])
