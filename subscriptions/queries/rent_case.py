"""All that is known of one rent that somebody has to look after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core.money import Money
from subscriptions.models import (
    Case,
    CaseNote,
    DisputeAct,
    FraudWarning,
    HouseEntry,
    RentCollection,
    RentDispute,
    RentPayment,
    RentTransfer,
    TransferReversal,
)
from subscriptions.queries.holds import Hold, hold_of

DAY = timedelta(days=1)


def days_left(until: datetime | None, now: datetime) -> int | None:
    """Return the whole days that are left, 0 on the last one; None without an end or past it."""
    if until is None or until <= now:
        return None
    return (until - now) // DAY


@dataclass(frozen=True, slots=True)
class RentCase:
    """A rent with all that hangs on it: disputes, transfers, collections, cases and the rest.

    `hold`: what would hold a transfer that there is none of yet. All lists are newest first, but
    notes and entries, which are in order of time.
    """

    rent: RentPayment
    disputes: list[RentDispute]
    warnings: list[FraudWarning]
    transfers: list[RentTransfer]
    reversals: list[TransferReversal]
    acts: list[DisputeAct]
    collections: list[RentCollection]
    hold: Hold | None
    cases: list[Case]
    notes: list[CaseNote]
    entries: list[HouseEntry]

    @property
    def dispute(self) -> RentDispute | None:
        """The open dispute, else the latest one."""
        return next((one for one in self.disputes if one.is_open), None) or (
            self.disputes[0] if self.disputes else None
        )

    @property
    def transfer(self) -> RentTransfer | None:
        """The transfer that stands for the rent, else the latest one."""
        standing = (one for one in self.transfers if one.state in RentTransfer.STANDING)
        return next(standing, None) or (self.transfers[0] if self.transfers else None)

    @property
    def warning(self) -> FraudWarning | None:
        """A warning that nobody has cleared."""
        return next((one for one in self.warnings if one.cleared_at is None), None)

    @property
    def proposal(self) -> TransferReversal | None:
        """A reversal that waits for a person: proposed, or refused by Stripe."""
        waiting = (TransferReversal.State.PROPOSED, TransferReversal.State.REFUSED)
        return next((one for one in self.reversals if one.state in waiting), None)

    @property
    def act(self) -> DisputeAct | None:
        """What was asked of Stripe about a dispute and has no answer yet."""
        return next((one for one in self.acts if one.state == DisputeAct.State.ASKED), None)

    @property
    def case(self) -> Case | None:
        """The open case, else the latest one."""
        return next((one for one in self.cases if one.state == Case.State.OPEN), None) or (
            self.cases[0] if self.cases else None
        )

    @property
    def with_house(self) -> Money:
        """What of this rent is with the house now."""
        sent = sum(
            one.amount_minor - one.reversed_minor
            for one in self.transfers
            if one.state in (RentTransfer.State.SENT, RentTransfer.State.REVERSED)
        )
        return Money(sent, self.rent.currency)

    @property
    def due(self) -> Money:
        """What the rent is."""
        return Money(self.rent.amount_minor or self.rent.paid_minor, self.rent.currency)

    @property
    def paid(self) -> Money:
        """What came and was not refunded."""
        return Money(self.rent.paid_minor, self.rent.currency)

    @property
    def surplus(self) -> Money | None:
        """What came over what is due."""
        over = self.rent.paid_minor - (self.rent.amount_minor or self.rent.paid_minor)
        return Money(over, self.rent.currency) if over > 0 else None


def rent_case(rent_id: UUID) -> RentCase:
    """Read a rent with all that belongs to it; in scope. Raises RentPayment.DoesNotExist."""
    rents = RentPayment.objects.select_related("lease__house", "lease__room", "resident", "tenant")
    rent = rents.select_related("duplicate_of", "lease__resident").get(pk=rent_id)
    transfers = list(rent.transfers.select_related("house", "stopped_by"))
    reversals = TransferReversal.objects.filter(transfer__rent=rent)
    notes = CaseNote.objects.filter(case__rent=rent).select_related("by")
    acts = DisputeAct.objects.filter(dispute__rent=rent).select_related("asked_by", "dispute")
    return RentCase(
        rent=rent,
        disputes=list(rent.disputes.all()),
        warnings=list(rent.warnings.all()),
        transfers=transfers,
        reversals=list(reversals.select_related("transfer", "decided_by")),
        acts=list(acts),
        collections=list(rent.collections.select_related("asked_by")),
        hold=None if transfers or rent.duplicate_of_id else hold_of(rent, None),
        cases=list(rent.cases.select_related("owner")),
        notes=list(notes),
        entries=list(rent.ledger.all()),
    )
