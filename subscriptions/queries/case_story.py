"""What happened to a rent in order of time, with the ids of both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from core.money import Money
from subscriptions.models import HouseEntry, TransferReversal
from subscriptions.queries.rent_case import RentCase

Kind = HouseEntry.Kind
_MOVED = {
    Kind.EXPECTED: "The rent of {} fell due",
    Kind.RECEIVED: "{} came in",
    Kind.RETURNED: "{} went back to the payer or their bank",
    Kind.REINSTATED: "{} was given back by the bank",
    Kind.SENT: "{} was sent to the house",
    Kind.REVERSED: "{} came back from the house",
    Kind.WRITTEN_OFF: "{} was written off",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line: when, what, by whom, our id and Stripe's.

    `is_later`: of things at the same moment it comes after the others.
    """

    when: datetime
    what: str
    who: str = ""
    ours: str = ""
    theirs: str = ""
    is_later: bool = True


def case_story(case: RentCase) -> list[Step]:
    """Return what happened, the oldest first."""
    steps = [
        *_paid(case),
        *_collected(case),
        *_moved(case),
        *_objected(case),
        *_held(case),
        *_said(case),
    ]
    # Stripe's times are whole seconds: what comes in of one second is told before what follows.
    return sorted(steps, key=lambda step: (step.when, step.is_later))


def _paid(case: RentCase) -> Iterator[Step]:
    rent = case.rent
    if rent.due_on and not any(one.kind == Kind.EXPECTED for one in case.entries):
        yield Step(_noon(rent.due_on), f"The rent of {case.due.display()} fell due",
                   ours=f"rent {rent.pk}", theirs=rent.stripe_invoice_id)  # fmt: skip
    if rent.paid_on and not any(one.kind == Kind.RECEIVED for one in case.entries):
        yield Step(_noon(rent.paid_on), f"Marked as paid: {case.paid.display()}",
                   ours=rent.source_id or "", theirs=rent.stripe_charge_id)  # fmt: skip


def _collected(case: RentCase) -> Iterator[Step]:
    for one in case.collections:
        who = str(one.asked_by or "")
        ours = f"collection {one.pk}"
        amount = Money(one.amount_minor, one.currency).display()
        yield Step(one.asked_at, f"To be taken from the saved payment method: {amount}", who, ours)
        if one.done_at is not None:
            said = "Taken from the saved payment method, or on its way by bank debit"
            yield Step(one.done_at, said, ours=ours, theirs=one.stripe_charge_id)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def _moved(case: RentCase) -> Iterator[Step]:
    for entry in case.entries:
        amount = Money(abs(entry.amount_minor), entry.currency).display()
        source = entry.source.partition(" ")[0] if "_" in entry.source else ""
        what = _MOVED[Kind(entry.kind)].format(amount)
        note = f" ({entry.words.lower()})" if entry.words else ""
        is_later = entry.kind not in (Kind.EXPECTED, Kind.RECEIVED)
        yield Step(
            entry.happened_at, what + note, "", f"entry {entry.pk}", source, is_later=is_later
        )


def _objected(case: RentCase) -> Iterator[Step]:
    for one in case.disputes:
        noun = "The bank asked about" if one.is_inquiry else "The resident's bank disputed"
        reason = one.reason.replace("_", " ")
        yield Step(one.opened_at, f"{noun} {one.amount.display()} ({reason})",
                   ours=f"dispute {one.pk}", theirs=one.stripe_dispute_id)  # fmt: skip
        if one.ended_at is not None:
            yield Step(one.ended_at, f"The dispute ended: {one.get_status_display().lower()}",
                       theirs=one.stripe_dispute_id)  # fmt: skip
    for warning in case.warnings:
        kind = warning.fraud_type.replace("_", " ")
        yield Step(warning.warned_at, f"The card's issuer warned of fraud ({kind})",
                   ours=f"warning {warning.pk}", theirs=warning.stripe_warning_id)  # fmt: skip
        if warning.cleared_at is not None:
            yield Step(warning.cleared_at, f"Warning cleared: {warning.cleared_note}",
                       theirs=warning.stripe_warning_id)  # fmt: skip


def _held(case: RentCase) -> Iterator[Step]:
    for one in case.transfers:
        if one.hold and one.held_since is not None:
            yield Step(one.held_since, f"The transfer is held: {one.hold_words}",
                       ours=f"transfer {one.pk}")  # fmt: skip
    for back in case.reversals:
        if back.state in (TransferReversal.State.REFUSED,):
            when = back.decided_at or back.created_at
            yield Step(when, f"Stripe did not take it back: {back.last_error}",
                       ours=f"reversal {back.pk}",
                       theirs=back.transfer.stripe_transfer_id or "")  # fmt: skip


def _said(case: RentCase) -> Iterator[Step]:
    for opened in case.cases:
        yield Step(opened.opened_at, f"Case opened: {opened.cause}", ours=f"case {opened.pk}")
    for note in case.notes:
        yield Step(note.written_at, note.text, who=str(note.by or ""))
