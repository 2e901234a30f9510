"""Make, edit and hand on leads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import Team, TeamMembership, Tenant, User
from core.tenancy import current
from crm.contacts import is_email, normalise_phone
from crm.models import Lead, LeadStage, TimelineEntry
from crm.operations.stages import lock_lead
from crm.operations.timeline import Actor, record

TEXTS = {
    "name": 160,
    "email": 254,
    "phone": 40,
    "source": 80,
    "source_id": 80,
    "next_action": 200,
}
EDITABLE = (*TEXTS, "next_action_at")
# Far from both ends of datetime, where a conversion to the company's zone would overflow.
FIRST_YEAR, LAST_YEAR = 2000, 2199
SOURCE_ID_TAKEN = WrongField("source_id", "taken", "Another lead has this id of its source.")


def create_lead(
    *,
    by: Actor,
    now: datetime,
    owner_id: UUID | None = None,
    team_ids: list[UUID] | None = None,
    stage: str = LeadStage.FIRST,
    kind: TimelineEntry.Kind = TimelineEntry.Kind.CREATED,
    **fields: Any,
) -> Lead:
    """Make a lead in the company in scope; `fields` are those of EDITABLE.

    A counselor who names neither owner nor team becomes the owner. Raises FieldsInvalid with an
    error for each wrong field.
    """
    counselor_id = counselor_in_scope()
    if owner_id is None and not team_ids and counselor_id is not None:
        owner_id = counselor_id
    lead = Lead(tenant_id=current().tenant_id, stage=stage, stage_since=now, last_activity_at=now)
    lead.owner_id, lead.team_ids = owner_id, list(team_ids or [])
    mistakes = [*_apply(lead, fields), *_wrong_places(lead), *_wrong_stage(stage)]
    if mistakes:
        raise FieldsInvalid(*mistakes)
    with _source_id_once():
        lead.save(force_insert=True)
    record(lead=lead, kind=kind, by=by, now=now, text=lead.source and f"From {lead.source}")
    return lead


def edit_lead(*, lead_id: UUID, changes: dict[str, Any], by: Actor, now: datetime) -> Lead:
    """Change what is known of a lead: `changes` are fields of EDITABLE.

    The timeline keeps what was before. Raises FieldsInvalid, LeadMerged, Lead.DoesNotExist.
    """
    lead = lock_lead(lead_id)
    before = {name: getattr(lead, name) for name in changes}
    mistakes = list(_apply(lead, changes))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    changed = [name for name in changes if getattr(lead, name) != before[name]]
    if not changed:
        return lead
    lead.version += 1
    with _source_id_once():
        lead.save(update_fields=[*changed, "phone_normalised", "version"])
    record(
        lead=lead,
        kind=TimelineEntry.Kind.EDITED,
        by=by,
        now=now,
        text=", ".join(name.replace("_", " ") for name in changed),
        facts={"before": {name: _plain(before[name]) for name in changed}},
    )
    return lead


def assign_lead(
    *,
    lead_id: UUID,
    owner_id: UUID | None,
    team_ids: list[UUID],
    by: Actor,
    now: datetime,
) -> Lead:
    """Hand a lead to a person, to teams, or both. Repeating it changes nothing.

    A counselor must still see the lead afterwards: handing one over altogether is for admins.
    Raises FieldsInvalid, LeadMerged, Lead.DoesNotExist.
    """
    lead = lock_lead(lead_id)
    before = (lead.owner_id, sorted(lead.team_ids))
    if before == (owner_id, sorted(team_ids)):
        return lead
    lead.owner_id, lead.team_ids = owner_id, team_ids
    mistakes = list(_wrong_places(lead))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    lead.version += 1
    lead.save(update_fields=["owner", "team_ids", "version"])
    # What was merged into it keeps old entries, which are for whoever sees the lead.
    Lead.objects.filter(merged_into=lead).update(owner=owner_id, team_ids=team_ids)
    record(
        lead=lead,
        kind=TimelineEntry.Kind.REASSIGNED,
        by=by,
        now=now,
        text=f"to {_who(lead)}",
        facts={"owner_before": _plain(before[0]), "teams_before": [str(t) for t in before[1]]},
    )
    return lead


def counselor_in_scope() -> UUID | None:
    """Return the counselor the scope is open for; None for admins and the system."""
    scope = current()
    return scope.user_id if scope.role == User.Role.COUNSELOR else None


def _apply(lead: Lead, fields: dict[str, Any]) -> Iterator[WrongField]:
    """Put fields on the lead and yield what is wrong with them."""
    zone = Tenant.objects.only("time_zone").get(pk=lead.tenant_id).time_zone
    mistakes = list(fill(lead, fields, time_zone=zone))
    yield from mistakes
    if not mistakes and lead.source_id and _is_taken(lead):
        yield SOURCE_ID_TAKEN


def fill(lead: Lead, fields: dict[str, Any], *, time_zone: str) -> Iterator[WrongField]:
    """Put fields on a lead and yield what is wrong with them; asks the database nothing."""
    for name, value in fields.items():
        if name not in EDITABLE:
            raise TypeError(f"a lead has no editable field {name!r}")
        setattr(lead, name, value.strip() if isinstance(value, str) else value)
    if "source_id" in fields:
        lead.source_id = lead.source_id or None
    lead.phone_normalised = normalise_phone(lead.phone, time_zone=time_zone)
    yield from wrong_texts({name: getattr(lead, name) or "" for name in TEXTS}, TEXTS)
    if not lead.name:
        yield WrongField("name", "required", "A lead needs a name.")
    if lead.next_action_at and not FIRST_YEAR <= lead.next_action_at.year <= LAST_YEAR:
        detail = f"Between the years {FIRST_YEAR} and {LAST_YEAR}."
        yield WrongField("next_action_at", "out_of_range", detail)
    if lead.email and not is_email(lead.email):
        yield WrongField("email", "not_an_email", "This is not an e-mail address.")


@contextmanager
def _source_id_once() -> Iterator[None]:
    """Say in words that a lead which the scope does not show has the id of the source."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "lead_source_id_once_per_tenant" not in str(error):
            raise
        raise FieldsInvalid(SOURCE_ID_TAKEN) from error


