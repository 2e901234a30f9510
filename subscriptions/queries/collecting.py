"""Whether a rent can be taken from what its resident has saved."""

from __future__ import annotations

from payments.models import Checkout
from subscriptions.models import HouseEntry, RentCollection, RentPayment, RentTransfer

PAYABLE = (RentPayment.State.DUE, RentPayment.State.FAILED)

NOT_MOVED = (
    RentTransfer.State.HELD,
    RentTransfer.State.READY,
    RentTransfer.State.REFUSED,
    RentTransfer.State.DROPPED,
)


def is_on_its_way(rent: RentPayment) -> bool:
    """Return whether money of a payment page is on its way by bank debit. In scope."""
    pages = Checkout.objects.filter(kind="rent", subject_id=rent.pk)
    return pages.filter(state=Checkout.State.PROCESSING).exists()


def is_being_taken(rent: RentPayment) -> bool:
    """Return whether the rent is being taken from a saved method right now. In scope."""
    return RentCollection.objects.filter(rent=rent, state=RentCollection.State.ASKED).exists()


def why_not_payable(rent: RentPayment) -> str:
    """Return why no way to pay a rent may be opened now; empty when one may. In scope."""
    if rent.duplicate_of_id is not None:
        return "This row is a duplicate; the rent is paid by the other one."
    if rent.state not in PAYABLE:
        return f"This rent is {rent.get_state_display().lower()}."
    if not rent.amount_minor or rent.amount_minor < 0:
        return "No amount is known for this rent."
    if is_on_its_way(rent):
        return "A bank debit of its payment page is on its way."
    if is_being_taken(rent):
        return "It is being taken from the saved payment method."
    return ""


def why_not_collect(rent: RentPayment) -> str:
    """Return why a rent cannot be taken from a saved method now; empty when it can. In scope."""
    if rent.resident is None or not rent.resident.stripe_customer_id:
        return "The resident is not known to Stripe: link them first."
    return why_not_payable(rent)


def why_not_instead(counted: RentPayment) -> str:
    """Return why another row cannot count instead of this one; empty when it can. In scope."""
    moved = RentTransfer.objects.filter(rent=counted).exclude(state__in=NOT_MOVED)
    if moved.exists() or HouseEntry.objects.filter(rent=counted).exists():
        return "Money was moved for the row that counts, and its ledger cannot change."
    if is_on_its_way(counted) or is_being_taken(counted):
        return "The row that counts is being paid at this moment."
    return ""
