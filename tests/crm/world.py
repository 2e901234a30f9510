"""Two companies with leads in every place that a lead can be in, made past all rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

from core.models import Team, TeamMembership, Tenant, User
from core.tenancy import scope

# Which leads each person may see; nobody else sees any.
SEEN = {
    "owner": {"owned"},
    "member": {"teams"},
    "outsider": set(),
    "admin": {"owned", "teams", "nobodys"},
    "foreign_admin": {"foreign"},
    "foreign_counselor": set(),
}


@dataclass(frozen=True)
class World:
    """The people by what they are to the leads, and the ids of leads, applications and tasks."""

    people: dict[str, User]
    team: Team
    other_team: Team
    leads: dict[str, UUID]
    applications: dict[str, UUID]
    tasks: dict[str, UUID]

    def names(self, ids: list[UUID]) -> set[str]:
        return {name for name, lead in self.leads.items() if lead in ids}


@contextmanager
def acting(
    app: psycopg.Connection, person: User, *, role: str | None = None
) -> Iterator[psycopg.Connection]:
    """A transaction that says who acts, as a request's scope does; it keeps nothing."""
    with app.transaction(force_rollback=True):
        told = {"tenant_id": person.tenant_id, "user_id": person.pk, "role": role or person.role}
        for name, value in told.items():
            app.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", str(value)])
        yield app


def make_world(tenant: Tenant, foreign: Tenant) -> World:
    people = {
        "owner": _person("owner", tenant, "counselor"),
        "member": _person("member", tenant, "counselor"),
        "outsider": _person("outsider", tenant, "counselor"),
        "admin": _person("admin", tenant, "admin"),
        "foreign_admin": _person("foreign-admin", foreign, "admin"),
        "foreign_counselor": _person("foreign-counselor", foreign, "counselor"),
    }
    with scope(tenant.pk):
        team = Team.objects.create(tenant=tenant, name="Day")
        other_team = Team.objects.create(tenant=tenant, name="Night")
        TeamMembership.objects.create(tenant=tenant, team=team, user=people["member"])
        TeamMembership.objects.create(tenant=tenant, team=other_team, user=people["outsider"])
    places = {
        "owned": (tenant, people["owner"], []),
        "teams": (tenant, None, [team.pk]),
        "nobodys": (tenant, None, []),
        "foreign": (foreign, None, []),
    }
    leads, applications, tasks = {}, {}, {}
    for name, (where, owner, teams) in places.items():
        with scope(where.pk), connection.cursor() as cursor:
            leads[name] = _insert(
                cursor,
                "INSERT INTO crm_lead (tenant_id, owner_id, team_ids, name)"
                " VALUES (%s, %s, %s, %s)",
                [where.pk, owner and owner.pk, teams, name],
            )
            applications[name] = _insert(
                cursor,
                "INSERT INTO crm_application (tenant_id, lead_id) VALUES (%s, %s)",
                [where.pk, leads[name]],
            )
            tasks[name] = _insert(
                cursor,
                "INSERT INTO crm_task (tenant_id, application_id, type, due_at)"
                " VALUES (%s, %s, 'call', now() + interval '1 hour')",
                [where.pk, applications[name]],
            )
            _insert(
                cursor,
                "INSERT INTO crm_paymentrequest"
                " (tenant_id, application_id, amount_minor, currency) VALUES (%s, %s, 100, 'EUR')",
                [where.pk, applications[name]],
            )
            _insert(
                cursor,
                "INSERT INTO crm_timelineentry"
                " (tenant_id, lead_id, kind, text, facts, happened_at)"
                " VALUES (%s, %s, 'note', '', '{}', now())",
                [where.pk, leads[name]],
            )
    return World(people, team, other_team, leads, applications, tasks)


def _insert(cursor: CursorWrapper, statement: str, values: list[object]) -> UUID:
    cursor.execute(statement + " RETURNING id", values)
    return cursor.fetchone()[0]


def _person(name: str, tenant: Tenant, role: str) -> User:
    return User.objects.create_user(f"{name}@{tenant.slug}.example", tenant=tenant, role=role)
