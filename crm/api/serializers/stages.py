"""Stages in and out."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import StrictSerializer
from crm.models import ApplicationStage, LeadStage, Stage


class StageFields(StrictSerializer):
    """What can be said of a stage."""

    name = serializers.CharField()
    outcome = serializers.CharField(required=False, help_text="`open`, `won` or `lost`.")
    deadline_days = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="How long a row may stay here; null: as long as it takes.",
    )
    needs_note = serializers.BooleanField(required=False, help_text="A note is needed to enter.")
    may_go_back = serializers.BooleanField(required=False, help_text="May be left backwards.")


class NewStage(StageFields):
    """A stage to be added; without `position` it comes last."""

    key = serializers.CharField(help_text="What programs call it; it stays. Such as `in_review`.")
    position = serializers.IntegerField(required=False)


class StageOrder(StrictSerializer):
    """All stages from left to right."""

    keys = serializers.ListField(child=serializers.CharField(), max_length=200)


class LeadStageAnswer(serializers.ModelSerializer[LeadStage]):
    """A stage that leads stand on, with its rules."""

    outcome = serializers.SerializerMethodField()

    class Meta:
        model = LeadStage
        fields = (
            "id", "key", "name", "position", "outcome", "deadline_days", "needs_note",
            "may_go_back", "version", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(Stage.Outcome.choices))
    def get_outcome(self, stage: Stage) -> str:
        """Return whether rows here are still open, won or lost."""
        return stage.outcome


class ApplicationStageAnswer(LeadStageAnswer):
    """A stage that applications stand on, with its rules."""

    class Meta(LeadStageAnswer.Meta):
        model = ApplicationStage  # type: ignore[assignment]
