"""Subscriptions' part of erasing a customer: the lease and its money stay, the resident goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from core.encryption import email_key
from core.operations.erasure import Erased, Part, Subject, register
from subscriptions.models import DisputeAct, Resident

_DETAILS = ("first_name", "last_name", "email", "phone", "address", "birth_date")


def find(name: str) -> Iterable[str]:
    """Yield the ids of an e-mail's residents, and the e-mail of a resident."""
    if "@" in name:
        rows = Resident.objects.filter(email_key=email_key(name))
        return [str(pk) for pk in rows.values_list("pk", flat=True)]
    try:
        rows = Resident.objects.filter(pk=UUID(name))
    except ValueError:
        rows = Resident.objects.filter(stripe_customer_id=name)
    return [one for row in rows for one in (row.email, str(row.pk)) if one]


def erase(subject: Subject) -> Iterator[Erased]:
    """Take the person out of residents, and out of evidence that was handed in."""
    ids = []
    for one in subject.ids:
        try:
            ids.append(UUID(one))
        except ValueError:
            continue
    changed = 0
    at_stripe = []
    for row in Resident.objects.filter(pk__in=ids):
        if row.stripe_customer_id:
            at_stripe.append(row.stripe_customer_id)
        if any(getattr(row, name) for name in _DETAILS) or row.details or row.source_data:
            for name in _DETAILS:
                setattr(row, name, "")
            row.details, row.source_data, row.search_keys = {}, {}, []
            row.save()
            changed += 1
    note = f"Delete at Stripe too: {', '.join(at_stripe)}" if at_stripe else ""
    yield Erased("residents", changed, note)
    acts = DisputeAct.objects.filter(dispute__rent__resident__in=ids).exclude(state="asked")
    yield Erased("evidence about rents", acts.exclude(evidence={}).update(evidence={}))


register(
    Part(
        name="subscriptions",
        find=find,
        erase=erase,
        tables=("subscriptions.Resident", "subscriptions.DisputeAct"),
    )
)
