"""Tell two leads apart that look like one person."""

from __future__ import annotations

from uuid import UUID

from core.invalid import FieldsInvalid, WrongField
from crm.models import Lead, NotDuplicate
from crm.operations.timeline import Actor


def tell_apart(*, lead_id: UUID, other_id: UUID, by: Actor) -> NotDuplicate:
    """Remember that two leads are two people; repeating it changes nothing.

    Raises Lead.DoesNotExist when the scope does not show both, FieldsInvalid for one lead twice.
    """
    if lead_id == other_id:
        raise FieldsInvalid(WrongField("other_id", "same_lead", "These are one and the same lead."))
    first, second = sorted((Lead.objects.get(pk=lead_id), Lead.objects.get(pk=other_id)), key=_id)
    row, _ = NotDuplicate.objects.get_or_create(
        tenant_id=first.tenant_id, first=first, second=second, defaults={"by": by.user}
    )
    return row


def _id(lead: Lead) -> UUID:
    return UUID(str(lead.pk))
