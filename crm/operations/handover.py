"""Hand many leads on at once, as when somebody leaves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from core.models import User
from crm.models import Lead
from crm.operations.leads import assign_lead
from crm.operations.stages import LeadMerged
from crm.operations.timeline import Actor


def hand_over(*, lead_ids: Iterable[UUID], owner: User, by: Actor, now: datetime) -> int:
    """Make somebody the owner of leads; their teams stay. Returns how many got a new owner.

    Leads that are gone or merged meanwhile are passed over, and so are those that are theirs.
    Raises FieldsInvalid when the person cannot own leads here.
    """
    done = 0
    for lead_id in sorted(lead_ids):
        lead = Lead.objects.standing().filter(pk=lead_id).first()
        if lead is None or lead.owner_id == owner.pk:
            continue
        try:
            assign_lead(lead_id=lead_id, owner_id=owner.pk, team_ids=lead.team_ids, by=by, now=now)
        except LeadMerged:
            continue
        done += 1
    return done
