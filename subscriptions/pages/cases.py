"""Staff pages of cases: the worklist, one rent with all that is known, its steps, its house."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.backoffice.stories import story_of
from core.files import file_answer
from core.invalid import FieldsInvalid
from core.models import User
from core.pages import StaffRequest, staff_page
from subscriptions.case_reports import case_report, evidence_pack
from subscriptions.models import Case, RentPayment
from subscriptions.operations import cases as operations
from subscriptions.operations.case_steps import StepNotPossible, take_step
from subscriptions.queries import cases as queries
from subscriptions.queries.case_actions import action_named, next_actions
from subscriptions.queries.case_story import case_story
from subscriptions.queries.case_words import cause
from subscriptions.queries.rent_case import RentCase, days_left, rent_case

ADMINS = frozenset({User.Role.ADMIN.value})
PER_PAGE = 30


class CaseFilterForm(forms.Form):
    """What narrows the worklist."""

    state = forms.ChoiceField(
        required=False, choices=[("open", "Open"), ("closed", "Closed"), ("", "Open and closed")]
    )
    whose = forms.ChoiceField(required=False, choices=[("", "Anybody's"), ("mine", "Mine")])
    cause = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any cause"),
            ("answer", "Waits for an answer"),
            ("disputed", "Disputed"),
            ("inquiry", "Inquiry"),
            ("lost", "Dispute lost"),
            ("warning", "Fraud warning"),
            ("held", "Not transferred"),
            ("refused", "Transfer refused"),
            ("reversal", "Reversal to decide"),
        ],
    )


def to_case(rent_id: UUID) -> HttpResponse:
    """Redirect to the page of a rent."""
    return HttpResponseRedirect(reverse("rent_case", args=[rent_id]))


def find_case(pk: UUID) -> RentCase:
    """Return a rent with all that belongs to it, or raise Http404."""
    try:
        return rent_case(pk)
    except RentPayment.DoesNotExist:
        raise Http404("There is no rent with this id.") from None


@require_safe
@staff_page()
def case_list(request: StaffRequest) -> HttpResponse:
    """List cases, those with the nearest deadline first; open ones unless told otherwise."""
    form = CaseFilterForm({"state": "open", **request.GET.dict()})
    rows = Case.objects.none()
    if form.is_valid():
        chosen = form.cleaned_data
        owner = request.user.pk if chosen["whose"] == "mine" else None
        rows = queries.cases_of(state=chosen["state"], owner_id=owner, cause=chosen["cause"])
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "lines": queries.lines_of(page.object_list, timezone.now()),
        "unjoined": list(queries.unjoined_disputes()[:PER_PAGE]),
    }
    status = 200 if form.is_valid() else 400
    return TemplateResponse(request, "subscriptions/cases.html", context, status=status)


@require_safe
@staff_page()
def look_up(request: StaffRequest) -> HttpResponse:
    """Lead from any id to its rent; several are listed."""
    text = request.GET.get("id", "")
    rents = queries.rents_by_id(text)
    if len(rents) == 1:
        return to_case(rents[0].pk)
    leases = queries.leases_by_id(text) if not rents else []
    context = {"text": text[:255], "rents": rents, "leases": leases}
    return TemplateResponse(request, "subscriptions/look_up.html", context)


@require_safe
@staff_page()
def case_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show a rent: what happened, why it is held, and what can be done."""
    found = find_case(pk)
    context = {**_context(found), "story": story_of(found.rent, is_long="all" in request.GET)}
    return TemplateResponse(request, "subscriptions/case.html", context)


def _context(found: RentCase) -> dict[str, Any]:
    now = timezone.now()
    house = found.rent.lease.house if found.rent.lease else None
    return {
        "found": found,
        "rent": found.rent,
        "house": house,
        "cause": cause(found),
        "balances": queries.house_balances(house) if house else [],
        "days_left": days_left(found.dispute.answer_by, now) if found.dispute else None,
        "actions": next_actions(found, now),
        "happened": case_story(found)[::-1],
        "is_open": found.case is not None and found.case.state == Case.State.OPEN,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def case_step(request: StaffRequest, pk: UUID, code: str) -> HttpResponse:
    """Show what a step does to cash; confirmed, take it."""
    found = find_case(pk)
    action = action_named(found, code, timezone.now())
    if action is None or not action.is_allowed:
        why = action.why_not if action else "This step does not belong to what the rent is in now."
        messages.error(request, f"{why} Nothing was changed.")
        return to_case(pk)
    context: dict[str, Any] = {"found": found, "rent": found.rent, "action": action}
    if request.method == "POST":
        context["text"] = request.POST.get("text", "")
        try:
            with transaction.atomic():
                take_step(
                    rent_id=pk, code=code, text=context["text"], by=request.user, now=timezone.now()
                )
        except StepNotPossible as error:
            messages.error(request, f"{error} Nothing was changed.")
            return to_case(pk)
        except FieldsInvalid as error:
            context["error"] = error.errors[0].detail
        else:
            messages.success(request, f"{action.label}: done, or under way at Stripe.")
            return to_case(pk)
    status = 400 if "error" in context else 200
    return TemplateResponse(request, "subscriptions/case_step.html", context, status=status)


@require_POST
@staff_page()
def case_turn(request: StaffRequest, pk: UUID, verb: str) -> HttpResponse:
    """Take, note on or close the case of a rent; a note opens one where none is open."""
    found = find_case(pk)
    now, by, text = timezone.now(), request.user, request.POST.get("text", "")
    try:
        with transaction.atomic():
            case = operations.open_case(found.rent, cause="Looked into by hand", now=now, by=by)
            if verb == "take":
                operations.take_case(case=case, by=by, now=now)
            elif verb == "note":
                operations.add_note(case=case, text=text, by=by, now=now)
            else:
                operations.close_case(case=case, outcome=text, by=by, now=now)
    except FieldsInvalid as error:
        messages.error(request, f"{error.errors[0].detail} Nothing was changed.")
    except operations.CaseClosed as error:
        messages.error(request, str(error))
    return to_case(pk)


@require_safe
@staff_page()
def case_file(request: StaffRequest, pk: UUID, kind: str) -> HttpResponse:
    """Download the case report as Markdown or PDF, or the evidence pack as zip."""
    if kind not in {"zip", "pdf", "md"}:
        raise Http404("A report is md or pdf, an evidence pack zip.")
    found, now = find_case(pk), timezone.now()
    if kind == "zip":
        body = evidence_pack(found, now)
    else:
        report = case_report(found, now)
        body = report.as_pdf() if kind == "pdf" else report.as_markdown().encode()
    return file_answer(body, f"{'evidence' if kind == 'zip' else 'case'}-{pk}.{kind}")
