"""Leads for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, invalid
from core.api.versions import check_match, respond
from crm.api.filters import LeadFilters
from crm.api.serializers.leads import LeadAnswer, LeadFields, LeadPlaces, Merge, NewLead
from crm.api.serializers.parts import MoveFields
from crm.api.views import CrmView
from crm.models import Lead, LeadStage
from crm.operations.leads import assign_lead, create_lead, edit_lead
from crm.operations.merge import merge_leads
from crm.operations.stages import move_lead

PLACES = ("owner_id", "team_ids")


class LeadView(CrmView):
    """What all views of leads share."""

    queryset = Lead.objects.all()
    serializer_class = LeadAnswer

    def get_queryset(self) -> QuerySet[Lead]:
        """Return leads with what their answer shows."""
        return Lead.objects.select_related("owner")

    def show(self, rows: Any, *, many: bool = False) -> LeadAnswer:
        """Return the answer for one lead or, with `many`, for a page of them."""
        stages = {stage.key: stage for stage in LeadStage.objects.all()}
        return LeadAnswer(rows, many=many, context={"request": self.request, "stages": stages})

    def answer(self, pk: UUID, status: int = 200) -> Response:
        """Return a lead as it stands now, with its ETag."""
        lead = self.one(self.get_queryset(), pk)
        return respond(self.request, lead, self.show(lead).data, status)

    def lock(self, pk: UUID) -> Lead:
        """Return the lead, locked, for a change that the caller's `If-Match` allows."""
        lead = self.one(Lead.objects.select_for_update(), pk)
        check_match(self.request, lead)
        return lead

    def assign(self, lead: Lead, asked: dict[str, Any]) -> None:
        """Hand a locked lead to the owner and the teams that are named."""
        places = {name: asked.get(name, getattr(lead, name)) for name in PLACES}
        assign_lead(lead_id=lead.pk, by=self.actor, now=self.now, **places)


class LeadList(LeadView):
    """List and add leads."""

    filterset_class = LeadFilters
    required_scopes = {"GET": "leads:read", "POST": "leads:write"}

    @extend_schema(responses=LeadAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List leads, newest first; without those that were merged into another one."""
        rows = self.get_queryset().filter(merged_into__isnull=True)
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.show(page, many=True).data)

    @extend_schema(request=NewLead, responses={201: LeadAnswer})
    def post(self, request: Request) -> Response:
        """Add a lead; it starts on the first stage unless another one is named."""
        fields = NewLead(data=request.data)
        fields.is_valid(raise_exception=True)
        lead = create_lead(by=self.actor, now=self.now, **fields.validated_data)
        return self.answer(lead.pk, status=201)


class LeadDetail(LeadView):
    """One lead."""

    required_scopes = {"GET": "leads:read", "PATCH": "leads:write"}

    @extend_schema(responses=LeadAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a lead; one that was merged says into which."""
        return self.answer(pk)

    @extend_schema(request=LeadFields(partial=True), responses=LeadAnswer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Edit a lead; the timeline keeps what was before."""
        fields = LeadFields(data=request.data, partial=True)
        fields.is_valid(raise_exception=True)
        changes = dict(fields.validated_data)
        lead = self.lock(pk)
        if asked := {name: changes.pop(name) for name in PLACES if name in changes}:
            self.assign(lead, asked)
        edit_lead(lead_id=pk, changes=changes, by=self.actor, now=self.now)
        return self.answer(pk)


class LeadMove(LeadView):
    """Move a lead to another stage."""

    required_scopes = {"POST": "leads:write"}

    @extend_schema(request=MoveFields, responses=LeadAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Move a lead to another stage; to where it stands changes nothing."""
        fields = MoveFields(data=request.data)
        fields.is_valid(raise_exception=True)
        self.lock(pk)
        move_lead(lead_id=pk, by=self.actor, now=self.now, **fields.validated_data)
        return self.answer(pk)


class LeadAssign(LeadView):
    """Hand a lead on."""

    required_scopes = {"POST": "leads:write"}

    @extend_schema(request=LeadPlaces, responses=LeadAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Hand a lead to a person, to teams, or both; a counselor must still see it afterwards."""
        fields = LeadPlaces(data=request.data)
        fields.is_valid(raise_exception=True)
        self.assign(self.lock(pk), dict(fields.validated_data))
        return self.answer(pk)


class LeadMerge(LeadView):
    """Merge another lead into this one."""

    required_scopes = {"POST": "leads:write"}

    @extend_schema(request=Merge, responses=LeadAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Merge a duplicate into this lead; applications move, the timeline tells what was."""
        fields = Merge(data=request.data)
        fields.is_valid(raise_exception=True)
        lead = self.one(Lead.objects.all(), pk)
        self._find_duplicate(fields.validated_data["duplicate_id"])
        merged = merge_leads(survivor_id=pk, by=self.actor, now=self.now, **fields.validated_data)
        # Checked afterwards: only the operation locks both in an order that nobody waits for.
        lead.version = merged.version - 1
        check_match(request, lead)
        return self.answer(pk)

    def _find_duplicate(self, duplicate_id: UUID) -> None:
        if not Lead.objects.filter(pk=duplicate_id).exists():
            detail = "There is no lead with this id here."
            raise invalid(FieldError(detail, code="unknown_lead", pointer="#/duplicate_id"))
