"""What tests of the CRM's data share: people, teams, leads and browsers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.models import Team, TeamMembership, Tenant, User
from core.tenancy import Scope, scope
from crm.models import Lead
from crm.operations.leads import create_lead
from crm.operations.timeline import Actor


@pytest.fixture
def now() -> datetime:
    """The moment of the test."""
    return timezone.now()


@pytest.fixture
def colleague(tenant: Tenant) -> User:
    """Another counselor of `tenant`."""
    return User.objects.create_user(
        "dana@amber.example", "correct horse", tenant=tenant, role="counselor", name="Dana Doe"
    )


@pytest.fixture
def team(tenant: Tenant, counselor: User) -> Team:
    """A team that `counselor` is in."""
    with scope(tenant.pk):
        team = Team.objects.create(tenant=tenant, name="North")
        TeamMembership.objects.create(tenant=tenant, team=team, user=counselor)
    return team


def seen_by(user: User) -> AbstractContextManager[Scope]:
    """Open the scope of a person, as a page of theirs would."""
    assert user.tenant_id is not None
    return scope(user.tenant_id, user_id=user.pk, role=user.role)


@pytest.fixture
def new_lead(tenant: Tenant, now: datetime) -> Callable[..., Lead]:
    """Make a lead by the operation."""

    def make(name: str = "Jonas Bakker", **fields: Any) -> Lead:
        when = fields.pop("now", now)
        with scope(tenant.pk):
            return create_lead(by=Actor(words="test"), now=when, name=name, **fields)

    return make


@pytest.fixture
def log_in() -> Callable[[User], Client]:
    """Log a member of staff in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in
