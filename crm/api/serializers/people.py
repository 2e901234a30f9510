"""People and teams, for the fields that name them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.models import Team, User


class PersonAnswer(serializers.ModelSerializer[User]):
    """A colleague."""

    name = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "name", "role", "is_active")

    @extend_schema_field(serializers.CharField)
    def get_name(self, user: User) -> str:
        """Return the name, else the e-mail address."""
        return str(user)


class TeamAnswer(serializers.ModelSerializer[Team]):
    """A team and who is in it."""

    member_ids = serializers.ListField(child=serializers.UUIDField(), read_only=True)

    class Meta:
        model = Team
        fields = ("id", "name", "member_ids")
