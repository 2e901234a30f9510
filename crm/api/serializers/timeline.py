"""The timeline in and out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import StrictSerializer
from crm.api.serializers.parts import MULTILINE, PersonField
from crm.models import TimelineEntry


class Note(StrictSerializer):
    """A note to be added."""

    text = serializers.CharField(style=MULTILINE)


class EntryAnswer(serializers.ModelSerializer[TimelineEntry]):
    """One thing that happened."""

    by = PersonField()
    lead_id = serializers.UUIDField(read_only=True)
    application_id = serializers.UUIDField(read_only=True, allow_null=True)
    task_id = serializers.UUIDField(read_only=True, allow_null=True)
    facts = serializers.SerializerMethodField()

    class Meta:
        model = TimelineEntry
        fields = (
            "id", "kind", "text", "from_stage", "to_stage", "facts", "by", "by_words", "lead_id",
            "application_id", "task_id", "happened_at", "created_at",
        )  # fmt: skip

    @extend_schema_field(serializers.DictField())
    def get_facts(self, entry: TimelineEntry) -> dict[str, Any]:
        """Return what programs may want to know, such as what a field held before."""
        return dict(entry.facts)
