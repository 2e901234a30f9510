"""Money back from a house: proposed by the program, approved by a person, taken once."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from core.jobs import enqueue
from core.models import User
from core.observe.money import tell_money
from core.tenancy import scope
from payments.gateway import StripeRefused, StripeUnavailable
from payments.gateway.transfers import ReversalFacts, Transfers
from payments.models import StripeAccount
from subscriptions.models import HouseEntry, RentTransfer, TransferReversal
from subscriptions.operations.cases import open_case, tell_case
from subscriptions.operations.house_ledger import enter

States = TransferReversal.State
LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=1)


class NotOpen(Exception):
    """The reversal was decided already; nothing was changed."""


class NothingToTakeBack(Exception):
    """The transfer was not sent, or all of it is back."""


def propose_reversal(
    transfer: RentTransfer, *, reason: str, now: datetime, amount_minor: int | None = None
) -> TransferReversal:
    """Propose to take back what is left of a sent transfer. In scope; one proposal at a time.

    Whoever declined the same reason is not asked again. Raises NothingToTakeBack.
    """
    left = transfer.amount_minor - transfer.reversed_minor
    if transfer.state != RentTransfer.State.SENT or left <= 0:
        raise NothingToTakeBack("Nothing of this transfer is with the house.")
    same = TransferReversal.objects.filter(transfer=transfer)
    standing = same.filter(state__in=TransferReversal.OPEN).first()
    standing = standing or same.filter(state=States.DECLINED, reason=reason[:300]).first()
    if standing is not None:
        return standing
    reversal = TransferReversal.objects.create(
        tenant_id=transfer.tenant_id,
        transfer=transfer,
        amount_minor=min(amount_minor or left, left),
        reason=reason[:300],
    )
    case = open_case(
        transfer.rent, cause="Rent was sent to the house and should come back", now=now
    )
    tell_case(case, f"Proposed to take the transfer back: {reason}", now=now)
    return reversal


def decide_reversal(
    *, reversal: TransferReversal, approve: bool, by: User, now: datetime
) -> TransferReversal:
    """Approve a proposed reversal, which has it taken back, or decline it. Raises NotOpen."""
    found = TransferReversal.objects.select_for_update(of=("self",)).get(pk=reversal.pk)
    if found.state not in (States.PROPOSED, States.REFUSED):
        raise NotOpen(f"This reversal is {found.get_state_display().lower()}.")
    if found.state == States.REFUSED:
        found.epoch, found.key_used_at = found.epoch + 1, None
    found.state = States.APPROVED if approve else States.DECLINED
    found.decided_by, found.decided_at = by, now
    found.next_at = now if approve else None
    found.save()
    words = "Approved to take the transfer back." if approve else "Declined to take it back."
    tell_case(
        open_case(found.transfer.rent, cause="Reversal decided", now=now), words, by=by, now=now
    )
    if approve:
        enqueue("subscriptions.push_reversal", reversal_id=found.pk)
    return found


def push_reversal(*, tenant_id: UUID, reversal_id: UUID, now: datetime) -> TransferReversal | None:
    """Take an approved reversal back at Stripe; repeating finds the one that was made."""
    with scope(tenant_id):
        reversal = _claim(reversal_id, now)
        account = StripeAccount.objects.get()
    if reversal is None:
        return None
    try:
        facts = _ask(Transfers(account), reversal, now)
    except StripeUnavailable as error:
        with scope(tenant_id):
            _wait(reversal, str(error), now)
        return None
    except StripeRefused as refusal:
        with scope(tenant_id):
            return _refused(reversal, refusal, now)
    with scope(tenant_id):
        return _record(reversal, facts, now)


def _claim(reversal_id: UUID, now: datetime) -> TransferReversal | None:
    rows = TransferReversal.objects.select_for_update(of=("self",)).select_related("transfer__rent")
    reversal = rows.filter(pk=reversal_id, state=States.APPROVED).first()
    if reversal is None or (reversal.leased_until and reversal.leased_until > now):
        return None
    reversal.leased_until, reversal.next_at = now + LEASE, now + LEASE
    reversal.attempts += 1
    reversal.save()
    return reversal


def _ask(stripe: Transfers, reversal: TransferReversal, now: datetime) -> ReversalFacts:
    if reversal.has_old_key(now):
        found = _find(stripe, reversal)
        if found is not None:
            return found
        _new_key(reversal)
    try:
        return _take_back(stripe, reversal, now)
    except StripeRefused as refusal:
        if not refusal.replayed:
            raise
        found = _find(stripe, reversal)
        if found is not None:
            return found
        _new_key(reversal)
        return _take_back(stripe, reversal, now)


def _take_back(stripe: Transfers, reversal: TransferReversal, now: datetime) -> ReversalFacts:
    if reversal.key_used_at is None:
        reversal.key_used_at = now
        with scope(reversal.tenant_id):
            TransferReversal.objects.filter(pk=reversal.pk).update(key_used_at=now)
    return stripe.reverse(
        str(reversal.transfer.stripe_transfer_id),
        {
            "amount": reversal.amount_minor,
            "metadata": {"taproom_reversal": str(reversal.pk)},
        },
        key=reversal.idempotency_key,
    )


def _find(stripe: Transfers, reversal: TransferReversal) -> ReversalFacts | None:
    for facts in stripe.list_reversals(str(reversal.transfer.stripe_transfer_id)):
        if facts.metadata.get("taproom_reversal") == str(reversal.pk):
            return facts
    return None


def _new_key(reversal: TransferReversal) -> None:
    reversal.epoch, reversal.key_used_at = reversal.epoch + 1, None
    with scope(reversal.tenant_id):
        TransferReversal.objects.filter(pk=reversal.pk).update(
            epoch=reversal.epoch, key_used_at=None
        )


def _record(reversal: TransferReversal, facts: ReversalFacts, now: datetime) -> TransferReversal:
    transfer = RentTransfer.objects.select_for_update(of=("self",)).get(pk=reversal.transfer_id)
    found = TransferReversal.objects.select_for_update(of=("self",)).get(pk=reversal.pk)
    if found.state != States.APPROVED:
        return found
    found.state, found.done_at = States.DONE, now
    found.stripe_reversal_id = facts.reversal_id
    found.leased_until, found.next_at, found.last_error = None, None, ""
    found.save()
    transfer.reversed_minor += facts.amount_minor
    if transfer.reversed_minor >= transfer.amount_minor:
        transfer.state = RentTransfer.State.REVERSED
    transfer.save()
    enter(
        transfer.rent,
        HouseEntry.Kind.REVERSED,
        facts.amount_minor,
        source=facts.reversal_id,
        happened_at=now,
    )
    tell_money(
        "rent_taken_back",
        amount_minor=facts.amount_minor,
        currency=transfer.currency,
        transfer_id=transfer.pk,
        rent_id=transfer.rent_id,
        stripe_reversal_id=facts.reversal_id,
    )
    case = open_case(transfer.rent, cause="A transfer was taken back", now=now)
    tell_case(case, "The money is back from the house.", once=facts.reversal_id, now=now)
    return found


def _refused(reversal: TransferReversal, refusal: StripeRefused, now: datetime) -> TransferReversal:
    found = TransferReversal.objects.select_for_update(of=("self",)).get(pk=reversal.pk)
    if found.state != States.APPROVED:
        return found
    words = f"Stripe refused it: {refusal}"
    if refusal.code == "balance_insufficient":
        words = (
            "The house's account does not hold so much now. Nothing was taken back: try again when"
            " it has money, or ask the owner."
        )
    found.state, found.leased_until, found.next_at = States.REFUSED, None, None
    found.last_error = words[:500]
    found.save()
    tell_case(open_case(found.transfer.rent, cause="Reversal refused", now=now), words, now=now)
    return found


def _wait(reversal: TransferReversal, error: str, now: datetime) -> None:
    wait = min(timedelta(seconds=2 ** min(reversal.attempts, 12)), LONGEST_WAIT)
    TransferReversal.objects.filter(pk=reversal.pk, state=States.APPROVED).update(
        leased_until=None, next_at=now + wait, last_error=error[:500]
    )


def due_reversals(*, tenant_id: UUID, now: datetime) -> list[UUID]:
    """Return approved reversals that wait to be made; for the sweep."""
    with scope(tenant_id):
        waiting = TransferReversal.objects.filter(state=States.APPROVED, next_at__lte=now)
        return list(waiting.values_list("pk", flat=True)[:500])
