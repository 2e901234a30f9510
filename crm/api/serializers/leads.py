"""Leads in and out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.api.serializers import StrictSerializer
from crm.api.serializers.parts import PersonField, StageField, address
from crm.models import Lead
from crm.operations.merge import CHOOSABLE, SIDES


class LeadPlaces(StrictSerializer):
    """Who looks after a lead; what is left out stays as it is."""

    owner_id = serializers.UUIDField(required=False, allow_null=True, help_text="From people.")
    team_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=100,
        help_text="Teams whose members see the lead too.",
    )


class LeadFields(LeadPlaces):
    """What can be said of a lead; its stage changes by a move."""

    name = serializers.CharField()
    email = serializers.CharField(required=False, allow_blank=True)
    phone = serializers.CharField(required=False, allow_blank=True)
    source = serializers.CharField(  # type: ignore[assignment]  # a name of REST framework's too
        required=False, allow_blank=True, help_text="Where the lead came from."
    )
    source_id = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, help_text="Its id there; unique."
    )
    next_action = serializers.CharField(required=False, allow_blank=True)
    next_action_at = serializers.DateTimeField(required=False, allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Somebody who asked by e-mail",
            value={
                "name": "Mila Jansen",
                "email": "mila@example.com",
                "phone": "06 1234 5678",
                "source": "Open day",
                "next_action": "Call about the brewing course",
                "next_action_at": "2030-01-31T09:00:00+01:00",
            },
            request_only=True,
        )
    ]
)
class NewLead(LeadFields):
    """A lead to be made. A counselor who names neither owner nor team becomes the owner."""

    stage = serializers.CharField(required=False, help_text="The key of a stage; first: `new`.")


class Merge(StrictSerializer):
    """Which lead is merged into this one, and whose values win."""

    duplicate_id = serializers.UUIDField()
    keep = serializers.DictField(
        child=serializers.ChoiceField(SIDES),
        required=False,
        help_text=f"Of {', '.join(CHOOSABLE)}: `survivor` or `duplicate`; left out: the "
        "survivor's, or the duplicate's where the survivor has none.",
    )


class LeadAnswer(serializers.ModelSerializer[Lead]):
    """A lead, who looks after it and where it stands."""

    owner = PersonField()
    team_ids = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    stage = StageField()
    merged_into_id = serializers.UUIDField(read_only=True, allow_null=True)
    timeline_url = serializers.SerializerMethodField()
    applications_url = serializers.SerializerMethodField()

    class Meta:
        model = Lead
        fields = (
            "id", "name", "email", "phone", "source", "source_id", "owner", "team_ids", "stage",
            "stage_since", "next_action", "next_action_at", "last_activity_at", "merged_into_id",
            "timeline_url", "applications_url", "version", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field(serializers.URLField)
    def get_timeline_url(self, lead: Lead) -> str:
        """Return where the lead's timeline is."""
        return address(self.context, "api_lead_timeline", lead.pk)

    @extend_schema_field(serializers.URLField)
    def get_applications_url(self, lead: Lead) -> str:
        """Return where the lead's applications are."""
        return address(self.context, "api_lead_applications", lead.pk)


class LeadBrief(serializers.Serializer[Any]):
    """A lead by id and name."""

    id = serializers.UUIDField()
    name = serializers.CharField()
