"""What the real views are measured against: the same server, less work."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.models import Organization
from core.api.views import ApiView
from core.operations.tokens import read_access_token
from subscriptions.models import Subscription

# A copy of the links that no policy protects, made by benchmarks.rows: the same read, unscoped.
UNPROTECTED = "benchmark_link"
PROTECTED = "payments_paymentlink"


def bare(request: HttpRequest) -> HttpResponse:
    """Answer with two bytes."""
    return HttpResponse(b"ok")


def read(table: str, link_id: UUID) -> dict[str, object]:
    """Do the one indexed read."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, title, amount_minor, currency FROM {table} WHERE id = %s", [link_id]
        )
        found = cursor.fetchone()
    return dict(zip(("id", "title", "amount_minor", "currency"), map(str, found), strict=True))


def read_for_token(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """Check the bearer token, then read: no scope, no REST framework."""
    read_access_token(request.headers["Authorization"].removeprefix("Bearer "))
    return JsonResponse(read(UNPROTECTED, link_id))


class ReadUnscoped(ApiView):
    """The view base with all it does, but the scope."""

    required_scopes: ClassVar = {"GET": "links:read"}
    opens_scope = False
    table = UNPROTECTED

    def get(self, request: Request, link_id: UUID) -> Response:
        """Read one row."""
        return Response(read(self.table, link_id))


class ReadScoped(ReadUnscoped):
    """The same, in the scope of the caller's tenant and under its policy."""

    opens_scope = True
    table = PROTECTED


class EligibleRow(serializers.ModelSerializer[Subscription]):
    """A member as REST framework would have it."""

    class Meta:
        model = Subscription
        fields = ("reference",)


class EligibleSerialized(ApiView):
    """The list of who is to be charged, by the ORM and a ModelSerializer."""

    required_scopes: ClassVar = {"GET": "clubs:charge"}

    def get(self, request: Request) -> Response:
        """List them; clubs and statuses are asked as simply as can be."""
        rows = Subscription.objects.filter(
            last_status=1, last_effective_at__lte=self.now, club__number__lte=38
        )
        return Response(EligibleRow(rows.order_by(), many=True).data)


class ReadOrganization(ApiView):
    """One indexed read of an organization, in scope: what `benchmarks.owe_now` compares with."""

    required_scopes: ClassVar = {"GET": "billing:read"}

    def get(self, request: Request, pk: UUID) -> Response:
        """Read one row."""
        found = Organization.objects.values("id", "code", "name", "currency").get(pk=pk)
        return Response(found)
