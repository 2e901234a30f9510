"""A company with two counselors in two teams, and rows to show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.models import Team, TeamMembership, Tenant, User
from core.tenancy import scope
from crm.models import Application, Lead, Task, TimelineEntry
from crm.operations.applications import add_application
from crm.operations.leads import create_lead
from crm.operations.tasks import create_task
from crm.operations.timeline import Actor
from tests.backoffice.conftest import logged_in
from tests.payments.pages.conftest import words

__all__ = ["words"]


@dataclass
class Company:
    """Makes rows of a company, whoever may see them."""

    tenant: Tenant
    admin: User
    counselor: User
    colleague: User
    team: Team
    other_team: Team
    now: datetime = field(default_factory=timezone.now)

    def lead(self, name: str = "Eva Smit", **fields: Any) -> Lead:
        fields = {"owner_id": self.counselor.pk, **fields}
        with scope(self.tenant.pk):
            return create_lead(by=Actor(words="test"), now=self.now, name=name, **fields)

    def application(self, lead: Lead | None = None, **fields: Any) -> Application:
        lead = lead or self.lead()
        with scope(self.tenant.pk):
            return add_application(lead_id=lead.pk, by=Actor(words="test"), now=self.now, **fields)

    def task(
        self, application: Application | None = None, due_at: datetime | None = None, **fields: Any
    ) -> Task:
        """Make a task; one that is due in the past was made before that."""
        application = application or self.application()
        due_at = due_at or self.now + timedelta(minutes=1)
        made_at = min(self.now, due_at - timedelta(days=1))
        with scope(self.tenant.pk):
            return create_task(
                application_id=application.pk,
                task_type=fields.pop("type", "call"),
                due_at=due_at,
                by=Actor(words="test"),
                now=made_at,
                **fields,
            )

    def reload(self, row: Any) -> Any:
        with scope(self.tenant.pk):
            return type(row).objects.get(pk=row.pk)

    def kinds(self, lead: Lead) -> list[str]:
        with scope(self.tenant.pk):
            entries = TimelineEntry.objects.filter(lead=lead).order_by("happened_at", "created_at")
            return [entry.kind for entry in entries]


def make_company(tenant: Tenant, admin: User, counselor: User) -> Company:
    colleague = User.objects.create_user(
        f"sam@{tenant.slug}.example", "correct horse", tenant=tenant, name="Sam Same"
    )
    with scope(tenant.pk):
        team = Team.objects.create(tenant=tenant, name="North")
        other = Team.objects.create(tenant=tenant, name="South")
        for person in (counselor, colleague):
            TeamMembership.objects.create(tenant=tenant, team=team, user=person)
    return Company(tenant, admin, counselor, colleague, team, other)


@pytest.fixture
def company(tenant: Tenant, admin: User, counselor: User) -> Company:
    """The company whose pages are looked at."""
    return make_company(tenant, admin, counselor)


@pytest.fixture
def foreign(other_tenant: Tenant, other_admin: User) -> Company:
    """Another company, whose rows must not be seen."""
    somebody = User.objects.create_user("cy@bitter.example", "correct horse", tenant=other_tenant)
    return make_company(other_tenant, other_admin, somebody)


@pytest.fixture
def pages(company: Company) -> Client:
    """The browser of the counselor."""
    return logged_in(company.counselor)


@pytest.fixture
def sams_pages(company: Company) -> Client:
    """The browser of a colleague in the same team."""
    return logged_in(company.colleague)


@pytest.fixture
def admins_pages(company: Company) -> Client:
    """The browser of an admin."""
    return logged_in(company.admin)


@pytest.fixture
def open_as() -> Callable[[User], Client]:
    """Open the browser of anybody."""
    return logged_in
