"""Small endpoints over teams, with which the conventions of the API are tried."""

from __future__ import annotations

import time
import uuid
from typing import Any

import django_filters
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import include, path
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import scopes, tenancy
from core.api.routes import route
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.api.views import ApiView
from core.models import Team

scopes.register("teams:read", "see teams")
scopes.register("teams:write", "change teams")


class TeamTaken(Exception):
    """The name is in use."""


class TeamOut(StrictModelSerializer):
    class Meta:
        model = Team
        fields = ["id", "name", "created_at"]


class TeamIn(StrictSerializer):
    name = serializers.CharField(max_length=80)


class TeamFilters(django_filters.FilterSet):
    name = django_filters.CharFilter()
    made = django_filters.IsoDateTimeFromToRangeFilter(field_name="created_at")

    class Meta:
        model = Team
        fields = ["name"]


class Teams(ApiView, generics.GenericAPIView[Team]):
    required_scopes = {"GET": "teams:read", "POST": "teams:write"}
    problems = {TeamTaken: (409, "team_taken")}
    idempotency = "accepted"
    serializer_class = TeamOut
    filterset_class = TeamFilters
    queryset = Team.objects.all()

    @extend_schema(responses=TeamOut(many=True))
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(TeamOut(page, many=True).data)

    @extend_schema(request=TeamIn, responses={201: TeamOut})
    def post(self, request: Request) -> Response:
        data = TeamIn(data=request.data)
        data.is_valid(raise_exception=True)
        name = data.validated_data["name"]
        if Team.objects.filter(name=name).exists():
            raise TeamTaken(f"{name} exists.")
        team = Team.objects.create(tenant_id=self.tenant.pk, name=name)
        return Response(
            TeamOut(team).data, status=201, headers={"Location": f"/api/teams/{team.pk}/"}
        )


class OneTeam(ApiView, generics.GenericAPIView[Team]):
    required_scopes = {"GET": "teams:read"}
    queryset = Team.objects.all()

    def get(self, request: Request, pk: Any) -> Response:
        return Response(TeamOut(get_object_or_404(Team, pk=pk)).data)


class LazyTeams(ApiView):
    """Reads rows while the answer is rendered."""

    required_scopes = {"GET": "teams:read"}

    def get(self, request: Request) -> Response:
        # A generator looks up its first source at once and only the second one late.
        return Response({"names": (team.name for _ in "1" for team in Team.objects.all())})


class Broken(ApiView):
    """Writes a row and fails in the way that `how` names."""

    required_scopes = {"POST": "teams:write"}
    idempotency = "accepted"

    def post(self, request: Request, how: str) -> Response:
        Team.objects.create(tenant_id=self.tenant.pk, name="Half done")
        if how == "crash":
            raise RuntimeError("secret of the inside")
        if how == "conflict":
            Team.objects.create(tenant_id=self.tenant.pk, name="Half done")
        if how == "swallowed":
            try:
                Team.objects.create(tenant_id=self.tenant.pk, name="Half done")
            except IntegrityError:
                return Response({"is": "fine"})
        if how == "rendering":
            return Response({"cannot": object()})
        return Response({"refused": True}, status=409)


class Slow(ApiView):
    """Takes a while, required to be repeatable."""

    required_scopes = {"POST": "teams:write"}
    idempotency = "required"

    def post(self, request: Request) -> Response:
        team = Team.objects.create(tenant_id=self.tenant.pk, name=str(self.now.timestamp()))
        time.sleep(0.3)
        return Response({"id": str(team.pk)}, status=201)


class Steps(ApiView):
    """Works in transactions of its own."""

    required_scopes = {"POST": "teams:write"}
    opens_scope = False
    idempotency = "accepted"

    def post(self, request: Request) -> Response:
        outside = tenancy.current_or_none()
        with self.scope():
            team = Team.objects.create(tenant_id=self.tenant.pk, name=f"Step {uuid.uuid4()}")
        time.sleep(0.3)
        return Response({"id": str(team.pk), "outside": outside is None}, status=201)


class Echo(ApiView):
    """Gives the parsed body back as text."""

    required_scopes = {"POST": "teams:read"}
    accepts_list = False
    max_body_bytes = 2000

    def post(self, request: Request) -> Response:
        return Response({"got": repr(request.data)})


class Strict(StrictSerializer):
    class Inner(StrictSerializer):
        amount = serializers.IntegerField(min_value=0)

    name = serializers.CharField(max_length=10, required=False)
    note = serializers.CharField(style={"multiline": True}, required=False)
    count = serializers.IntegerField(required=False, max_value=1000)
    is_on = serializers.BooleanField(required=False)
    rate = serializers.DecimalField(max_digits=8, decimal_places=4, required=False)
    at = serializers.DateTimeField(required=False)
    on = serializers.DateField(required=False)
    id = serializers.UUIDField(required=False)
    kind = serializers.ChoiceField(choices=["a", "b"], required=False)
    numbers = serializers.ListField(child=serializers.IntegerField(), required=False)
    labels = serializers.DictField(child=serializers.CharField(), required=False)
    lines = Inner(many=True, required=False)
    made_at = serializers.DateTimeField(read_only=True)


def page_that_breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("secret of the inside")


api = [
    route("teams/", Teams.as_view(), name="teams"),
    route("teams/lazy/", LazyTeams.as_view(), name="teams-lazy"),
    route("teams/<uuid:pk>/", OneTeam.as_view(), name="team"),
    route("broken/<slug:how>/", Broken.as_view(), name="broken"),
    route("slow/", Slow.as_view(), name="slow"),
    route("steps/", Steps.as_view(), name="steps"),
    route("echo/", Echo.as_view(), name="echo"),
    path("plain-break/", page_that_breaks),
]
urlpatterns = [
    path("api/", include(api)),
    path("page/", page_that_breaks),
    path("", include("core.urls")),
]
