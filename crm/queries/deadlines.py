"""Leads that fell quiet, stages that were stayed on too long, leads whose owner left."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from crm.models import Application, ApplicationStage, Lead, LeadStage

QUIET_AFTER = timedelta(days=14)

Standing = TypeVar("Standing", Lead, Application)


def quiet_leads(now: datetime, *, within: timedelta | None = None) -> QuerySet[Lead]:
    """Return leads on open stages without a word for the stage's deadline, else for 14 days.

    With `within`, only those that fell quiet lately. One range of an index per stage.
    """
    quiet = Q(pk__in=[])
    for key, days in _open(LeadStage):
        since = now - (timedelta(days=days) if days else QUIET_AFTER)
        quiet |= Q(
            stage=key, last_activity_at__lt=since, **_after("last_activity_at", since, within)
        )
    return Lead.objects.standing().filter(quiet).order_by("last_activity_at", "id")


def stage_missed(
    rows: QuerySet[Standing], now: datetime, *, within: timedelta | None = None
) -> QuerySet[Standing]:
    """Keep leads or applications that are on an open stage for longer than it allows."""
    stages = LeadStage if rows.model is Lead else ApplicationStage
    missed = Q(pk__in=[])
    for key, days in _open(stages):
        if days:
            since = now - timedelta(days=days)
            missed |= Q(stage=key, stage_since__lt=since, **_after("stage_since", since, within))
    return rows.filter(missed).order_by("stage_since", "id")


def leads_of_people_who_left() -> QuerySet[Lead]:
    """Return leads whose owner can no longer log in."""
    return Lead.objects.standing().filter(owner__is_active=False)


def leads_without_owner() -> QuerySet[Lead]:
    """Return leads on open stages that nobody looks after by name."""
    keys = [key for key, _ in _open(LeadStage)]
    return Lead.objects.standing().filter(owner__isnull=True, stage__in=keys)


def with_deadline_missed(leads: QuerySet[Lead], now: datetime) -> QuerySet[Lead]:
    """Keep leads that missed a deadline themselves or by one of their applications."""
    own = stage_missed(Lead.objects.standing(), now).values("pk")
    theirs = stage_missed(Application.objects.all(), now).values("lead_id")
    return leads.filter(Q(pk__in=own) | Q(pk__in=theirs))


def _open(stages: Any) -> list[tuple[str, int | None]]:
    """Return key and deadline of the stages on which rows wait for somebody."""
    rows = stages.objects.filter(outcome="open")
    return list(rows.values_list("key", "deadline_days"))


def _after(name: str, since: datetime, within: timedelta | None) -> dict[str, datetime]:
    return {} if within is None else {f"{name}__gte": since - within}
