"""The timeline of a lead for programs."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.filters import EntryFilters
from crm.api.orders import LatestFirst
from crm.api.serializers.timeline import EntryAnswer, Note
from crm.api.views import CrmView
from crm.models import Lead, TimelineEntry
from crm.operations.timeline import add_note


class LeadTimeline(CrmView):
    """What happened to one lead."""

    queryset = TimelineEntry.objects.all()
    serializer_class = EntryAnswer
    pagination_class = LatestFirst
    filterset_class = EntryFilters
    lookup_url_kwarg = "entry"  # `pk` is the lead's: this is a list, with filters and pages
    required_scopes = {"GET": "leads:read", "POST": "leads:write"}

    def get_queryset(self) -> QuerySet[TimelineEntry]:
        """Return entries with what their answer shows."""
        return TimelineEntry.objects.select_related("by")

    @extend_schema(responses=EntryAnswer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """List what happened to a lead, latest first; also to those merged into it."""
        lead = self.one(Lead.objects.all(), pk)
        merged = Lead.objects.filter(merged_into=lead).values_list("pk", flat=True)
        rows = self.get_queryset().filter(lead__in=[lead.pk, *merged])
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(EntryAnswer(page or [], many=True).data)

    @extend_schema(request=Note, responses={201: EntryAnswer}, filters=False)
    def post(self, request: Request, pk: UUID) -> Response:
        """Add a note to a lead; like all of the timeline it is never changed."""
        fields = Note(data=request.data)
        fields.is_valid(raise_exception=True)
        entry = add_note(lead_id=pk, by=self.actor, now=self.now, **fields.validated_data)
        entry.refresh_from_db(fields=["created_at"])
        return Response(EntryAnswer(entry).data, status=201)
