"""Make one lead of two that are the same person; nothing of either is lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import F

from core.invalid import FieldsInvalid, WrongField
from crm.models import Application, Lead, PaymentRequest, Task, TimelineEntry
from crm.operations.stages import LeadMerged
from crm.operations.timeline import Actor, record

Side = Literal["survivor", "duplicate"]

SIDES: tuple[Side, ...] = ("survivor", "duplicate")
# What a person may choose a side for; an action and its time go together.
CHOOSABLE = ("name", "email", "phone", "source", "source_id", "stage", "owner", "next_action")
_TOGETHER = {
    "phone": ("phone", "phone_normalised"),
    "stage": ("stage", "stage_since"),
    "owner": ("owner_id",),
    "next_action": ("next_action", "next_action_at"),
}
_KEPT = (*CHOOSABLE[:6], "owner_id", "next_action", "next_action_at", "team_ids")


def merge_leads(
    *,
    survivor_id: UUID,
    duplicate_id: UUID,
    keep: Mapping[str, str] | None = None,
    by: Actor,
    now: datetime,
) -> Lead:
    """Merge a lead into another one and return the survivor.

    `keep` says for fields of CHOOSABLE whether "survivor" or "duplicate" wins; without a word the
    survivor's stays, or the duplicate's where the survivor has none. Applications with all that
    hangs on them move; entries stay where they are, seen by whoever sees the survivor. The old
    values stand in the timeline of both. Not to be repeated: the second one to merge either lead
    gets LeadMerged. Raises FieldsInvalid, Lead.DoesNotExist for one that the scope does not show.
    """
    keep = keep or {}
    _check(survivor_id, duplicate_id, keep)
    survivor, duplicate = _lock_both(survivor_id, duplicate_id)
    before = {"survivor": _values(survivor), "duplicate": _values(duplicate)}
    moved = Application.objects.filter(lead=duplicate).update(
        lead=survivor, version=F("version") + 1
    )
    _let_go(survivor, duplicate, keep)
    _take_over(survivor, duplicate, keep)
    _follow(survivor, duplicate)
    facts = {
        "survivor_id": str(survivor.pk),
        "duplicate_id": str(duplicate.pk),
        "before": before,
        "applications": moved,
    }
    told: dict[str, Any] = {
        "kind": TimelineEntry.Kind.MERGED, "by": by, "now": now, "facts": facts
    }  # fmt: skip
    record(lead=survivor, text=f"{_words(before['duplicate'])} was merged into this lead", **told)
    record(lead=duplicate, text=f"into {_words(before['survivor'])}", **told)
    return survivor


def _check(survivor_id: UUID, duplicate_id: UUID, keep: Mapping[str, str]) -> None:
    mistakes = [
        WrongField(f"keep.{name}", "unknown_choice", "Choose the survivor's or the duplicate's.")
        for name, side in keep.items()
        if name not in CHOOSABLE or side not in SIDES
    ]
    if survivor_id == duplicate_id:
        detail = "A lead cannot be merged into itself: choose two."
        mistakes.insert(0, WrongField("duplicate_id", "same_lead", detail))
    if mistakes:
        raise FieldsInvalid(*mistakes)


def _lock_both(survivor_id: UUID, duplicate_id: UUID) -> tuple[Lead, Lead]:
    """Lock what hangs on the leads, then both, always in the order of ids.

    Other operations lock a task or an application first and touch its lead last; whoever began
    with the leads would wait for them in a circle.
    """
    both = [survivor_id, duplicate_id]
    for model in (PaymentRequest, Task, Application):
        rows = model._default_manager.filter(lead_id__in=both).order_by("pk")
        list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    locked = Lead.objects.select_for_update().filter(pk__in=both).order_by("pk")
    leads = {lead.pk: lead for lead in locked}
    if len(leads) < 2:
        raise Lead.DoesNotExist("There is no such lead here, or it is not yours to see.")
    for lead in leads.values():
        if lead.merged_into_id is not None:
            raise LeadMerged(lead)
    return leads[survivor_id], leads[duplicate_id]


def _values(lead: Lead) -> dict[str, Any]:
    """Return what the lead said, as the timeline keeps it."""
    values = {name: getattr(lead, name) for name in _KEPT}
    values["team_ids"] = [str(team) for team in lead.team_ids]
    return {
        name: value if value is None or isinstance(value, list) else str(value)
        for name, value in values.items()
    }


def _words(values: dict[str, Any]) -> str:
    known = [values[name] for name in ("email", "phone") if values[name]]
    return f"{values['name']} ({', '.join(known)})" if known else str(values["name"])


def _wins(field: str, survivor: Lead, duplicate: Lead, keep: Mapping[str, str]) -> bool:
    """Return whether the duplicate's value of a field wins."""
    if field in keep:
        return keep[field] == "duplicate"
    first = _TOGETHER.get(field, (field,))[0]
    return not getattr(survivor, first) and bool(getattr(duplicate, first))


def _let_go(survivor: Lead, duplicate: Lead, keep: Mapping[str, str]) -> None:
    """Free the duplicate's source id when the survivor takes it: it stands once in a company."""
    if _wins("source_id", survivor, duplicate, keep) and duplicate.source_id:
        Lead.objects.filter(pk=duplicate.pk).update(source_id=None)


def _take_over(survivor: Lead, duplicate: Lead, keep: Mapping[str, str]) -> None:
    for field in CHOOSABLE:
        if _wins(field, survivor, duplicate, keep):
            for name in _TOGETHER.get(field, (field,)):
                value = getattr(duplicate, name)
                # A lead is never left without a name, whatever was chosen.
                setattr(survivor, name, value if value or name != "name" else survivor.name)
    survivor.team_ids = sorted({*survivor.team_ids, *duplicate.team_ids})
    survivor.version += 1
    survivor.save()


def _follow(survivor: Lead, duplicate: Lead) -> None:
    """Point the duplicate and all that was merged into it at the survivor, seen by the same."""
    Lead.objects.filter(merged_into=duplicate).update(
        merged_into=survivor, owner=survivor.owner_id, team_ids=survivor.team_ids
    )
    Lead.objects.filter(merged_into=survivor).update(
        owner=survivor.owner_id, team_ids=survivor.team_ids
    )
    Lead.objects.filter(pk=duplicate.pk).update(
        merged_into=survivor,
        owner=survivor.owner_id,
        team_ids=survivor.team_ids,
        version=duplicate.version + 1,
    )
    duplicate.refresh_from_db()
