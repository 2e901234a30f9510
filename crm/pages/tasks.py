"""What people do to tasks: each is one request, as a plain form or as a row that htmx swaps."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from core.invalid import FieldsInvalid
from core.pages import StaffRequest, staff_page
from crm.days import same_time_on
from crm.forms import BulkForm, CompleteForm, ReassignForm, SnoozeForm
from crm.models import Task
from crm.operations.bulk import Tally, TooManyTasks, complete_tasks, snooze_tasks
from crm.operations.tasks import (
    TaskCompletedAlready,
    TaskOpenAlready,
    complete_task,
    reassign_task,
    reopen_task,
    snooze_task,
)
from crm.operations.undo import NotUndone, undo_completion
from crm.pages.answers import actor, back_of, go_back, is_partial, posted
from crm.pages.tally import tally_behind
from crm.queries.people import colleagues
from crm.queries.today import MOST_COUNTED, UNDO_FOR, task_row
from crm.words import due_words

Refusals = (TaskCompletedAlready, TaskOpenAlready, NotUndone)


def find_task(pk: UUID) -> Task:
    """Return a task with what its row shows, or raise Http404."""
    try:
        return task_row(pk)
    except Task.DoesNotExist:
        raise Http404("There is no such task here.") from None


def _row(
    request: StaffRequest,
    pk: UUID,
    *,
    said: str = "",
    tone: str = "",
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """Answer with the row as it is now, for htmx to put in place."""
    task, now = find_task(pk), timezone.now()
    by_me = task.completed_by_id == request.user.pk
    context = {
        "task": task,
        "now": now,
        "said": said,
        "tone": tone,
        "back": back_of(request),
        "can_undo": by_me and task.completed_at and now - task.completed_at < UNDO_FOR,
        "is_overdue": task.is_overdue_at(now),
        "was_swapped": True,
        "counts": tally_behind(request, now),
        "most": MOST_COUNTED,
        "on_lead": "on_lead" in request.POST,
        "people": colleagues() if "on_lead" in request.POST else [],
        "task_types": Task.Type.choices,
        **more,
    }
    return TemplateResponse(request, "crm/_task.html", context, status=status)


def _answer(request: StaffRequest, pk: UUID, act: Callable[[], Any], said: str) -> HttpResponse:
    """Do something to a task and tell what came of it, in the row or on the page before."""
    find_task(pk)
    try:
        with transaction.atomic():
            act()
    except Refusals as error:
        if is_partial(request):
            return _row(request, pk, said=str(error), tone="warning", status=HTTPStatus.CONFLICT)
        return go_back(request, str(error), level=messages.WARNING)
    except FieldsInvalid as refusal:
        why = " ".join(error.detail for error in refusal.errors)
        if is_partial(request):
            return _row(request, pk, said=why, tone="error", status=HTTPStatus.BAD_REQUEST)
        return go_back(request, f"Nothing was changed. {why}", level=messages.ERROR)
    return _row(request, pk, said=said) if is_partial(request) else go_back(request, said)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def task_complete(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Complete a task, with what came of it and what comes next if that was filled in."""
    task = find_task(pk)
    form = CompleteForm(posted(request))
    if request.method == "POST" and (form.is_valid() or not task.is_open):
        try:
            with transaction.atomic():
                outcome = form.cleaned_data.get("outcome", "") if form.is_valid() else ""
                complete_task(
                    task_id=pk,
                    by=actor(request),
                    now=timezone.now(),
                    outcome=outcome,
                    next_task=form.next_task() if form.is_valid() else None,
                )
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        except TaskCompletedAlready as error:
            return _completed_already(request, pk, error)
        else:
            return _completed(request, task, form)
    return _complete_form(request, task, form)


def _completed_already(
    request: StaffRequest, pk: UUID, error: TaskCompletedAlready
) -> HttpResponse:
    if is_partial(request):
        return _row(request, pk, said=str(error), tone="warning", status=HTTPStatus.CONFLICT)
    return go_back(request, str(error), level=messages.WARNING)


def _completed(request: StaffRequest, task: Task, form: CompleteForm) -> HttpResponse:
    following = form.next_task()
    said = f"Completed: {task} for {task.lead.name}."
    if following is not None:
        name = Task.Type(following.type).label
        said += f" Next: {name}, {due_words(following.due_at, timezone.now())}."
    if is_partial(request):
        return _row(request, task.pk, said=said)
    return go_back(request, said)


