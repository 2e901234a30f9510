"""Why a rent is not sent on: one rule after the other, the first that holds is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from payments.gateway.transfers import AccountFacts
from subscriptions.models import FraudWarning, House, RentDispute, RentPayment, RentTransfer

# Signs that people and fonts confuse; two ids that are equal in these are looked at by a person.
_ALIKE = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "i": "1", "S": "5", "B": "8"})

# Why a rent is stopped that was paid before it came here; a person lets it go.
IMPORTED = (
    "It was paid before it came here by an import, so the house may have got it already. Make sure"
    " that it has not, then let the transfer go."
)


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason to hold a transfer: a code, and words that say what ends it."""

    code: str
    words: str


def look_alike(account_id: str) -> str:
    """Return the form in which ids that look the same are the same."""
    return account_id.translate(_ALIKE)


def hold_of_rent(
    rent: RentPayment, disputes: Iterable[RentDispute], warnings: Iterable[FraudWarning]
) -> Hold | None:
    """Return why the money of a rent must stay, by what is known of the money itself."""
    for dispute in disputes:
        if dispute.status == dispute.Status.LOST:
            return Hold("dispute_lost", "The bank took the money back: the dispute was lost.")
        if dispute.is_open:
            return _disputed(dispute)
    if rent.is_disputed:
        return Hold(
            "marked_disputed",
            "It is marked as disputed, but no dispute at Stripe is known here. Ask Stripe again.",
        )
    if any(warning.cleared_at is None for warning in warnings):
        return Hold(
            "fraud_warning",
            "The card's issuer warns of fraud. Refund it, or clear the warning in the case.",
        )
    States = RentPayment.State  # noqa: N806 - an enum
    words = {
        States.DUE: Hold("not_paid", "The rent has not been paid yet."),
        States.PENDING: Hold("pending", "The payment is on its way; a bank debit can still fail."),
        States.PART: Hold("part_paid", "Only a part of the rent has come."),
        States.FAILED: Hold("payment_failed", "The payment failed; no money came."),
        States.REFUNDED: Hold("refunded", "The money went back to the resident."),
        States.WRITTEN_OFF: Hold("written_off", "The rent was written off."),
    }
    return words.get(States(rent.state))


def _disputed(dispute: RentDispute) -> Hold:
    if dispute.is_inquiry:
        words = "The bank asks about the payment. No money was taken yet; it may be."
        return Hold("inquiry", words)
    words = (
        f"The resident disputes the payment ({dispute.reason.replace('_', ' ')}). The bank has the"
        " money until it is decided."
    )
    return Hold("disputed", words)


def hold_of_charge(rent: RentPayment) -> Hold | None:
    """Return why money cannot be sent without knowing which charge it came by."""
    if not rent.stripe_charge_id:
        return Hold(
            "no_charge",
            "It is marked as paid, but no charge of Stripe is known: paid elsewhere? Settle it in"
            " the case.",
        )
    return None


def hold_of_house(house: House | None, others: Iterable[House]) -> Hold | None:
    """Return why a house cannot be sent money: no account, or one that may be another's."""
    if house is None:
        return Hold("no_house", "It is not known which house the rent is for.")
    if not house.stripe_account_id:
        return Hold("no_account", f"{house} has no account at Stripe. Enter one at the house.")
    mine = house.stripe_account_id
    if house.checked_account_id == mine:
        return None
    for other in alike_houses(house.pk, mine, others):
        theirs = other.stripe_account_id
        if theirs == mine:
            words = (
                f"{house} and {other} have the same account. Say whose it is before money moves."
            )
            return Hold("shared_account", words)
        words = (
            f"The account of {house} looks like that of {other}: {mine} and {theirs} differ"
            " only in signs that are easily confused. Check both before money moves."
        )
        return Hold("look_alike_account", words)
    return None


def alike_houses(house_id: UUID, account_id: str, others: Iterable[House]) -> Iterator[House]:
    """Yield the other houses whose account is this one, or looks like it; the same ones first."""
    mine = look_alike(account_id)
    alike = [
        other
        for other in others
        if other.pk != house_id
        and other.stripe_account_id
        and look_alike(other.stripe_account_id) == mine
    ]
    yield from sorted(alike, key=lambda other: other.stripe_account_id != account_id)


def hold_of_account(house: House, account: AccountFacts | None) -> Hold | None:
    """Return why Stripe would not take a transfer to the house's account."""
    if account is None:
        return Hold(
            "account_refused",
            f"Stripe does not know the account of {house}, {house.stripe_account_id}, as one of"
            " ours.",
        )
    if not account.takes_transfers:
        return Hold(
            "account_inactive",
            f"The account of {house} cannot take transfers now; its owner has to finish what Stripe"
            " asks for.",
        )
    return None


def hold_of_stop(transfer: RentTransfer | None) -> Hold | None:
    """Return that a person stopped it by hand."""
    if transfer is not None and transfer.stop_reason not in ("", IMPORTED):
        return Hold("stopped", f"Stopped by hand: {transfer.stop_reason}")
    return None


def hold_of_import(transfer: RentTransfer | None) -> Hold | None:
    """Return that the rent was paid before it came here: the house may have got it already."""
    if transfer is not None and transfer.stop_reason == IMPORTED:
        return Hold("imported", IMPORTED)
    return None


def hold_of(rent: RentPayment, transfer: RentTransfer | None) -> Hold | None:
    """Return the first rule that holds a rent, by what is known here. In scope."""
    disputes = RentDispute.objects.filter(rent=rent)
    warnings = FraudWarning.objects.filter(rent=rent)
    house = rent.lease.house if rent.lease else None
    others = House.objects.filter(tenant_id=rent.tenant_id, stripe_account_id__isnull=False)
    return (
        hold_of_stop(transfer)
        or hold_of_rent(rent, disputes, warnings)
        or hold_of_lease(rent)
        or hold_of_charge(rent)
        or hold_of_house(house, others)
        or hold_of_import(transfer)
    )


def hold_of_lease(rent: RentPayment) -> Hold | None:
    """Return that another rent of the same lease is disputed: the whole lease is frozen."""
    others = RentDispute.objects.filter(rent__lease=rent.lease_id).exclude(rent=rent)
    for dispute in others.select_related("rent"):
        if rent.lease_id and dispute.is_open and not dispute.is_inquiry and dispute.rent:
            month = f"{dispute.rent.month:%B %Y}" if dispute.rent.month else "another month"
            words = f"The rent of {month} of this lease is disputed; all its transfers wait."
            return Hold("lease_disputed", words)
    return None
