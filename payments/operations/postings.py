"""Keep what Stripe says of the charges that paid something, with their refunds and disputes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from payments.gateway.charges import ChargeFacts, ObjectionFacts
from payments.models import Posting
from payments.operations.owners import Objection

_TOLD = ("status", "reason", "amount_minor", "currency", "answer_by", "happened_at", "read_at")


def keep_postings(
    model: type[Posting],
    *,
    tenant_id: UUID,
    charges: Iterable[ChargeFacts],
    disputes: Iterable[ObjectionFacts],
    read_at: datetime,
    **paid: Any,
) -> list[Posting]:
    """Write charges, refunds and disputes as rows of `model`; `paid` names what they are of.

    In scope, under the lock of that. What was read later already stays. Repeating is safe.
    Returns the disputes that were not known before.
    """
    facts = {str(one["stripe_id"]): one for one in _facts(charges, disputes, read_at)}
    found = model._default_manager.filter(stripe_id__in=facts)
    known = dict(found.values_list("stripe_id", "read_at"))
    rows = [
        model(tenant_id=tenant_id, read_at=read_at, **paid, **one)
        for stripe_id, one in facts.items()
        if known.get(stripe_id, read_at) <= read_at
    ]
    model._default_manager.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["tenant", "stripe_id"],
        update_fields=_TOLD,
    )
    new = [row for row in rows if row.stripe_id not in known]
    return [row for row in new if row.kind == Posting.Kind.DISPUTE]


def objection_of(dispute: Posting) -> Objection:
    """Return a dispute as the owners are told of it."""
    return Objection(
        stripe_dispute_id=dispute.stripe_id,
        status=dispute.status,
        reason=dispute.reason,
        amount_minor=dispute.amount_minor,
        currency=dispute.currency,
        answer_by=dispute.answer_by,
    )


def _facts(
    charges: Iterable[ChargeFacts], disputes: Iterable[ObjectionFacts], read_at: datetime
) -> Iterator[dict[str, Any]]:
    for charge in charges:
        yield {
            "kind": Posting.Kind.CHARGE,
            "stripe_id": charge.charge_id,
            "stripe_charge_id": charge.charge_id,
            "status": charge.status,
            "amount_minor": charge.amount_minor,
            "currency": charge.currency,
            "happened_at": charge.made_at or read_at,
        }
        for refund in charge.refunds:
            yield {
                "kind": Posting.Kind.REFUND,
                "stripe_id": refund.refund_id,
                "stripe_charge_id": charge.charge_id,
                "status": refund.status[:30],
                "reason": refund.failure_reason[:60],
                "amount_minor": refund.amount_minor,
                "currency": refund.currency or charge.currency,
                "happened_at": refund.made_at or read_at,
            }
    for dispute in disputes:
        yield {
            "kind": Posting.Kind.DISPUTE,
            "stripe_id": dispute.dispute_id,
            "stripe_charge_id": dispute.charge_id,
            "status": dispute.status[:30],
            "reason": dispute.reason[:60],
            "amount_minor": dispute.amount_minor,
            "currency": dispute.currency,
            "answer_by": dispute.answer_by,
            "happened_at": dispute.opened_at or read_at,
        }
