"""Tasks for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.versions import check_match, respond
from core.invalid import FieldsInvalid
from crm.api.filters import TaskFilters
from crm.api.orders import DueFirst
from crm.api.serializers.tasks import (
    AssignedTask,
    Assignee,
    Completion,
    NewTask,
    Snooze,
    TaskAnswer,
    TaskCreated,
)
from crm.api.views import CrmView, refused
from crm.models import Task
from crm.operations.tasks import (
    NextTask,
    TaskCompletedAlready,
    TaskOpenAlready,
    complete_task,
    create_task,
    edit_task,
    reassign_task,
    reopen_task,
    snooze_task,
)


class TaskView(CrmView):
    """What all views of tasks share."""

    queryset = Task.objects.all()
    serializer_class = TaskAnswer
    pagination_class = DueFirst
    problems = {
        **CrmView.problems,
        TaskCompletedAlready: (409, "task_completed_already"),
        TaskOpenAlready: (409, "task_open_already"),
    }

    def get_queryset(self) -> QuerySet[Task]:
        """Return tasks with what their answer shows.

        Read one table after the other: joined, each with its own rules of row-level security, all
        300,000 tasks of a company are put together before the first 25 are taken.
        """
        return Task.objects.prefetch_related("application", "lead", "assignee", "completed_by")

    def show(self, rows: Any, *, many: bool = False) -> TaskAnswer:
        """Return the answer for one task or, with `many`, for a page of them."""
        return TaskAnswer(rows, many=many, context={"request": self.request, "now": self.now})

    def answer(self, pk: UUID) -> Response:
        """Return a task as it stands now, with its ETag."""
        task = self.one(self.get_queryset(), pk)
        return respond(self.request, task, self.show(task).data)

    def lock(self, pk: UUID) -> Task:
        """Return the task, locked, for a change that the caller's `If-Match` allows."""
        task = self.one(Task.objects.select_for_update(), pk)
        check_match(self.request, task)
        return task


class TaskList(TaskView):
    """List and add tasks."""

    filterset_class = TaskFilters
    required_scopes = {"GET": "tasks:read", "POST": "tasks:write"}

    @extend_schema(responses=TaskAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List tasks, what is due first comes first; completed ones too unless filtered."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.show(page, many=True).data)

    @extend_schema(request=NewTask, responses={201: TaskCreated})
    def post(self, request: Request) -> Response:
        """Add a task to an application; an unknown application is a mistake in the body."""
        fields = NewTask(data=request.data)
        fields.is_valid(raise_exception=True)
        task = create_task(by=self.actor, now=self.now, **fields.validated_data)
        return Response({"success": True, "task_id": str(task.pk)}, status=201)


class TaskDetail(TaskView):
    """One task."""

    required_scopes = {"GET": "tasks:read", "PATCH": "tasks:manage"}

    @extend_schema(responses=TaskAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a task."""
        return self.answer(pk)

    @extend_schema(request=AssignedTask(partial=True), responses=TaskAnswer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Edit an open task."""
        fields = AssignedTask(data=request.data, partial=True)
        fields.is_valid(raise_exception=True)
        self.lock(pk)
        edit_task(task_id=pk, changes=dict(fields.validated_data), by=self.actor, now=self.now)
        return self.answer(pk)


class TaskComplete(TaskView):
    """Complete a task."""

    required_scopes = {"POST": "tasks:manage"}

    @extend_schema(request=Completion, responses=TaskAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Complete a task; with what came of it and the task that follows, in one step."""
        fields = Completion(data=request.data)
        fields.is_valid(raise_exception=True)
        self.lock(pk)
        self._complete(pk, **fields.validated_data)
        return self.answer(pk)

    def _complete(
        self, pk: UUID, outcome: str = "", next_task: dict[str, Any] | None = None
    ) -> None:
        follows = next_task and NextTask(
            type=next_task["task_type"],
            due_at=next_task["due_at"],
            note=next_task.get("note", ""),
        )
        try:
            complete_task(
                task_id=pk, outcome=outcome, next_task=follows or None, by=self.actor, now=self.now
            )
        except FieldsInvalid as error:
            raise refused(error, under="next_task", but={"outcome"}) from error


class TaskReopen(TaskView):
    """Open a completed task again."""

    required_scopes = {"POST": "tasks:manage"}

    @extend_schema(request=None, responses=TaskAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Open a completed task again; its outcome stays in the timeline."""
        self.lock(pk)
        reopen_task(task_id=pk, by=self.actor, now=self.now)
        return self.answer(pk)


class TaskReassign(TaskView):
    """Give a task to somebody."""

    required_scopes = {"POST": "tasks:manage"}

    @extend_schema(request=Assignee, responses=TaskAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Give an open task to somebody who sees its lead; null: whoever looks after the lead."""
        fields = Assignee(data=request.data)
        fields.is_valid(raise_exception=True)
        self.lock(pk)
        reassign_task(task_id=pk, by=self.actor, now=self.now, **fields.validated_data)
        return self.answer(pk)


class TaskSnooze(TaskView):
    """Put a task off."""

    required_scopes = {"POST": "tasks:manage"}

    @extend_schema(request=Snooze, responses=TaskAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Put an open task off to a moment in the future."""
        fields = Snooze(data=request.data)
        fields.is_valid(raise_exception=True)
        self.lock(pk)
        snooze_task(task_id=pk, by=self.actor, now=self.now, **fields.validated_data)
        return self.answer(pk)
