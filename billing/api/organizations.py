"""Organizations for programs; a path names one by its id or its code."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.base import OrganizationView, checked, pointing
from billing.api.fields import OrganizationAnswer, OrganizationFields
from billing.api.filters import OrganizationFilters
from billing.models import Organization
from billing.operations.organizations import (
    OrganizationClosed,
    OrganizationOpen,
    change_organization,
    close_organization,
    make_organization,
    reopen_organization,
)
from core.api.versions import respond

READ_WRITE = {
    "GET": "billing:read", "POST": "billing:write", "PATCH": "billing:write",
    "PUT": "billing:write", "DELETE": "billing:write",
}  # fmt: skip


def answer(request: Request, organization: Organization, status: int = 200) -> Response:
    """Return an organization with its ETag."""
    organization.refresh_from_db()
    return respond(request, organization, OrganizationAnswer(organization).data, status)


def _operands(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a body as operations call them."""
    return {("tax_rate_id" if name == "tax_rate" else name): v for name, v in fields.items()}


class OrganizationList(OrganizationView, GenericAPIView[Organization]):
    """List and make organizations."""

    queryset = Organization.objects.all()
    serializer_class = OrganizationAnswer
    filterset_class = OrganizationFilters
    idempotency = "accepted"
    required_scopes = READ_WRITE

    @extend_schema(responses=OrganizationAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List the organizations, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(OrganizationAnswer(page or [], many=True).data)

    @extend_schema(request=OrganizationFields, responses={201: OrganizationAnswer})
    def post(self, request: Request) -> Response:
        """Make an organization; billing starts today in its zone unless told otherwise."""
        fields = checked(OrganizationFields(data=request.data))
        with pointing():
            made = make_organization(now=self.now, **_operands(fields))
        return answer(request, made, 201)


class OrganizationDetail(OrganizationView):
    """One organization."""

    required_scopes = READ_WRITE

    @extend_schema(responses=OrganizationAnswer)
    def get(self, request: Request, reference: str) -> Response:
        """Return an organization."""
        return answer(request, self.organization(reference))

    @extend_schema(request=OrganizationFields(partial=True), responses=OrganizationAnswer)
    def patch(self, request: Request, reference: str) -> Response:
        """Change an organization; what usage was reckoned with is refused."""
        fields = checked(OrganizationFields(data=request.data, partial=True))
        found = self.organization(reference, lock=True)
        with pointing():
            changed = change_organization(organization_id=found.pk, changes=_operands(fields))
        return answer(request, changed)


class OrganizationClose(OrganizationView):
    """The end of an organization."""

    required_scopes = READ_WRITE
    problems = {OrganizationClosed: (409, "organization_closed")}

    @extend_schema(request=None, responses=OrganizationAnswer)
    def post(self, request: Request, reference: str) -> Response:
        """Close an organization; its plan ends with today and what is owed is still invoiced."""
        found = self.organization(reference, lock=True)
        return answer(request, close_organization(organization_id=found.pk, now=self.now))


class OrganizationReopen(OrganizationView):
    """Its return."""

    required_scopes = READ_WRITE
    problems = {OrganizationOpen: (409, "organization_open")}

    @extend_schema(request=None, responses=OrganizationAnswer)
    def post(self, request: Request, reference: str) -> Response:
        """Open a closed organization again; it needs a plan then."""
        found = self.organization(reference, lock=True)
        return answer(request, reopen_organization(organization_id=found.pk))
