"""The pipeline as a board, and the moves on it: by drag, by keys, or by a form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from core.invalid import FieldsInvalid
from core.pages import StaffRequest, staff_page
from crm.forms import BoardFilterForm, MoveForm
from crm.models import Application, ApplicationStage, Lead, LeadStage, Stage
from crm.operations.stages import LeadMerged, move_application, move_lead
from crm.pages.answers import actor, back_of, go_back, is_partial, posted
from crm.pages.lead import find_application, find_lead
from crm.queries.people import colleagues, team_names
from crm.queries.pipeline import BoardFilter, Column, application_board, lead_board


@dataclass(frozen=True, slots=True)
class Board:
    """One of the two pipelines: its page, what it is made of, and how its cards move."""

    name: str
    title: str
    columns: Callable[..., list[Column]]
    stages: type[Stage]


LEADS = Board("pipeline", "Leads", lead_board, LeadStage)
APPLICATIONS = Board("pipeline_applications", "Applications", application_board, ApplicationStage)


@require_safe
@staff_page()
def pipeline(request: StaffRequest) -> HttpResponse:
    """Show leads by stage."""
    return _board(request, LEADS, request.GET)


@require_safe
@staff_page()
def pipeline_applications(request: StaffRequest) -> HttpResponse:
    """Show applications by stage."""
    return _board(request, APPLICATIONS, request.GET)


def _board(
    request: StaffRequest, board: Board, query: QueryDict, *, said: str = "", status: int = 200
) -> HttpResponse:
    now, teams = timezone.now(), team_names()
    form = BoardFilterForm(query, people=colleagues(), teams=teams)
    chosen = form.chosen() if form.is_valid() else None
    address = reverse(board.name)
    context: dict[str, Any] = {
        "board": board,
        "form": form,
        "now": now,
        "columns": board.columns(chosen, now=now) if chosen else [],
        "is_filtered": chosen not in (None, BoardFilter()),
        "query": query.urlencode(),
        "back": f"{address}?{query.urlencode()}" if query else address,
        "said": said,
        "was_refused": status == HTTPStatus.CONFLICT,
    }
    if status == HTTPStatus.OK and chosen is None:
        status = HTTPStatus.BAD_REQUEST
    return TemplateResponse(request, "crm/pipeline.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def lead_move(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Move a lead to another stage."""
    lead = find_lead(pk)
    return _move(request, LEADS, lead, lambda **to: move_lead(lead_id=pk, **to))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def application_move(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Move an application to another stage."""
    application = find_application(pk)
    return _move(
        request, APPLICATIONS, application, lambda **to: move_application(application_id=pk, **to)
    )


def _move(
    request: StaffRequest, board: Board, row: Lead | Application, move: Callable[..., Any]
) -> HttpResponse:
    """Show the form of a move, or make it; on the board the answer is the board as it is then."""
    stages = list(board.stages._default_manager.all())
    wanted = {"stage": request.GET.get("stage", row.stage)}
    form = MoveForm(posted(request), stages=stages, initial=wanted)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                move(by=actor(request), now=timezone.now(), **form.cleaned_data)
        except FieldsInvalid as refusal:
            form.show_refusal(refusal)
        except LeadMerged as error:
            form.add_error(None, str(error))
        else:
            return _moved(request, board, row, _name_of(stages, form.cleaned_data["stage"]))
    if form.errors and is_partial(request):
        return _refused(request, board, row, form)
    return _form_page(request, row, form)


def _name_of(stages: Iterable[Stage], key: str) -> str:
    return next(stage.name for stage in stages if stage.key == key)


def _title_of(row: Lead | Application) -> str:
    return row.name if isinstance(row, Lead) else f"{row.lead.name}, {row}"


def _moved(
    request: StaffRequest, board: Board, row: Lead | Application, stage: str
) -> HttpResponse:
    said = f"{_title_of(row)}: {stage}."
    if is_partial(request):
        return _board(request, board, _query_of(request), said=said)
    return go_back(request, f"Moved. {said}")


def _refused(
    request: StaffRequest, board: Board, row: Lead | Application, form: MoveForm
) -> HttpResponse:
    why = " ".join(str(error) for errors in form.errors.values() for error in errors)
    said = f"{_title_of(row)} stays where it was. {why}"
    return _board(request, board, _query_of(request), said=said, status=HTTPStatus.CONFLICT)


def _query_of(request: StaffRequest) -> QueryDict:
    """Return what the board that the move was made on is narrowed to."""
    return QueryDict(urlsplit(back_of(request)).query)


def _form_page(request: StaffRequest, row: Lead | Application, form: MoveForm) -> HttpResponse:
    lead = row if isinstance(row, Lead) else row.lead
    context = {
        "row": row,
        "title": _title_of(row),
        "lead": lead,
        "form": form,
        "back": back_of(request, reverse("lead", args=[lead.pk])),
    }
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return TemplateResponse(request, "crm/move.html", context, status=status)