def _is_taken(lead: Lead) -> bool:
    return Lead.objects.filter(source_id=lead.source_id).exclude(pk=lead.pk).exists()


def _wrong_stage(stage: str) -> Iterator[WrongField]:
    keys = list(LeadStage.objects.values_list("key", flat=True))
    if stage not in keys:
        detail = f"There is no such stage. Known: {', '.join(keys)}."
        yield WrongField("stage", "unknown_stage", detail)


def _wrong_places(lead: Lead) -> Iterator[WrongField]:
    """Yield what keeps the lead from its owner and teams."""
    if lead.owner_id is not None and not is_colleague(lead.owner_id):
        yield WrongField("owner_id", "unknown_person", "Nobody here who can own leads has this id.")
    known = set(Team.objects.filter(pk__in=lead.team_ids).values_list("pk", flat=True))
    if not set(lead.team_ids) <= known:
        yield WrongField("team_ids", "unknown_team", "There is no such team here.")
    counselor_id = counselor_in_scope()
    if counselor_id is None or lead.owner_id == counselor_id:
        return
    if not _teams_of(counselor_id) & set(lead.team_ids):
        detail = "Own the lead yourself or give it to a team of yours; admins may do otherwise."
        yield WrongField("owner_id", "out_of_sight", detail)


def is_colleague(user_id: UUID) -> bool:
    """Return whether an active person of the company in scope has this id."""
    people = User.objects.filter(tenant_id=current().tenant_id, is_active=True)
    return people.filter(pk=user_id).exists()


def _teams_of(user_id: UUID) -> set[UUID]:
    return set(TeamMembership.objects.filter(user_id=user_id).values_list("team_id", flat=True))


def _who(lead: Lead) -> str:
    owner = User.objects.filter(pk=lead.owner_id).first() if lead.owner_id else None
    teams = Team.objects.filter(pk__in=lead.team_ids).values_list("name", flat=True)
    return ", ".join([*([str(owner)] if owner else []), *teams]) or "nobody"


def _plain(value: Any) -> str | None:
    return None if value is None else str(value)
