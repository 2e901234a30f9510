"""What rents expect of the balance at Stripe: charges, transfers, their reversals, disputes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from payments.books import Book, Expected, register
from subscriptions.models import RentDispute, RentPayment, RentTransfer, TransferReversal

_TAKEN = ("needs_response", "under_review", "lost")


def expected_of(sources: Collection[str]) -> Mapping[str, Expected]:
    """Return what is expected of these sources, as far as they are of rents."""
    found: dict[str, Expected] = {}
    for rent in RentPayment.objects.filter(stripe_charge_id__in=sources):
        found[rent.stripe_charge_id] = Expected(rent.paid_minor, rent.currency, f"rent {rent.pk}")
    for sent in RentTransfer.objects.filter(stripe_transfer_id__in=sources):
        found[str(sent.stripe_transfer_id)] = _of_transfer(sent)
    reversals = TransferReversal.objects.filter(stripe_reversal_id__in=sources)
    for back in reversals.select_related("transfer"):
        what = f"reversal {back.pk} of a rent's transfer"
        found[str(back.stripe_reversal_id)] = Expected(
            back.amount_minor, back.transfer.currency, what
        )
    for dispute in RentDispute.objects.filter(stripe_dispute_id__in=sources):
        amount = -dispute.amount_minor if dispute.status in _TAKEN else 0
        what = f"dispute of rent {dispute.rent_id}"
        found[dispute.stripe_dispute_id] = Expected(amount, dispute.currency, what)
    return found


def expected_between(since: datetime, until: datetime) -> Mapping[str, Expected]:
    """Return the transfers that must have left the balance in a period."""
    sent = RentTransfer.objects.filter(
        sent_at__gte=since, sent_at__lt=until, stripe_transfer_id__isnull=False
    )
    return {str(one.stripe_transfer_id): _of_transfer(one) for one in sent}


def _of_transfer(sent: RentTransfer) -> Expected:
    what = f"transfer {sent.pk} of a rent"
    return Expected(-sent.amount_minor, sent.currency, what, sent.sent_at)


register(Book("rents", of=expected_of, between=expected_between))
