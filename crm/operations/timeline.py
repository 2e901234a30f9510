"""Write the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import User
from crm.models import Application, Lead, Task, TimelineEntry

LONGEST_NOTE = 4000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a person, or in words what does it by itself."""

    user: User | None = None
    words: str = ""

    def __str__(self) -> str:
        return str(self.user) if self.user else self.words


def record(
    *,
    lead: Lead,
    kind: TimelineEntry.Kind,
    by: Actor,
    now: datetime,
    text: str = "",
    application: Application | None = None,
    task: Task | None = None,
    stages: tuple[str, str] = ("", ""),
    facts: dict[str, Any] | None = None,
) -> TimelineEntry:
    """Add one thing that happened to a lead's timeline; the lead is no longer quiet.

    `stages` are the keys before and after a move. The caller's transaction keeps both or neither.
    """
    entry = TimelineEntry.objects.create(
        tenant_id=lead.tenant_id,
        lead=lead,
        application=application,
        task=task,
        kind=kind,
        text=text[:LONGEST_NOTE],
        from_stage=stages[0],
        to_stage=stages[1],
        facts=facts or {},
        by=by.user,
        by_words="" if by.user else by.words,
        happened_at=now,
    )
    Lead.objects.filter(pk=lead.pk, last_activity_at__lt=now).update(last_activity_at=now)
    return entry


def add_note(*, lead_id: UUID, text: str, by: Actor, now: datetime) -> TimelineEntry:
    """Add a note to a lead. Raises FieldsInvalid, Lead.DoesNotExist."""
    lead = Lead.objects.get(pk=lead_id)
    text = text.strip()
    mistakes = [*wrong_texts({"text": text}, {"text": LONGEST_NOTE}, multiline=frozenset({"text"}))]
    if not text:
        mistakes.append(WrongField("text", "required", "Write what there is to note."))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    return record(lead=lead, kind=TimelineEntry.Kind.NOTE, by=by, now=now, text=text)
