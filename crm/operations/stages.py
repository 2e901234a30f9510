"""Move leads and applications between stages by the company's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from crm.models import Application, ApplicationStage, Lead, LeadStage, Stage, TimelineEntry
from crm.operations.fee_requests import withdraw_request
from crm.operations.timeline import Actor, record

LONGEST_NOTE = 2000


class NotThere(Exception):
    """The row changed since it was looked at: what was asked for no longer fits."""


class LeadMerged(NotThere):
    """The lead was merged into another one, which goes on in its place."""

    def __init__(self, lead: Lead) -> None:
        super().__init__(
            "This lead was merged into another one meanwhile: go on there. Nothing was changed."
        )
        self.survivor_id = lead.merged_into_id


def move_lead(*, lead_id: UUID, stage: str, note: str = "", by: Actor, now: datetime) -> Lead:
    """Move a lead to the stage with the key `stage` and keep the move in the timeline.

    A move to where it stands changes nothing. Raises FieldsInvalid for an unknown stage or a
    broken rule of the stages, LeadMerged, Lead.DoesNotExist.
    """
    lead = lock_lead(lead_id)
    if lead.stage == stage:
        return lead
    stages = {row.key: row for row in LeadStage.objects.all()}
    note = check_move(stages, lead.stage, stage, note)
    was = lead.stage
    enter(lead, stage, now)
    _record_move(lead, None, (was, stage), stages, note=note, by=by, now=now)
    return lead


def move_application(
    *, application_id: UUID, stage: str, note: str = "", by: Actor, now: datetime
) -> Application:
    """Move an application to the stage with the key `stage`; as `move_lead`.

    Raises FieldsInvalid, Application.DoesNotExist.
    """
    application = lock_application(application_id)
    if application.stage == stage:
        return application
    stages = {row.key: row for row in ApplicationStage.objects.all()}
    note = check_move(stages, application.stage, stage, note)
    enter_application_stage(application, stage, stages=stages, note=note, by=by, now=now)
    return application


def enter_application_stage(
    application: Application,
    stage: str,
    *,
    stages: Mapping[str, Stage],
    note: str,
    by: Actor,
    now: datetime,
) -> None:
    """Put a locked application on a stage, whatever the rules, and keep the move.

    Where it is lost its fee is no longer taken: a payment page that is open is closed.
    """
    was = application.stage
    enter(application, stage, now)
    if stage in stages and stages[stage].outcome == Stage.Outcome.LOST:
        withdraw_request(application, reason=f"The application is {stages[stage].name}.", now=now)
    _record_move(application.lead, application, (was, stage), stages, note=note, by=by, now=now)


def lock_lead(lead_id: UUID) -> Lead:
    """Return a lead, locked. Raises LeadMerged, Lead.DoesNotExist."""
    lead = Lead.objects.select_for_update().get(pk=lead_id)
    if lead.merged_into_id is not None:
        raise LeadMerged(lead)
    return lead


def lock_application(application_id: UUID) -> Application:
    """Return an application, locked alone: joined to its lead, one that is merged would be gone."""
    return Application.objects.select_for_update().get(pk=application_id)


def enter(row: Lead | Application, stage: str, now: datetime) -> None:
    """Put a locked row on a stage from `now` on."""
    row.stage = stage
    row.stage_since = now
    row.version += 1
    row.save(update_fields=["stage", "stage_since", "version"])


def check_move(stages: Mapping[str, Stage], was: str, stage: str, note: str) -> str:
    """Return the note to keep; raises FieldsInvalid for each rule that the move breaks."""
    note = note.strip()
    target, source = stages.get(stage), stages.get(was)
    if target is None:
        known = ", ".join(stages)
        raise FieldsInvalid(
            WrongField("stage", "unknown_stage", f"There is no such stage. Known: {known}.")
        )
    mistakes = [*wrong_texts({"note": note}, {"note": LONGEST_NOTE}, multiline=frozenset({"note"}))]
    if target.needs_note and not note:
        detail = f"{target.name} needs a note that says why."
        mistakes.append(WrongField("note", "note_needed", detail))
    if source is not None and not source.may_go_back and target.position < source.position:
        detail = f"What stands on {source.name} does not go back to {target.name}."
        mistakes.append(WrongField("stage", "no_way_back", detail))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    return note


def _record_move(
    lead: Lead,
    application: Application | None,
    moved: tuple[str, str],
    stages: Mapping[str, Stage],
    *,
    note: str,
    by: Actor,
    now: datetime,
) -> TimelineEntry:
    return record(
        lead=lead,
        application=application,
        kind=TimelineEntry.Kind.MOVED,
        stages=moved,
        text=note,
        facts={"names": [stages[key].name if key in stages else key for key in moved]},
        by=by,
        now=now,
    )
