"""The admin action for failed refunds: one note for all that are chosen."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.admin import helpers
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from core.backoffice.admin import AnyModelAdmin
from core.models import User
from payments.forms import SettleForm
from payments.models import Refund
from payments.operations.decisions import RefundNotFailed, RefundSettled, settle_refund


def settle_with_note(
    admin: AnyModelAdmin, request: HttpRequest, refunds: QuerySet[Refund]
) -> HttpResponse | None:
    """Ask for the note, then settle each refund; one that is refused is named and left as it is."""
    form = SettleForm(request.POST if "confirmed" in request.POST else None)
    if not form.is_valid():
        context = {
            **admin.admin_site.each_context(request),
            "title": "Have the customers got this money in another way?",
            "opts": admin.opts,
            "refunds": refunds,
            "form": form,
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/payments/settle.html", context)
    by, now, note = cast("User", request.user), timezone.now(), form.cleaned_data["note"]
    for refund in refunds:
        try:
            with transaction.atomic():
                settle_refund(refund_id=refund.pk, note=note, by=by, now=now)
        except (RefundNotFailed, RefundSettled) as error:
            admin.message_user(request, f"{refund}: nothing was done. {error}", messages.WARNING)
        else:
            admin.log_change(request, refund, "Settled otherwise")
            admin.message_user(request, f"{refund}: settled.")
    return None
