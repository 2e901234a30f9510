"""Who works in the company, and in which teams. In scope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from core.models import Team, User
from core.tenancy import current
from crm.models import LeadTeam


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
