"""The stages of leads and of applications for programs."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.versions import check_match, respond
from crm.api.orders import AsInPipeline
from crm.api.serializers.stages import (
    ApplicationStageAnswer,
    LeadStageAnswer,
    NewStage,
    StageFields,
    StageOrder,
)
from crm.api.views import CrmView
from crm.models import ApplicationStage, LeadStage, Stage
from crm.operations.stage_rules import add_stage, edit_stage, order_stages


class StageView(CrmView):
    """What all views of stages share; `model` says whose stages they are."""

    pagination_class = AsInPipeline
    model: ClassVar[type[Stage]] = LeadStage

    def get_queryset(self) -> QuerySet[Any]:
        """Return the stages."""
        return self.model._default_manager.all()

    def answer(self, stage: Stage, status: int = 200) -> Response:
        """Return a stage with its ETag."""
        stage.refresh_from_db()
        return respond(self.request, stage, self.get_serializer_class()(stage).data, status)

    def page(self) -> Response:
        """Return a page of the stages."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer_class()(page, many=True).data)

    def add(self, request: Request) -> Response:
        """Add a stage."""
        fields = NewStage(data=request.data)
        fields.is_valid(raise_exception=True)
        return self.answer(add_stage(self.model, **fields.validated_data), status=201)

    def edit(self, request: Request, pk: UUID) -> Response:
        """Edit a stage whose version the caller's `If-Match` allows."""
        fields = StageFields(data=request.data, partial=True)
        fields.is_valid(raise_exception=True)
        check_match(request, self.one(self.get_queryset().select_for_update(), pk))
        changes = dict(fields.validated_data)
        return self.answer(edit_stage(self.model, stage_id=pk, changes=changes))

    def reorder(self, request: Request) -> Response:
        """Put the stages into the order that is named."""
        fields = StageOrder(data=request.data)
        fields.is_valid(raise_exception=True)
        order_stages(self.model, keys=fields.validated_data["keys"])
        return self.page()


READ_AND_ADD = {"GET": "leads:read", "POST": "stages:write"}
READ_AND_EDIT = {"GET": "leads:read", "PATCH": "stages:write"}
ADD_ONLY = {"POST": "stages:write"}


class LeadStageList(StageView):
    """List and add stages of leads."""

    queryset = LeadStage.objects.all()
    serializer_class = LeadStageAnswer
    required_scopes = READ_AND_ADD

    @extend_schema(responses=LeadStageAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List the stages of leads, as in the pipeline."""
        return self.page()

    @extend_schema(request=NewStage, responses={201: LeadStageAnswer})
    def post(self, request: Request) -> Response:
        """Add a stage for leads."""
        return self.add(request)


class LeadStageDetail(StageView):
    """One stage of leads."""

    queryset = LeadStage.objects.all()
    serializer_class = LeadStageAnswer
    required_scopes = READ_AND_EDIT

    @extend_schema(responses=LeadStageAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a stage of leads."""
        return self.answer(self.one(self.get_queryset(), pk))

    @extend_schema(request=StageFields(partial=True), responses=LeadStageAnswer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Edit a stage of leads."""
        return self.edit(request, pk)


class LeadStageOrder(StageView):
    """The order of the stages of leads."""

    queryset = LeadStage.objects.all()
    serializer_class = LeadStageAnswer
    required_scopes = ADD_ONLY

    @extend_schema(request=StageOrder, responses=LeadStageAnswer(many=True))
    def post(self, request: Request) -> Response:
        """Put the stages of leads in order; name all of them by key."""
        return self.reorder(request)


class ApplicationStageList(StageView):
    """List and add stages of applications."""

    model = ApplicationStage
    queryset = ApplicationStage.objects.all()
    serializer_class = ApplicationStageAnswer
    required_scopes = READ_AND_ADD

    @extend_schema(responses=ApplicationStageAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List the stages of applications, as in the pipeline."""
        return self.page()

    @extend_schema(request=NewStage, responses={201: ApplicationStageAnswer})
    def post(self, request: Request) -> Response:
        """Add a stage for applications."""
        return self.add(request)


class ApplicationStageDetail(StageView):
    """One stage of applications."""

    model = ApplicationStage
    queryset = ApplicationStage.objects.all()
    serializer_class = ApplicationStageAnswer
    required_scopes = READ_AND_EDIT

    @extend_schema(responses=ApplicationStageAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a stage of applications."""
        return self.answer(self.one(self.get_queryset(), pk))

    @extend_schema(request=StageFields(partial=True), responses=ApplicationStageAnswer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Edit a stage of applications."""
        return self.edit(request, pk)


class ApplicationStageOrder(StageView):
    """The order of the stages of applications."""

    model = ApplicationStage
    queryset = ApplicationStage.objects.all()
    serializer_class = ApplicationStageAnswer
    required_scopes = ADD_ONLY

    @extend_schema(request=StageOrder, responses=ApplicationStageAnswer(many=True))
    def post(self, request: Request) -> Response:
        """Put the stages of applications in order; name all of them by key."""
        return self.reorder(request)
