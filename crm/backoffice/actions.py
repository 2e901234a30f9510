"""Admin actions that ask something first, then send each row through its operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from core.backoffice.admin import AnyModelAdmin
from core.invalid import FieldsInvalid
from crm.operations.stages import NotThere
from crm.operations.tasks import TaskCompletedAlready, TaskOpenAlready

MOST = 200
REFUSALS = (FieldsInvalid, NotThere, TaskCompletedAlready, TaskOpenAlready, ObjectDoesNotExist)


def after_asking(
    admin: AnyModelAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    action: str,
    question: str,
    form_class: Callable[..., forms.Form],
    act: Callable[[Any, dict[str, Any]], Any],
    done: str,
) -> HttpResponse | None:
    """Show a page with a form; once it was answered, act on each row and say how it went."""
    is_answer = "answered" in request.POST
    form = form_class(request.POST if is_answer else None)
    if is_answer and form.is_valid():
        each(admin, request, rows, act=lambda row: act(row, form.cleaned_data), done=done)
        return None
    context = {
        **admin.admin_site.each_context(request),
        "title": question,
        "opts": admin.opts,
        "rows": rows[:MOST],
        "form": form,
        "action": action,
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/crm/act.html", context)


def each(
    admin: AnyModelAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    act: Callable[[Any], Any],
    done: str,
) -> None:
    """Act on each row by itself: one that is refused is named, and the others go on."""
    count = 0
    for row in rows.order_by("pk")[:MOST]:
        try:
            with transaction.atomic():
                act(row)
        except REFUSALS as error:
            admin.message_user(
                request, f"{row}: nothing was done. {_words(error)}", messages.WARNING
            )
        else:
            admin.log_change(request, row, done)
            count += 1
    if count:
        admin.message_user(request, f"{done}: {count}.")


def _words(error: Exception) -> str:
    if isinstance(error, FieldsInvalid):
        return " ".join(wrong.detail for wrong in error.errors)
    return str(error)
