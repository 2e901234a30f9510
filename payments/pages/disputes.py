"""Staff pages of disputes and of the early warnings before them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.models import User
from core.operations.audit import saw
from core.pages import StaffRequest, staff_page
from payments.evidence import evidence_of
from payments.forms import EvidenceForm
from payments.models import Dispute, EarlyWarning
from payments.operations.dispute_answers import (
    AnswerNotPossible,
    accept_dispute,
    submit_evidence,
)
from payments.operations.early_warnings import WarningDecided, keep_warned, refund_warned
from payments.operations.refunds import NotRefundable, RefundTooLarge
from payments.pages.records import note

ADMINS = frozenset({User.Role.ADMIN.value})


@require_safe
@staff_page()
def dispute_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show a dispute, and what would be handed in."""
    dispute = _dispute(pk)
    answer = dispute.answers.exclude(state="refused").first()
    evidence = answer.evidence if answer else evidence_of(dispute.payment)
    saw(dispute.payment, "evidence of a dispute", by=request.user)
    context = {
        "dispute": dispute,
        "payment": dispute.payment,
        "answers": dispute.answers.select_related("asked_by"),
        "evidence": [(name.replace("_", " "), text) for name, text in evidence.items()],
        "form": EvidenceForm(),
        "may_answer": dispute.needs_answer and answer is None,
    }
    return TemplateResponse(request, "payments/staff/dispute.html", context)


def _dispute(pk: UUID) -> Dispute:
    rows = Dispute.objects.select_related("payment__checkout", "payment__link")
    return get_object_or_404(rows, pk=pk)


@require_POST
@staff_page(roles=ADMINS)
def dispute_submit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Hand the evidence in, once."""
    form = EvidenceForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was sent: the explanation is too long.")
        return HttpResponseRedirect(reverse("dispute", args=[pk]))
    said = form.cleaned_data["explanation"]
    done = "The evidence is being sent. The bank takes it once and decides in some weeks."
    return _answer(request, pk, done, submit_evidence, explanation=said)


@require_POST
@staff_page(roles=ADMINS)
def dispute_accept(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Accept a dispute as lost."""
    return _answer(request, pk, "Accepted: the customer keeps the money.", accept_dispute)


def _answer(
    request: StaffRequest, pk: UUID, done: str, act: Callable[..., Any], **how: Any
) -> HttpResponse:
    dispute = _dispute(pk)
    try:
        with transaction.atomic():
            act(dispute_id=pk, by=request.user, now=timezone.now(), **how)
    except AnswerNotPossible as error:
        messages.error(request, f"{error} Nothing was changed.")
    else:
        note(dispute.payment, done, by=request.user)
        messages.success(request, done)
    return HttpResponseRedirect(reverse("dispute", args=[pk]))


@require_POST
@staff_page(roles=ADMINS)
def warning_refund(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Send a warned payment's money back before it is disputed."""
    return _decide(request, pk, "The money is on its way back to the customer.", refund_warned)


@require_POST
@staff_page(roles=ADMINS)
def warning_keep(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Keep a warned payment's money."""
    return _decide(request, pk, "Kept, in spite of the warning.", keep_warned)


def _decide(request: StaffRequest, pk: UUID, done: str, act: Callable[..., Any]) -> HttpResponse:
    warning = get_object_or_404(EarlyWarning.objects.select_related("payment"), pk=pk)
    try:
        with transaction.atomic():
            act(warning_id=pk, by=request.user, now=timezone.now())
    except (WarningDecided, RefundTooLarge, NotRefundable) as error:
        messages.error(request, f"Nothing was changed. {error}")
    else:
        note(warning.payment, done, by=request.user)
        messages.success(request, done)
    return HttpResponseRedirect(reverse("payment", args=[warning.payment_id]))
