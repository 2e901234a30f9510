"""What rents expect of the balance at Stripe: charges, refunds, disputes, transfers, reversals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from core.tenancy import scope
from payments.books import Book, Expected, postings_between, postings_of, register
from payments.gateway.movements import SourceFacts
from subscriptions.models import RentPayment, RentPosting, RentTransfer, TransferReversal
from subscriptions.operations.rent_money import refresh_charge


def _rent(row: RentPosting) -> str:
    return f"rent {row.rent_id}"


def expected_of(sources: Collection[str]) -> Mapping[str, Expected]:
    """Return what is expected of these sources, as far as they are of rents."""
    sent = RentTransfer.objects.filter(stripe_transfer_id__in=sources)
    back = TransferReversal.objects.filter(stripe_reversal_id__in=sources)
    return {
        **_imported(sources),
        **postings_of(RentPosting, sources, _rent),
        **_moved(sent, back.select_related("transfer")),
    }


def expected_between(since: datetime, until: datetime) -> Mapping[str, Expected]:
    """Return what must have moved the balance in a period."""
    sent = RentTransfer.objects.filter(
        sent_at__gte=since, sent_at__lt=until, stripe_transfer_id__isnull=False
    )
    back = TransferReversal.objects.filter(
        done_at__gte=since, done_at__lt=until, stripe_reversal_id__isnull=False
    )
    return {
        **postings_between(RentPosting, since, until, _rent),
        **_moved(sent, back.select_related("transfer")),
    }


def _imported(sources: Collection[str]) -> dict[str, Expected]:
    """Return rents whose charge is known by its id alone: Stripe was not asked about it yet."""
    rents = RentPayment.objects.filter(stripe_charge_id__in=sources)
    return {one.stripe_charge_id: Expected(None, one.currency, f"rent {one.pk}") for one in rents}


def _moved(sent: Iterable[RentTransfer], back: Iterable[TransferReversal]) -> dict[str, Expected]:
    found = {}
    for one in sent:
        what = f"transfer {one.pk} of a rent"
        found[str(one.stripe_transfer_id)] = Expected(
            -one.amount_minor, one.currency, what, one.sent_at
        )
    for reversal in back:
        what = f"reversal {reversal.pk} of a rent's transfer"
        found[str(reversal.stripe_reversal_id)] = Expected(
            reversal.amount_minor, reversal.transfer.currency, what, reversal.done_at
        )
    return found


def learn(*, tenant_id: UUID, source: SourceFacts, now: datetime) -> bool:
    """Ask about the rent that a source's charge paid; the rent is written with it."""
    if source.charge_id:
        refresh_charge(tenant_id=tenant_id, charge_id=source.charge_id, now=now)
    with scope(tenant_id):
        return RentPosting.objects.filter(stripe_id=source.source_id).exists()


register(Book("rents", of=expected_of, between=expected_between, learn=learn))
