"""Tasks in and out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.api.serializers import StrictSerializer
from crm.api.serializers.leads import LeadBrief
from crm.api.serializers.parts import MULTILINE, PersonField, address
from crm.models import Task


@extend_schema_field(serializers.ChoiceField(Task.Type.choices))
class TypeField(serializers.CharField):
    """A type of task; whether there is such a type is judged with everything else."""


class TaskFields(StrictSerializer):
    """What can be said of a task."""

    task_type = TypeField()
    due_at = serializers.DateTimeField(help_text="A moment in the future, with its zone.")
    note = serializers.CharField(required=False, allow_blank=True, style=MULTILINE)


class AssignedTask(TaskFields):
    """A task with who does it."""

    assignee_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="Null: whoever looks after the lead."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A call",
            value={
                "application_id": "0d9a8a4e-6c0f-4a67-9a1f-3f1f8d2b7c55",
                "task_type": "call",
                "due_at": "2030-01-01T12:00:00Z",
            },
            request_only=True,
        )
    ]
)
class NewTask(AssignedTask):
    """A task to be added to an application."""

    application_id = serializers.UUIDField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Added",
            value={"success": True, "task_id": "5f0c3f5e-1f63-4a0e-8d3e-2a9a2f7f7d10"},
            response_only=True,
        )
    ]
)
class TaskCreated(serializers.Serializer[Any]):
    """The task was added."""

    success = serializers.BooleanField()
    task_id = serializers.UUIDField()


class Completion(StrictSerializer):
    """What came of a task, and the task that follows."""

    outcome = serializers.CharField(required=False, allow_blank=True, style=MULTILINE)
    next_task = TaskFields(required=False, allow_null=True)


class Assignee(StrictSerializer):
    """Who does a task from now on."""

    assignee_id = serializers.UUIDField(
        allow_null=True, help_text="Null: whoever looks after the lead."
    )


class Snooze(StrictSerializer):
    """When a task is due instead."""

    due_at = serializers.DateTimeField(help_text="A moment in the future, with its zone.")


class TaskAnswer(serializers.ModelSerializer[Task]):
    """A task, what it is about, when it is due and how it stands."""

    task_type = serializers.ChoiceField(Task.Type.choices, source="type", read_only=True)
    is_overdue = serializers.SerializerMethodField()
    application_id = serializers.UUIDField(read_only=True)
    programme = serializers.CharField(source="application.programme", read_only=True)
    lead = LeadBrief(read_only=True)
    assignee = PersonField()
    completed_by = PersonField()
    timeline_url = serializers.SerializerMethodField()

    class Meta:
        model = Task
        fields = (
            "id", "task_type", "due_at", "status", "is_overdue", "application_id", "programme",
            "lead", "assignee", "note", "outcome", "completed_at", "completed_by", "timeline_url",
            "version", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field(serializers.BooleanField)
    def get_is_overdue(self, task: Task) -> bool:
        """Return whether it should have been done before the moment of the request."""
        return task.is_overdue_at(self.context["now"])

    @extend_schema_field(serializers.URLField)
    def get_timeline_url(self, task: Task) -> str:
        """Return where the timeline of the task's lead is."""
        return address(self.context, "api_lead_timeline", task.lead_id)
