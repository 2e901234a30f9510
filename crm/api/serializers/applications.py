"""Applications in and out."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.api.serializers import StrictSerializer
from crm.api.serializers.leads import LeadBrief
from crm.api.serializers.parts import MoneyField, StageField, address
from crm.models import Application
from crm.queries.fees import FeeState


class ApplicationFields(StrictSerializer):
    """What can be said of an application; its stage changes by a move."""

    programme = serializers.CharField(
        required=False, allow_blank=True, help_text="What is applied for."
    )
    fee_minor = serializers.IntegerField(
        required=False, allow_null=True, help_text="The fee in minor units; null: none."
    )
    currency = serializers.CharField(
        required=False, allow_blank=True, help_text="ISO 4217; left out: the company's own."
    )

    def validate_currency(self, currency: str) -> str:
        """Return the code in capitals."""
        return currency.upper()


class NewLeadApplication(ApplicationFields):
    """An application to be added to a lead."""

    stage = serializers.CharField(required=False, help_text="The key of a stage; first: `draft`.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "With a fee of 50 euros",
            value={
                "lead_id": "7b0f4b7c-4a9e-4f8b-9a45-6d0a3c8c2f11",
                "programme": "Brewing course",
                "fee_minor": 5000,
                "currency": "EUR",
            },
            request_only=True,
        )
    ]
)
class NewApplication(NewLeadApplication):
    """An application to be added, with its lead."""

    lead_id = serializers.UUIDField()


class ApplicationAnswer(serializers.ModelSerializer[Application]):
    """An application, its lead, its stage and its fee."""

    lead = LeadBrief(read_only=True)
    stage = StageField()
    fee = MoneyField()
    fee_state = serializers.SerializerMethodField()
    timeline_url = serializers.SerializerMethodField()

    class Meta:
        model = Application
        fields = (
            "id", "lead", "programme", "stage", "stage_since", "fee", "fee_state", "timeline_url",
            "version", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(FeeState.choices))
    def get_fee_state(self, application: Application) -> str:
        """Return how far the fee is."""
        return str(self.context["fees"][application.pk])

    @extend_schema_field(serializers.URLField)
    def get_timeline_url(self, application: Application) -> str:
        """Return where the timeline of the application's lead is."""
        return address(self.context, "api_lead_timeline", application.lead_id)
