"""Who works in the company, and in which teams. In scope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from core.models import Team, User
from core.tenancy import current
from crm.models import Lead, LeadTeam


def colleagues() -> list[User]:
    """Return the active people of the company in scope, by name."""
    people = User.objects.filter(tenant_id=current().tenant_id, is_active=True)
    return sorted(people, key=lambda user: str(user).casefold())


def team_names() -> dict[UUID, str]:
    """Return the names of the company's teams by id, in order."""
    return dict(Team.objects.order_by("name").values_list("pk", "name"))


def leads_of_team(team_id: UUID) -> QuerySet[LeadTeam, Any]:
    """Return the ids of a team's leads, as a subquery that an index serves."""
    return LeadTeam.objects.filter(team_id=team_id).values("lead_id")


def in_sight(rows: QuerySet[Lead]) -> QuerySet[Lead]:
    """Repeat for a counselor, in a form that indexes serve, which leads the database shows them.

    The rule of crm_lead compares arrays, past every index: lists that look far for the few rows
    that a counselor sees read all of the company's. The rule decides all the same.
    """
    scope = current()
    if scope.role != User.Role.COUNSELOR or scope.user_id is None:
        return rows
    own = Lead.objects.filter(owner_id=scope.user_id).order_by().values("pk")
    teams = LeadTeam.objects.filter(team__memberships__user_id=scope.user_id).values("lead_id")
    return rows.filter(pk__in=own.union(teams, all=True))
