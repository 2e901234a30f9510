"""People and teams, so that programs can fill the fields that name them."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.models import Team, TeamMembership, User
from crm.api.filters import PersonFilters, TeamFilters
from crm.api.orders import ByName, OldestFirst
from crm.api.serializers.people import PersonAnswer, TeamAnswer
from crm.api.views import CrmView


class PersonList(CrmView):
    """The people of the company."""

    queryset = User.objects.none()
    serializer_class = PersonAnswer
    pagination_class = OldestFirst
    filterset_class = PersonFilters
    required_scopes = {"GET": "leads:read"}

    def get_queryset(self) -> QuerySet[User]:
        """Return the company's people: this table has no row-level security."""
        return User.objects.filter(tenant_id=self.tenant.pk)

    @extend_schema(responses=PersonAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List the people of the company, who came first comes first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(PersonAnswer(page or [], many=True).data)


class TeamList(CrmView):
    """The teams of the company."""

    queryset = Team.objects.all()
    serializer_class = TeamAnswer
    pagination_class = ByName
    filterset_class = TeamFilters
    required_scopes = {"GET": "leads:read"}

    @extend_schema(responses=TeamAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List the teams of the company by name; with their members' ids."""
        members = TeamMembership.objects.filter(team=OuterRef("pk")).order_by("created_at")
        rows = Team.objects.annotate(member_ids=ArraySubquery(members.values("user_id")))
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(TeamAnswer(page or [], many=True).data)
