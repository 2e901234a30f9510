"""A rent's case in plain words: facts, cause, what was checked and assumed, what to tell."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_date

from subscriptions.models import RentDispute, RentPayment, RentTransfer
from subscriptions.queries.holds import IMPORTED
from subscriptions.queries.rent_case import RentCase, days_left

States = RentPayment.State


def month_words(rent: RentPayment) -> str:
    """Return the month of a rent, such as March 2026."""
    return format_date(rent.month, "MMMM y", locale="en") if rent.month else "an unknown month"


def facts(case: RentCase, now: datetime) -> list[tuple[str, str]]:
    """Return names and values: who, where, how much, by which ids."""
    rent, lease = case.rent, case.rent.lease
    resident = rent.resident or (lease.resident if lease else None)
    pairs = [
        ("Tenant", str(resident or "unknown")),
        ("House", str(lease.house) if lease and lease.house else "unknown"),
        ("Lease", str(lease or "unknown")),
        ("Month", month_words(rent)),
        ("Rent", case.due.display()),
        ("Came", f"{case.paid.display()} ({rent.get_state_display().lower()})"),
        ("With the house", case.with_house.display()),
        ("Charge", rent.stripe_charge_id or "none known"),
        ("Invoice", rent.stripe_invoice_id or "none known"),
        ("Account of the house", (lease.house.stripe_account_id if lease and lease.house else "")
         or "none known"),
    ]  # fmt: skip
    if case.dispute is not None:
        pairs.append(("Dispute", dispute_words(case.dispute, now)))
    if case.transfer is not None:
        pairs.append(("Transfer", transfer_words(case.transfer)))
    return pairs


def dispute_words(dispute: RentDispute, now: datetime) -> str:
    """Return a dispute in a sentence."""
    left = days_left(dispute.answer_by, now)
    until = ""
    if dispute.status in RentDispute.ANSWERABLE:
        until = f", {left} days left to answer" if left is not None else ", the deadline is over"
    sent = "evidence was submitted" if dispute.submissions else "no evidence was submitted"
    reason = dispute.reason.replace("_", " ")
    return (
        f"{dispute.stripe_dispute_id}: {dispute.amount.display()},"
        f" {dispute.get_status_display()} ({reason}){until}; {sent}"
    )


def transfer_words(transfer: RentTransfer) -> str:
    """Return a transfer and why it is held in a sentence."""
    said = f"{transfer.amount.display()}, {transfer.get_state_display().lower()}"
    why = transfer.hold_words if transfer.state == RentTransfer.State.HELD else transfer.last_error
    ids = f" ({transfer.stripe_transfer_id} to {transfer.destination})"
    return said + (ids if transfer.stripe_transfer_id else "") + (f": {why}" if why else "")


def cause(case: RentCase) -> str:
    """Return why the rent is where it is, in words."""
    transfer = case.transfer
    if transfer is not None:
        return _cause_of(case, transfer)
    if case.rent.duplicate_of is not None:
        return "This row is a second one for the same lease and month; the other one counts."
    if case.hold is not None:
        return f"There is no transfer yet. {case.hold.words}"
    if case.rent.source_id:
        return f"No transfer is known here. {IMPORTED}"
    return "There is no transfer yet, and nothing known here holds it: ask Stripe again."


def _cause_of(case: RentCase, transfer: RentTransfer) -> str:
    at, dispute = transfer.state, case.dispute
    if at in (RentTransfer.State.HELD, RentTransfer.State.REFUSED):
        return f"The rent was not transferred: {transfer.hold_words or transfer.last_error}"
    if at == RentTransfer.State.REVERSED:
        return "The transfer was taken back from the house."
    if at != RentTransfer.State.SENT:
        return f"The transfer is {transfer.get_state_display().lower()}."
    sent = f"The rent was transferred to {transfer.destination}."
    if dispute is not None and dispute.is_open and not dispute.is_inquiry:
        return f"{sent} Afterwards the payment was disputed; the bank has the company's money."
    return sent


def checked(case: RentCase) -> list[str]:
    """Return what was looked at, and when."""
    lines = [f"The rent's row, its {len(case.entries)} entries in the ledger of the house."]
    if case.rent.stripe_charge_id:
        lines.append(f"The charge {case.rent.stripe_charge_id} at Stripe, as read last.")
    else:
        lines.append("No charge is known, so nothing could be asked of Stripe.")
    lines += [
        f"The dispute {one.stripe_dispute_id} at Stripe, read at {one.read_at:%Y-%m-%d %H:%M} UTC."
        for one in case.disputes
    ]
    lines.append("Other disputes of the same lease, warnings of fraud, refunds.")
    lines.append("The house's account: whether there is one, and whether it is or looks like"
                 " another house's.")  # fmt: skip
    return lines


def assumed(case: RentCase) -> list[str]:
    """Return what was taken as given."""
    lines = ["What Stripe said when it was asked last is still so; ask again before money moves."]
    if case.rent.amount_minor is None:
        lines.append("The amount due is not known; what came is taken for it.")
    lines += [
        f"From the import: {one.get('wrong', '')} {one.get('done', '')}".strip()
        for one in case.rent.findings
    ]
    if case.rent.lease is None:
        lines.append("The rent belongs to no known lease, so that its house is not known.")
    return lines


def for_the_tenant(case: RentCase) -> str:
    """Return what to tell the resident, in plain words, without ids or blame."""
    rent, dispute, month = case.rent, case.dispute, month_words(case.rent)
    amount = case.due.display()
    if dispute is not None and dispute.is_inquiry and dispute.is_open:
        return (
            f"Your bank asks us about your rent of {amount} for {month}. If you recognise the"
            " payment, please tell your bank; nothing else is needed. If not, tell us and we send"
            " the money back."
        )
    if dispute is not None and dispute.is_open:
        return (
            f"Your bank told us that the payment of {amount} for {month} was disputed. Until the"
            " bank has decided, the money is with the bank and your rent counts as open. If it was"
            " a mistake, please ask your bank to withdraw the dispute and send us its confirmation."
        )
    if dispute is not None and dispute.status == RentDispute.Status.LOST:
        return (
            f"Your bank gave you back the {amount} that you paid for {month}. The rent of that"
            " month is therefore open again; please get in touch to find a way to settle it."
        )
    if rent.is_disputed:
        return (
            f"Your payment of {amount} for {month} is marked as disputed. We are asking the bank"
            " how it stands and come back to you."
        )
    words = {
        States.DUE: f"We have not received your rent of {amount} for {month} yet.",
        States.PENDING: f"Your payment of {amount} for {month} is on its way; there is nothing to"
        " do.",
        States.PART: f"We have received {case.paid.display()} of {amount} for {month}.",
        States.FAILED: f"Your payment of {amount} for {month} did not go through. Please pay"
        " again.",
        States.REFUNDED: f"We have sent your payment for {month} back to you.",
        States.WRITTEN_OFF: f"We no longer ask for the rent of {month}.",
    }
    paid = f"Your rent of {amount} for {month} is paid. There is nothing you need to do."
    return words.get(States(rent.state), paid)
