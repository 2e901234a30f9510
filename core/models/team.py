"""Groups of people inside a tenant."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.models.base import TenantRow


class Team(TenantRow):
    """People who share work; what is assigned to a team is seen by its members."""

    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="team_name_once_per_tenant")
        ]

    def __str__(self) -> str:
        return self.name


class TeamMembership(TenantRow):
    """One person in one team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="membership_once_per_team")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"
