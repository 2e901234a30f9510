"""Applications for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, invalid
from core.api.versions import check_match, respond
from crm.api.filters import ApplicationFilters
from crm.api.serializers.applications import (
    ApplicationAnswer,
    ApplicationFields,
    NewApplication,
    NewLeadApplication,
)
from crm.api.serializers.parts import MoveFields
from crm.api.views import CrmView
from crm.models import Application, ApplicationStage, Lead
from crm.operations.applications import FeeAskedAlready, add_application, edit_application
from crm.operations.stages import move_application
from crm.queries.fees import fee_standings


class ApplicationView(CrmView):
    """What all views of applications share."""

    queryset = Application.objects.all()
    serializer_class = ApplicationAnswer
    problems = {**CrmView.problems, FeeAskedAlready: (409, "fee_asked_already")}

    def get_queryset(self) -> QuerySet[Application]:
        """Return applications with what their answer shows; their leads as tasks' are."""
        return Application.objects.prefetch_related("lead")

    def show(self, rows: list[Application]) -> list[dict[str, Any]]:
        """Return what is shown of applications, in as many queries for one as for a page."""
        context = {
            "request": self.request,
            "stages": {stage.key: stage for stage in ApplicationStage.objects.all()},
            "fees": {one.application.pk: one.state for one in fee_standings(rows)},
        }
        return list(ApplicationAnswer(rows, many=True, context=context).data)

    def answer(self, pk: UUID, status: int = 200) -> Response:
        """Return an application as it stands now, with its ETag."""
        application = self.one(self.get_queryset(), pk)
        return respond(self.request, application, self.show([application])[0], status)

    def lock(self, pk: UUID) -> Application:
        """Return the application, locked, for a change that the caller's `If-Match` allows."""
        application = self.one(Application.objects.select_for_update(), pk)
        check_match(self.request, application)
        return application

    def page(self, rows: QuerySet[Application]) -> Response:
        """Return a page of a list."""
        found = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.show(found or []))


class ApplicationList(ApplicationView):
    """List and add applications."""

    filterset_class = ApplicationFilters
    required_scopes = {"GET": "leads:read", "POST": "leads:write"}

    @extend_schema(responses=ApplicationAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List applications, newest first."""
        return self.page(self.get_queryset())

    @extend_schema(request=NewApplication, responses={201: ApplicationAnswer})
    def post(self, request: Request) -> Response:
        """Add an application; it starts on the first stage unless another one is named."""
        fields = NewApplication(data=request.data)
        fields.is_valid(raise_exception=True)
        try:
            added = add_application(by=self.actor, now=self.now, **fields.validated_data)
        except Lead.DoesNotExist:
            detail = "There is no lead with this id here."
            raise invalid(FieldError(detail, code="unknown_lead", pointer="#/lead_id")) from None
        return self.answer(added.pk, status=201)


class LeadApplications(ApplicationView):
    """The applications of one lead."""

    lookup_url_kwarg = "application"  # `pk` is the lead's: this is a list, with filters and pages
    filterset_class = ApplicationFilters
    required_scopes = {"GET": "leads:read", "POST": "leads:write"}

    @extend_schema(responses=ApplicationAnswer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """List a lead's applications, newest first."""
        lead = self.one(Lead.objects.all(), pk)
        return self.page(self.get_queryset().filter(lead=lead))

    @extend_schema(request=NewLeadApplication, responses={201: ApplicationAnswer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Add an application to a lead; it starts on the first stage unless told otherwise."""
        fields = NewLeadApplication(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        added = add_application(lead_id=pk, by=self.actor, now=self.now, **given)
        return self.answer(added.pk, status=201)


class ApplicationDetail(ApplicationView):
    """One application."""

    required_scopes = {"GET": "leads:read", "PATCH": "leads:write"}

    @extend_schema(responses=ApplicationAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return an application."""
        return self.answer(pk)

    @extend_schema(request=ApplicationFields(partial=True), responses=ApplicationAnswer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Edit an application; a fee that is being paid or was paid stays as it is."""
        fields = ApplicationFields(data=request.data, partial=True)
        fields.is_valid(raise_exception=True)
        self.lock(pk)
        changes = dict(fields.validated_data)
        edit_application(application_id=pk, changes=changes, by=self.actor, now=self.now)
        return self.answer(pk)


class ApplicationMove(ApplicationView):
    """Move an application to another stage."""

    required_scopes = {"POST": "leads:write"}

    @extend_schema(request=MoveFields, responses=ApplicationAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Move an application to another stage; to where it stands changes nothing."""
        fields = MoveFields(data=request.data)
        fields.is_valid(raise_exception=True)
        self.lock(pk)
        move_application(application_id=pk, by=self.actor, now=self.now, **fields.validated_data)
        return self.answer(pk)
