"""Admin pages of applications and tasks."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from core.backoffice.admin import badge, money_column
from crm.backoffice.actions import after_asking, each
from crm.backoffice.forms import ApplicationAdminForm, TaskAdminForm, TaskEditForm
from crm.backoffice.leads import LookInline, StageFilter, StoredAdmin, by
from crm.forms import CompleteForm, MoveForm, ReassignForm
from crm.forms.base import to_id
from crm.models import Application, ApplicationStage, Task
from crm.operations.stages import move_application
from crm.operations.tasks import complete_task, reassign_task, reopen_task
from crm.queries.people import colleagues


class ApplicationStageFilter(StageFilter):
    """Narrows applications by their stage."""

    stages = ApplicationStage


class TaskInline(LookInline):
    """What there is to do for the application."""

    model = Task
    fields = ("type", "due_at", "status", "assignee", "outcome")
    readonly_fields = fields


@admin.register(Application)
class ApplicationAdmin(StoredAdmin):
    """Applications; never deleted, but moved to a stage where they are lost."""

    form = ApplicationAdminForm  # type: ignore[assignment]  # the base is typed for its own form
    list_display = ("lead", "programme", "stage", money_column("fee", "Fee"), "stage_since",
                    "created_at")  # fmt: skip
    list_filter = (ApplicationStageFilter,)
    list_select_related = ("lead",)
    search_fields = ("programme", "lead__name", "=lead__email_normalised")
    raw_id_fields = ("lead",)
    inlines = (TaskInline,)
    actions = ("move",)
    readonly_fields = ("stage", "stage_since", "created_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what can be typed; the lead only while there is no row."""
        typed = ("programme", "fee", "currency")
        return ("lead", *typed) if obj is None else ("lead", *typed, *self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Keep the lead: applications move only when leads are merged."""
        return [] if obj is None else ["lead", *self.readonly_fields]

    @admin.action(description="Move to a stage…", permissions=["change"])
    def move(self, request: HttpRequest, rows: QuerySet[Application]) -> HttpResponse | None:
        """Move the chosen applications, with a note."""
        stages = list(ApplicationStage.objects.all())
        return after_asking(
            self, request, rows, action="move", question="Move to which stage?",
            form_class=lambda data: MoveForm(data, stages=stages), done="Moved",
            act=lambda row, said: move_application(
                application_id=row.pk, stage=said["stage"], note=said["note"], by=by(request),
                now=timezone.now()),
        )  # fmt: skip


class OverdueFilter(admin.SimpleListFilter):
    """Narrows tasks to those that are overdue."""

    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the one choice."""
        return [("overdue", "Overdue")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep open tasks whose time has come."""
        if self.value() != "overdue":
            return queryset
        return queryset.filter(status=Task.Status.OPEN, due_at__lt=timezone.now())


@admin.register(Task)
class TaskAdmin(StoredAdmin):
    """Tasks; added, put off, given to others, completed and reopened, never deleted."""

    list_display = ("type", "lead", "application", "due_at", "shown_status", "assignee")
    list_filter = ("status", OverdueFilter, "type")
    list_select_related = ("lead", "application", "assignee")
    search_fields = ("lead__name", "note", "outcome")
    raw_id_fields = ("application",)
    actions = ("complete", "reopen", "reassign")
    readonly_fields = ("application", "lead", "type", "note", "status", "outcome", "completed_at",
                       "completed_by", "created_at")  # fmt: skip

    def get_form(
        self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form for a new task, or the smaller one of a task that exists."""
        kwargs["form"] = TaskAdminForm if obj is None else TaskEditForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what can be typed, and what there is to see."""
        if obj is None:
            return ("application", "type", "due_at", "assignee", "note")
        return ("due_at", "assignee", *self.readonly_fields)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep a completed task as it was done; reopening is an action."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.is_open)

    @admin.display(description="Status", ordering="status")
    def shown_status(self, task: Task) -> SafeString:
        """Show whether it is done, open or overdue."""
        if not task.is_open:
            return badge("good", task.get_status_display())
        is_late = task.is_overdue_at(timezone.now())
        return badge("bad", "Overdue") if is_late else badge("note", task.get_status_display())

    @admin.action(description="Complete…", permissions=["change"])
    def complete(self, request: HttpRequest, rows: QuerySet[Task]) -> HttpResponse | None:
        """Complete the chosen tasks with one outcome."""

        def form_class(data: Any) -> CompleteForm:
            form = CompleteForm(data)
            del form.fields["next_type"], form.fields["next_due_at"]
            return form

        return after_asking(
            self, request, rows, action="complete", question="What came of them?",
            form_class=form_class, done="Completed",
            act=lambda task, said: complete_task(
                task_id=task.pk, outcome=said["outcome"], by=by(request), now=timezone.now()),
        )  # fmt: skip

    @admin.action(description="Reopen", permissions=["change"])
    def reopen(self, request: HttpRequest, rows: QuerySet[Task]) -> None:
        """Open the chosen tasks again."""
        each(
            self, request, rows, done="Reopened",
            act=lambda task: reopen_task(task_id=task.pk, by=by(request), now=timezone.now()),
        )  # fmt: skip

    @admin.action(description="Give to somebody…", permissions=["change"])
    def reassign(self, request: HttpRequest, rows: QuerySet[Task]) -> HttpResponse | None:
        """Give the chosen tasks to somebody who sees their leads."""
        people = colleagues()
        return after_asking(
            self, request, rows, action="reassign", question="Who does them?",
            form_class=lambda data: ReassignForm(data, people=people), done="Given on",
            act=lambda task, said: reassign_task(
                task_id=task.pk, assignee_id=to_id(said["assignee"]), by=by(request),
                now=timezone.now()),
        )  # fmt: skip
