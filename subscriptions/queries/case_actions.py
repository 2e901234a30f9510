"""What staff may do next about a rent, and what each step does to cash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.money import Money
from subscriptions.models import RentDispute, RentPayment, RentTransfer, TransferReversal
from subscriptions.queries.collecting import (
    why_not_collect,
    why_not_instead,
    why_not_payable,
)
from subscriptions.queries.holds import IMPORTED
from subscriptions.queries.rent_case import RentCase, days_left

States = RentTransfer.State
UNDER_WAY = "Something was asked of Stripe about this dispute and has no answer yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A step: its effect on cash in words, whether it may be taken, and if not, why not.

    `wants_text` says what to ask the person for; empty: nothing. `is_final`: it cannot be undone.
    """

    code: str
    label: str
    effect: str
    why_not: str = ""
    wants_text: str = ""
    is_final: bool = False

    @property
    def is_allowed(self) -> bool:
        """Whether it may be taken now."""
        return not self.why_not


def next_actions(case: RentCase, now: datetime) -> list[Action]:
    """Return the steps that belong to what this rent is in, allowed ones first."""
    found = [
        *_about_dispute(case, now),
        *_about_warning(case),
        *_about_reversal(case),
        *_about_transfer(case),
        *_about_rent(case),
    ]
    return sorted(found, key=lambda action: not action.is_allowed)


def action_named(case: RentCase, code: str, now: datetime) -> Action | None:
    """Return one of the steps; None when it does not belong here."""
    return next((one for one in next_actions(case, now) if one.code == code), None)


def _about_dispute(case: RentCase, now: datetime) -> Iterator[Action]:
    dispute = case.dispute
    if dispute is None:
        return
    amount, fee = dispute.amount.display(), Money(dispute.fee_minor, dispute.currency).display()
    yield Action(
        code="submit",
        label="Submit the evidence",
        effect=_effect_of_answer(dispute, amount, fee),
        why_not=_why_no_answer(case, dispute, now),
        is_final=True,
    )
    if dispute.is_inquiry:
        yield Action(
            code="refund",
            label="Refund the inquiry",
            effect=f"{amount} goes from the company's balance back to the resident. The inquiry"
            f" ends and does not become a dispute, so no fee is due.{_house_keeps(case)}",
            why_not=_why_no_refund(case, dispute),
            is_final=True,
        )
    else:
        yield Action(
            code="accept",
            label="Accept the dispute as lost",
            effect=f"{amount} stays with the resident's bank, and the fee of {fee} is not given"
            f" back. The company bears it.{_house_keeps(case)}",
            why_not=_why_no_answer(case, dispute, now),
            is_final=True,
        )


def _effect_of_answer(dispute: RentDispute, amount: str, fee: str) -> str:
    if dispute.is_inquiry:
        return (
            f"No money moves. If the bank is content, {amount} stays; if not, it becomes a dispute"
            " and the bank takes the amount and a fee."
        )
    return (
        f"No money moves now. Won: {amount} comes back to the company's balance, the fee of {fee}"
        f" usually does not. Lost: nothing more is taken. It can be submitted once."
    )


def _house_keeps(case: RentCase) -> str:
    if case.with_house.minor <= 0:
        return " The house has received nothing of it."
    return (
        f" The house keeps the {case.with_house.display()} that was sent to it, until that is taken"
        " back."
    )


def _why_no_answer(case: RentCase, dispute: RentDispute, now: datetime) -> str:
    if case.act is not None:
        return UNDER_WAY
    if dispute.submissions:
        return "Evidence was submitted already; the bank takes it once."
    if dispute.status not in RentDispute.ANSWERABLE:
        return f"The bank waits for no answer: {dispute.get_status_display().lower()}."
    if dispute.answer_by is not None and days_left(dispute.answer_by, now) is None:
        return "The day to answer by is over."
    return ""


def _why_no_refund(case: RentCase, dispute: RentDispute) -> str:
    if case.act is not None:
        return UNDER_WAY
    if not dispute.is_open:
        return f"The inquiry is over: {dispute.get_status_display().lower()}."
    if not dispute.is_refundable:
        return "Stripe says that this payment can no longer be refunded."
    if case.rent.paid_minor <= 0:
        return "All of the payment went back already."
    return ""


def _about_warning(case: RentCase) -> Iterator[Action]:
    if case.warning is None:
        return
    amount = case.due.display()
    yield Action(
        code="clear_warning",
        label="Clear the fraud warning",
        effect=f"The warning holds the rent no longer: unless something else does, {amount} goes to"
        f" the house. Should a dispute follow, the bank takes {amount} and a fee from the company.",
        wants_text="Why is this payment genuine?",
    )


