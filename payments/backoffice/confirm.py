"""Admin actions that move money: a page asks first, then each row goes through its operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from core.backoffice.admin import AnyModelAdmin
from payments.models import Payment
from payments.operations.decisions import NothingToDecide
from payments.operations.refunds import NotRefundable, RefundTooLarge

REFUSALS = (NothingToDecide, NotRefundable, RefundTooLarge)


def after_confirmation(
    admin: AnyModelAdmin,
    request: HttpRequest,
    rows: QuerySet[Payment],
    *,
    action: str,
    question: str,
    done: str,
    act: Callable[[Payment], Any],
) -> HttpResponse | None:
    """Show the page that asks; once it was answered, act on each payment and say how it went.

    `question` and `done` are sentences for the page and the log. A payment that its operation
    refuses is named and left as it is; the others go on.
    """
    if "confirmed" not in request.POST:
        context = {
            **admin.admin_site.each_context(request),
            "title": question,
            "opts": admin.opts,
            "payments": rows,
            "action": action,
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/payments/confirm.html", context)
    for payment in rows:
        try:
            with transaction.atomic():
                act(payment)
        except REFUSALS as error:
            admin.message_user(request, f"{payment}: nothing was done. {error}", messages.WARNING)
        else:
            admin.log_change(request, payment, done)
            admin.message_user(request, f"{payment}: {done[0].lower()}{done[1:]}.")
    return None