def _complete_form(request: StaffRequest, task: Task, form: CompleteForm) -> HttpResponse:
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    if is_partial(request) and form.errors:
        return _row(request, task.pk, status=status, form=form)
    context = {"task": task, "form": form, "now": timezone.now(), "back": back_of(request)}
    return TemplateResponse(request, "crm/task_complete.html", context, status=status)


@require_POST
@staff_page()
def task_undo(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take back one's own completion of a moment ago."""
    return _answer(
        request,
        pk,
        lambda: undo_completion(task_id=pk, by=actor(request), now=timezone.now()),
        "Taken back: the task is open again. A next task that you added stays.",
    )


@require_POST
@staff_page()
def task_reopen(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Open a completed task again."""
    return _answer(
        request,
        pk,
        lambda: reopen_task(task_id=pk, by=actor(request), now=timezone.now()),
        "The task is open again.",
    )


@require_POST
@staff_page()
def task_snooze(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Put a task off to the same time on another day."""
    task, now, form = find_task(pk), timezone.now(), SnoozeForm(request.POST)
    if not form.is_valid():
        return _unreadable(request, pk, form)
    day = form.day_after(now, request.tenant.zone)
    due_at = same_time_on(day, task.due_at, request.tenant.zone)
    return _answer(
        request,
        pk,
        lambda: snooze_task(task_id=pk, due_at=due_at, by=actor(request), now=now),
        f"Put off: {task} for {task.lead.name} is due {due_words(due_at, now)}.",
    )


@require_POST
@staff_page()
def task_reassign(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Give a task to somebody else."""
    form = ReassignForm(request.POST, people=colleagues())
    find_task(pk)
    if not form.is_valid():
        return _unreadable(request, pk, form)
    return _answer(
        request,
        pk,
        lambda: reassign_task(
            task_id=pk, assignee_id=form.assignee_id(), by=actor(request), now=timezone.now()
        ),
        "Handed on.",
    )


def _unreadable(request: StaffRequest, pk: UUID, form: SnoozeForm | ReassignForm) -> HttpResponse:
    why = " ".join(str(error) for errors in form.errors.values() for error in errors)
    if is_partial(request):
        return _row(request, pk, said=why, tone="error", status=HTTPStatus.BAD_REQUEST)
    return go_back(request, f"Nothing was changed. {why}", level=messages.ERROR)


@require_POST
@staff_page()
def task_bulk(request: StaffRequest) -> HttpResponse:
    """Complete the chosen tasks, or put them off, and tell what became of them."""
    form, snooze = BulkForm(request.POST), SnoozeForm(request.POST)
    is_completing = request.POST.get("to") == "complete"
    if not form.is_valid() or not (is_completing or snooze.is_valid()):
        wrong = form if form.errors else snooze
        why = " ".join(str(error) for errors in wrong.errors.values() for error in errors)
        return go_back(request, f"Nothing was changed. {why}", level=messages.ERROR)
    ids: list[UUID] = form.cleaned_data["task"]
    try:
        tally = _complete_all(request, ids) if is_completing else _snooze_all(request, ids, snooze)
    except TooManyTasks as error:
        return go_back(request, str(error), level=messages.ERROR)
    said = told(tally, "completed" if is_completing else "put off")
    return go_back(request, said, level=messages.WARNING if tally.refused else messages.SUCCESS)


def _complete_all(request: StaffRequest, ids: list[UUID]) -> Tally:
    return complete_tasks(task_ids=ids, by=actor(request), now=timezone.now())


def _snooze_all(request: StaffRequest, ids: list[UUID], form: SnoozeForm) -> Tally:
    now, zone = timezone.now(), request.tenant.zone
    day = form.day_after(now, zone)
    due = dict(Task.objects.filter(pk__in=ids).values_list("pk", "due_at"))
    moved = {pk: same_time_on(day, due.get(pk, now), zone) for pk in ids}
    return snooze_tasks(due_at_by_task=moved, by=actor(request), now=now)


def told(tally: Tally, verb: str) -> str:
    """Return what became of many tasks: `4 completed. 1 was completed by Sam before.`."""
    others = [
        f"{n} {'was' if n == 1 else 'were'} {why}" for why, n in sorted(tally.refused.items())
    ]
    parts = [f"{tally.done} {verb}", *others]
    return " ".join(f"{part.rstrip('.')}." for part in parts)