def _about_reversal(case: RentCase) -> Iterator[Action]:
    transfer, proposal = case.transfer, case.proposal
    if proposal is not None:
        amount = Money(proposal.amount_minor, proposal.transfer.currency).display()
        account = proposal.transfer.destination
        again = " (again)" if proposal.state == TransferReversal.State.REFUSED else ""
        yield Action(
            code="approve_reversal",
            label=f"Take the transfer back{again}",
            effect=f"{amount} goes from the house's account {account} to the company's balance. If"
            " that account does not hold so much, Stripe refuses and nothing moves.",
            is_final=True,
        )
        yield Action(
            code="decline_reversal",
            label="Leave the money with the house",
            effect=f"No money moves. The house keeps {amount}; if the bank keeps the payment, the"
            " company bears it.",
        )
    elif transfer is not None and transfer.state == States.SENT:
        left = Money(transfer.amount_minor - transfer.reversed_minor, transfer.currency)
        is_open = any(one.state in TransferReversal.OPEN for one in case.reversals)
        yield Action(
            code="propose_reversal",
            label="Propose to take the transfer back",
            effect=f"No money moves yet. Once approved, {left.display()} comes back from the"
            f" house's account {transfer.destination}.",
            why_not="It is being taken back." if is_open else "",
            wants_text="Why should it come back?",
        )


def _about_transfer(case: RentCase) -> Iterator[Action]:
    transfer = case.transfer
    if transfer is None:
        return
    amount = transfer.amount.display()
    if transfer.stop_reason or transfer.state == States.REFUSED:
        yield Action(
            code="release",
            label="Let the transfer go",
            effect=f"Unless something else holds it, {amount} goes from the company's balance to"
            f" the house's account.{_came_paid(transfer)}",
        )
    elif transfer.state in (States.HELD, States.READY, States.SENDING):
        yield Action(
            code="stop",
            label="Stop the transfer",
            effect=f"No money moves: {amount} stays on the company's balance until somebody lets it"
            " go.",
            why_not="It is being sent at this moment." if transfer.state == States.SENDING else "",
            wants_text="Why should it wait?",
        )
    elif transfer.state == States.REVERSED:
        yield _again(case, transfer)


def _came_paid(transfer: RentTransfer) -> str:
    if transfer.stop_reason != IMPORTED:
        return ""
    return " It was paid before an import brought it here: if the house has it, it gets it twice."


def _again(case: RentCase, transfer: RentTransfer) -> Action:
    won = any(one.status == RentDispute.Status.WON for one in case.disputes)
    is_open = any(one.is_open for one in case.disputes)
    lost = any(one.status == RentDispute.Status.LOST for one in case.disputes)
    why_not = ""
    if is_open or lost or case.rent.state != RentPayment.State.PAID:
        why_not = "The money is not the company's: the payment is not settled in its favour."
    return Action(
        code="again",
        label="Transfer again after the win" if won else "Transfer again",
        effect=f"{transfer.amount.display()} goes from the company's balance to the house's"
        " account, by a new transfer; the one that was taken back stays as it is.",
        why_not=why_not,
    )


def _about_rent(case: RentCase) -> Iterator[Action]:
    rent = case.rent
    amount = case.due.display()
    if rent.duplicate_of is not None:
        yield Action(
            code="count_this",
            label="Let this row count",
            effect=f"No money moves now. {amount} of this row becomes the rent of the month; the"
            " other row is kept as its duplicate. Unless something holds it, this one is sent.",
            why_not=why_not_instead(rent.duplicate_of),
        )
    if rent.state in (RentPayment.State.DUE, RentPayment.State.FAILED):
        yield Action(
            code="payment_page",
            label="Get a payment page for the resident",
            effect=f"No money moves now. Whoever opens the page pays {amount} to the company; a"
            " note with its address comes to this case.",
            why_not=why_not_payable(rent),
        )
        yield Action(
            code="collect",
            label="Take it from the saved payment method",
            effect=f"{amount} comes from the card or bank account that the resident has saved with"
            " Stripe to the company. A card says yes or no at once; a bank debit takes days and can"
            " fail. An open payment page is closed first.",
            why_not=why_not_collect(rent),
        )
    if rent.state != RentPayment.State.WRITTEN_OFF:
        yield Action(
            code="write_off",
            label="Write the rent off",
            effect=f"No money moves. {amount} is expected no more.{_house_keeps(case)}",
            why_not=_why_no_write_off(case),
            wants_text="Why is it lost?",
            is_final=True,
        )
    yield Action(
        code="refresh",
        label="Ask Stripe again",
        effect="No money is taken. What Stripe says is written here; if nothing holds the rent any"
        " more, it goes to the house.",
        why_not=""
        if rent.stripe_charge_id or rent.stripe_invoice_id
        else "Neither a charge nor an invoice of Stripe is known.",
    )


def _why_no_write_off(case: RentCase) -> str:
    if any(one.is_open for one in case.disputes):
        return "The dispute is not decided yet."
    lost = any(one.status == RentDispute.Status.LOST for one in case.disputes)
    if case.rent.state in (RentPayment.State.PAID, RentPayment.State.PENDING) and not lost:
        return "The rent was paid, or is on its way."
    return ""
