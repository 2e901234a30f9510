"""Subscriptions' part of erasing a customer: the lease and its money stay, the resident goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from core.encryption import email_key
from core.operations.blotting import BLOTTED, Texts
from core.operations.erasure import Erased, Part, Subject, as_uuid, register
from subscriptions.models import CaseNote, DisputeAct, Lease, RentPayment, Resident

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


def words(subject: Subject) -> Iterable[str]:
    """Yield the names and phone numbers of the person's residents."""
    ids = [pk for one in subject.ids if (pk := as_uuid(one)) is not None]
    for row in Resident.objects.filter(pk__in=ids):
        yield from (f"{row.first_name} {row.last_name}".strip(), row.phone)


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
    yield Erased("what was imported of leases", _forget_imported(ids))
    notes = CaseNote.objects.filter(case__rent__resident__in=ids, by__isnull=False)
    yield Erased("notes of cases", notes.exclude(text=BLOTTED).update(text=BLOTTED))
    acts = DisputeAct.objects.filter(dispute__rent__resident__in=ids).exclude(state="asked")
    yield Erased("evidence about rents", acts.exclude(evidence={}).update(evidence={}))


def _forget_imported(ids: list[UUID]) -> int:
    """Empty the columns of files that have no place here, and comments: of leases and rents."""
    leases = Lease.objects.filter(resident__in=ids).exclude(source_data={}, findings=[])
    rents = RentPayment.objects.filter(resident__in=ids)
    rents = rents.exclude(source_data={}, findings=[], comment="")
    return leases.update(source_data={}, findings=[]) + rents.update(
        source_data={}, findings=[], comment=""
    )


register(
    Part(
        name="subscriptions",
        find=find,
        erase=erase,
        tables=("subscriptions.Resident", "subscriptions.DisputeAct"),
        words=words,
        texts=(
            Texts("subscriptions.Lease", ("name",), "resident"),
            Texts("subscriptions.Case", ("cause", "outcome"), "rent__resident"),
            Texts("subscriptions.CaseNote", ("text",), "case__rent__resident"),
            Texts("subscriptions.DisputeAct", ("last_error",), "dispute__rent__resident"),
            Texts("subscriptions.FraudWarning", ("cleared_note",), "rent__resident"),
            Texts("subscriptions.LeaseImport", ("findings",)),
            Texts("subscriptions.RentCollection", ("last_error",), "rent__resident"),
            Texts("subscriptions.RentTransfer", ("last_error", "stop_reason"), "rent__resident"),
            Texts("subscriptions.StripeLink", ("last_error",)),
            Texts("subscriptions.TransferReversal", ("last_error", "reason")),
        ),
    )
)
