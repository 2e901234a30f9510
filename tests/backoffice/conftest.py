"""What tests of the back office share: browsers that are logged in."""

from __future__ import annotations

import pytest
from django.test import Client

from core.models import Tenant, User
from core.pages import WORKING_TENANT


def logged_in(user: User) -> Client:
    """Return a client with the session of a person."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def admin_pages(admin: User) -> Client:
    """The browser of an admin of `tenant`."""
    return logged_in(admin)


@pytest.fixture
def counselor_pages(counselor: User) -> Client:
    """The browser of a counselor of `tenant`."""
    return logged_in(counselor)


@pytest.fixture
def operator(db: None) -> User:
    """A platform operator; the password is `correct horse`."""
    return User.objects.create_superuser("op@taproom.example", "correct horse", name="Olga")


@pytest.fixture
def operator_pages(operator: User, tenant: Tenant) -> Client:
    """The browser of a platform operator who works in `tenant`."""
    client = logged_in(operator)
    session = client.session
    session[WORKING_TENANT] = str(tenant.pk)
    session.save()
    return client
