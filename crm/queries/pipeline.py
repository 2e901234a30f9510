"""The pipeline: stages as columns, with counts, fees, and who stands longer than they may. In
scope. Three queries a board, however many rows there are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from core.money import Money
from crm.models import Application, ApplicationStage, Lead, LeadStage, Stage
from crm.queries.leads import past_deadline
from crm.queries.people import in_sight, leads_of_team

PER_COLUMN = 20

R = TypeVar("R", Lead, Application)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFilter:
    """Whose rows the board shows: of one owner, of one team, or all in sight."""

    owner: UUID | None = None
    team: UUID | None = None


@dataclass(slots=True)
class Column:
    """One stage: its first rows, how many there are, how many are late, and fees by currency."""

    stage: Stage
    count: int = 0
    late: int = 0
    fees: list[Money] = field(default_factory=list)
    cards: list[Any] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many rows are not shown."""
        return self.count - len(self.cards)


def lead_board(chosen: BoardFilter, *, now: datetime) -> list[Column]:
    """Return the columns of leads; their fees are those of the leads' applications."""
    rows = in_sight(Lead.objects.standing())
    if chosen.owner is not None:
        rows = rows.filter(owner_id=chosen.owner)
    if chosen.team is not None:
        rows = rows.filter(pk__in=leads_of_team(chosen.team))
    columns = {stage.key: Column(stage) for stage in LeadStage.objects.all()}
    _count(columns, rows, now)
    _add_fees(columns, _applications(chosen), "lead__stage")
    _add_cards(columns, rows, Lead.objects.select_related("owner"), now)
    return list(columns.values())


def application_board(chosen: BoardFilter, *, now: datetime) -> list[Column]:
    """Return the columns of applications."""
    rows = _applications(chosen)
    columns = {stage.key: Column(stage) for stage in ApplicationStage.objects.all()}
    _count(columns, rows, now)
    _add_fees(columns, rows, "stage")
    _add_cards(columns, rows, Application.objects.select_related("lead__owner"), now)
    return list(columns.values())


def _applications(chosen: BoardFilter) -> QuerySet[Application]:
    """Return the applications of the board's leads; those of merged leads are the survivor's."""
    rows = Application.objects.all()
    if chosen.owner is not None:
        rows = rows.filter(lead__owner_id=chosen.owner)
    if chosen.team is not None:
        rows = rows.filter(lead_id__in=leads_of_team(chosen.team))
    return rows


def _count(columns: dict[str, Column], rows: QuerySet[Any], now: datetime) -> None:
    late = past_deadline([column.stage for column in columns.values()], now)
    counted = rows.order_by().values_list("stage")
    for stage, in_all, are_late in counted.annotate(
        in_all=Count("pk"), late=Count("pk", filter=late)
    ):
        columns[stage].count, columns[stage].late = in_all, are_late


def _add_fees(columns: dict[str, Column], rows: QuerySet[Application], stage_of: str) -> None:
    asked = rows.filter(fee_minor__isnull=False).order_by()
    sums = asked.values_list(stage_of, "currency").annotate(Sum("fee_minor"))
    for stage, currency, total in sorted(sums):
        columns[stage].fees.append(Money(int(total), currency))


def _add_cards(
    columns: dict[str, Column], rows: QuerySet[R], full: QuerySet[R], now: datetime
) -> None:
    """Add the first rows of each column: the longest there first, where they still need work."""
    firsts = [_first_of(rows, column) for column in columns.values()]
    if not firsts:
        return
    ids = firsts[0].union(*firsts[1:], all=True) if firsts[1:] else firsts[0]
    found: dict[str, list[R]] = defaultdict(list)
    for row in full.filter(pk__in=[pk for (pk,) in ids]):
        found[row.stage].append(row)
    for key, column in columns.items():
        column.cards = sorted(
            found[key],
            key=lambda row: (row.stage_since, row.pk),
            reverse=not column.stage.is_open,
        )
        for row in column.cards:
            row.is_late = is_late(column.stage, row.stage_since, now)


def _first_of(rows: QuerySet[R], column: Column) -> QuerySet[R, Any]:
    sign = "" if column.stage.is_open else "-"
    ordered = rows.filter(stage=column.stage.key).order_by(f"{sign}stage_since", f"{sign}pk")
    return ordered.values_list("pk")[:PER_COLUMN]


def is_late(stage: Stage, since: datetime, now: datetime) -> bool:
    """Return whether a row that stands on a stage since a moment has missed its deadline."""
    if stage.deadline_days is None or not stage.is_open:
        return False
    return (now - since).total_seconds() > stage.deadline_days * 86400
