"""Staff pages of billing runs: list, progress, what to look at, and the button that finalizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.models import BillingRun, Invoice
from billing.operations import review as review_operations
from billing.operations import runs as operations
from billing.queries import review, run_lists
from billing.queries.months import month_before, read_month
from billing.queries.runs import progress_of, totals_of
from core.models import User
from core.pages import StaffRequest, staff_page
from core.periods import today

PER_PAGE = 30
MOST = 10
ADMINS = frozenset({User.Role.ADMIN.value})
ONLY = [("", "All"), ("to_pay", "To pay"), ("nothing", "Nothing to pay"), ("carried", "Carried"),
        ("late", "With late usage")]  # fmt: skip
REVIEWED = (BillingRun.State.REVIEW, BillingRun.State.FINALIZING, BillingRun.State.DONE)
Refusals = (operations.RunNotPossible, operations.OtherRunOpen, operations.WrongState,
            review_operations.NotADraft)  # fmt: skip


class MonthForm(forms.Form):
    """Which month is billed."""

    month = forms.CharField(max_length=7, label="Month", help_text="Such as 2026-10")

    def clean_month(self) -> Any:
        """Read the month."""
        try:
            return read_month(self.cleaned_data["month"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


def to_run(pk: UUID) -> HttpResponse:
    """Redirect to the page of a run."""
    return HttpResponseRedirect(reverse("billing_run", args=[pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def run_list(request: StaffRequest) -> HttpResponse:
    """List the runs, and open one."""
    now, status = timezone.now(), 200
    last = month_before(today(now, request.tenant.zone))
    form = MonthForm(initial={"month": f"{last:%Y-%m}"})
    if request.method == "POST":
        form, status = MonthForm(request.POST), 400
        if not request.user.is_admin:
            messages.error(request, "Only admins open runs.")
        elif form.is_valid():
            try:
                with transaction.atomic():
                    month = form.cleaned_data["month"]
                    return to_run(operations.open_run(month=month, by=request.user, now=now).pk)
            except Refusals as error:
                form.add_error("month", str(error))
    page = Paginator(run_lists.runs_newest_first(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page}
    return TemplateResponse(request, "billing/runs.html", context, status=status)


@require_safe
@staff_page()
def run_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show how far a run is, what it comes to, and what is unusual."""
    run = get_object_or_404(BillingRun.objects.select_related("made_by", "approved_by"), pk=pk)
    search = request.GET.get("q", "")[:200].replace("\0", "").strip()
    only = request.GET.get("only", "")
    only = only if only in dict(ONLY) else ""
    is_reviewed = run.state in REVIEWED
    rows = run_lists.invoices_of(run, search=search, only=only)
    context = {
        "run": run,
        "is_working": run.state in (BillingRun.State.COMPILING, BillingRun.State.FINALIZING),
        "is_reviewed": is_reviewed,
        "progress": progress_of(run, timezone.now()),
        "totals": totals_of(run),
        "outliers": review.outliers_of(run, limit=MOST) if is_reviewed else [],
        "changes": review.changes_of(run, limit=MOST) if is_reviewed else [],
        "counts": review.outlier_counts(run) if is_reviewed else {},
        "empty_periods": review.periods_without_invoice(run).count() if is_reviewed else 0,
        "waiting_periods": review.periods_waiting(run).count() if is_reviewed else 0,
        "unpriced": review.unpriced_usage(run, limit=MOST) if "unpriced" in request.GET else None,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "search": search,
        "only": only,
        "choices": ONLY,
    }
    return TemplateResponse(request, "billing/run.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def run_finalize(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask with the effect on cash in view, then have the run finalized."""
    run = get_object_or_404(BillingRun, pk=pk)
    if request.method == "POST":
        _turn(
            request,
            lambda: operations.approve_run(run_id=pk, by=request.user, now=timezone.now()),
            "The invoices are being numbered and handed to the push desk.",
        )
        return to_run(pk)
    counts = review.outlier_counts(run)
    context = {
        "run": run,
        "effect": run_lists.cash_effect(run),
        "outliers": sum(count for kind, count in counts.items() if kind != "first"),
    }
    return TemplateResponse(request, "billing/run_finalize.html", context)


VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "stop": (operations.stop_run, "Stopped. The chunk under way is finished."),
    "resume": (operations.resume_run, "The run goes on."),
    "again": (operations.compile_again, "What was closed or left out since is being drafted."),
    "cancel": (operations.cancel_run, "The drafts were thrown away. Nothing was sent."),
}


@require_POST
@staff_page(roles=ADMINS)
def run_turn(request: StaffRequest, pk: UUID, verb: str) -> HttpResponse:
    """Stop, resume, compile again or cancel a run."""
    run = get_object_or_404(BillingRun, pk=pk)
    act, said = VERBS[verb]
    _turn(request, lambda: act(run_id=run.pk, now=timezone.now()), said)
    return to_run(pk)


@require_POST
@staff_page(roles=ADMINS)
def draft_turn(request: StaffRequest, pk: UUID, verb: str) -> HttpResponse:
    """Make one draft anew, or leave it out of its run."""
    run = get_object_or_404(BillingRun, invoices__pk=pk)
    acts: dict[str, tuple[Callable[[], Any], str]] = {
        "recompile": (
            lambda: review_operations.recompile_draft(invoice_id=pk, now=timezone.now()),
            "Compiled anew, with usage and prices as they are now.",
        ),
        "drop": (
            lambda: review_operations.drop_draft(invoice_id=pk),
            "Left out: its period waits for this run compiled again, or for the next one.",
        ),
    }
    try:
        _turn(request, *acts[verb])
    except Invoice.DoesNotExist:
        messages.error(
            request,
            "Somebody left this draft out or compiled it anew a moment ago. Nothing was changed by"
            " you; look at the run as it is now.",
        )
    return to_run(run.pk)


def _turn(request: StaffRequest, verb: Callable[[], Any], said: str) -> None:
    try:
        with transaction.atomic():
            verb()
    except Refusals as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
