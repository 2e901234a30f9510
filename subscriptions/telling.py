"""What `manage.py explain_payment` says of a payment that was a rent."""

from __future__ import annotations

from collections.abc import Iterator

from payments.explaining import Sentence, register_teller
from payments.models import Payment
from subscriptions.models import RentDispute, RentTransfer, TransferReversal
from subscriptions.operations.rent_pages import KIND


def transfers_of(payment: Payment) -> Iterator[Sentence]:
    """Tell what was passed on to the house, what came back, and what the payer's bank says."""
    if payment.checkout.kind != KIND:
        return
    rent = payment.checkout.subject_id
    for transfer in RentTransfer.objects.filter(rent_id=rent).order_by("created_at"):
        state = transfer.get_state_display().lower()
        why = f": {transfer.hold_words}" if transfer.hold_words else ""
        at_stripe = transfer.stripe_transfer_id or "not at Stripe"
        yield Sentence(
            transfer.sent_at or transfer.created_at,
            f"Transfer {transfer.pk} of {transfer.amount.display()} to the house ({at_stripe}): "
            f"{state}{why}",
        )
    for back in TransferReversal.objects.filter(transfer__rent_id=rent).order_by("created_at"):
        yield Sentence(
            back.done_at or back.created_at,
            f"Money of transfer {back.transfer_id} taken back, {back.reason}: "
            f"{back.get_state_display().lower()}.",
        )
    for dispute in RentDispute.objects.filter(rent_id=rent).order_by("opened_at"):
        yield Sentence(
            dispute.opened_at,
            f"The payer's bank disputes it ({dispute.stripe_dispute_id}, {dispute.reason}): "
            f"{dispute.get_status_display().lower()}.",
        )


register_teller(transfers_of)
