"""Callers of the API."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from core import tenancy
from core.models import Tenant, User
from core.operations.api_keys import NewKey, make_api_key
from core.operations.tokens import issue_tokens
from tests.core.api import endpoints


@pytest.fixture(autouse=True)
def _endpoints(settings: Settings) -> None:
    settings.ROOT_URLCONF = endpoints.__name__


def bearer(user: User, **headers: str) -> Client:
    """A client that shows a user's token."""
    token = issue_tokens(user=user).access
    return Client(
        headers={"Authorization": f"Bearer {token}", **headers}, raise_request_exception=False
    )


def key_for(tenant: Tenant, *scopes: str) -> NewKey:
    """A new API key of a tenant."""
    with tenancy.scope(tenant.pk):
        return make_api_key(name="Shop", scopes=scopes, by=None)


@pytest.fixture
def api(admin: User) -> Client:
    """A client of an admin."""
    return bearer(admin)


@pytest.fixture
def stranger() -> Client:
    """A client without credentials."""
    return Client(raise_request_exception=False)
