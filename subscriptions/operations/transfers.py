"""Transfers of rents to houses: weighed whenever something changes, sent once, by claim and record.

A transfer is looked at twice: when it is weighed, by what is known here, and just before it is
sent, by asking Stripe about charge, disputes and the house's account.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.jobs import enqueue
from core.models import User
from core.observe.money import tell_money
from core.tenancy import scope
from payments.gateway import StripeRefused, StripeUnavailable
from payments.gateway.transfers import AccountFacts, TransferFacts, Transfers
from payments.models import Checkout, StripeAccount
from subscriptions.models import (
    House,
    HouseEntry,
    RentPayment,
    RentTransfer,
)
from subscriptions.operations.cases import open_case, tell_case
from subscriptions.operations.house_ledger import enter
from subscriptions.operations.reversals import propose_reversal
from subscriptions.queries import holds

States = RentTransfer.State
LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=1)
# Holds after which money that was sent should come back.
_CALL_BACK = {"disputed", "dispute_lost", "refunded", "payment_failed"}
# Refusals of Stripe's that are a matter of the account, not of the transfer.
_ACCOUNT_REFUSALS = {
    "insufficient_capabilities_for_transfer": "account_inactive",
    "account_invalid": "account_refused",
    "resource_missing": "account_refused",
}


class NotPossible(Exception):
    """The transfer is in no state for this; the message says which. Nothing was changed."""


def weigh_transfer(rent: RentPayment, *, now: datetime) -> RentTransfer | None:
    """Hold or release the transfer of a rent, by what is known here. In scope, the rent locked.

    Money that was sent and should not have stayed there gets a proposal to take it back; nothing
    is taken back without a person. Repeating changes nothing.
    """
    transfer = _standing(rent)
    if rent.duplicate_of_id or (transfer is None and rent.state == RentPayment.State.DUE):
        return transfer
    transfer = transfer or _new(rent)
    hold = holds.hold_of(rent, transfer)
    if transfer.state == States.SENT:
        if hold is not None and hold.code in _CALL_BACK:
            propose_reversal(transfer, reason=hold.words, now=now)
        return transfer
    if transfer.state in (States.SENDING, States.REFUSED):
        return transfer
    _apply(transfer, rent, hold, now)
    return transfer


def _standing(rent: RentPayment) -> RentTransfer | None:
    transfers = RentTransfer.objects.select_for_update(of=("self",))
    return transfers.filter(rent=rent, state__in=RentTransfer.STANDING).first()


def _new(rent: RentPayment) -> RentTransfer:
    return RentTransfer(
        tenant_id=rent.tenant_id,
        rent=rent,
        house_id=rent.lease.house_id if rent.lease else None,
        state=States.HELD,
        amount_minor=max(rent.amount_minor or rent.paid_minor, 1),
        currency=rent.currency,
        stop_reason=holds.IMPORTED if _came_paid(rent) else "",
    )


def _came_paid(rent: RentPayment) -> bool:
    """Return whether a rent was paid before an import brought it here, not by way of us."""
    if rent.source_id is None or rent.collections.exists():
        return False
    if Checkout.objects.filter(kind="rent", subject_id=rent.pk).exists():
        return False
    return rent.paid_on is None or rent.paid_on <= rent.created_at.date()


def _apply(
    transfer: RentTransfer, rent: RentPayment, hold: holds.Hold | None, now: datetime
) -> None:
    transfer.house_id = rent.lease.house_id if rent.lease else None
    if hold is not None:
        if transfer.hold != hold.code:
            transfer.held_since = now
        transfer.state, transfer.next_at = States.HELD, None
        transfer.hold, transfer.hold_words = hold.code, hold.words[:500]
        transfer.save()
        return
    # What is due, not a surplus that came with it: that is told on the rent, and stays.
    transfer.amount_minor = min(rent.paid_minor, rent.amount_minor or rent.paid_minor)
    transfer.state, transfer.next_at = States.READY, now
    transfer.hold, transfer.hold_words, transfer.held_since = "", "", None
    transfer.save()
    enqueue("subscriptions.send_transfer", transfer_id=transfer.pk)


# --- sending -----------------------------------------------------------------------------------


def send_transfer(*, tenant_id: UUID, transfer_id: UUID, now: datetime) -> RentTransfer | None:
    """Send a transfer that is ready; repeating finds the one that was sent.

    The caller has refreshed the rent from Stripe just before. Returns None when somebody else is
    at it or there is nothing to send.
    """
    with scope(tenant_id):
        account = StripeAccount.objects.get()
        house = _house_of(transfer_id)
    stripe = Transfers(account)
    try:
        found = _destination(stripe, house)
    except StripeUnavailable as error:
        with scope(tenant_id):
            _wait(transfer_id, str(error), now)
        return None
    with scope(tenant_id):
        transfer = _claim(transfer_id, found, now)
    if transfer is None:
        return None
    try:
        facts = _ask(stripe, transfer, now)
    except StripeUnavailable as error:
        with scope(tenant_id):
            _wait(transfer_id, str(error), now)
        return None
    except StripeRefused as refusal:
        with scope(tenant_id):
            return _refused(transfer_id, refusal, now)
    with scope(tenant_id):
        return _record(transfer_id, facts, now)


def _house_of(transfer_id: UUID) -> House | None:
    transfer = RentTransfer.objects.select_related("rent__lease__house").get(pk=transfer_id)
    return transfer.rent.lease.house if transfer.rent.lease else None


def _destination(stripe: Transfers, house: House | None) -> AccountFacts | None:
    if house is None or not house.stripe_account_id:
        return None
    try:
        return stripe.read_destination(house.stripe_account_id)
    except StripeRefused:
        return None


def _claim(transfer_id: UUID, account: AccountFacts | None, now: datetime) -> RentTransfer | None:
    """Freeze what is sent and to whom; a transfer that is under way keeps what was frozen."""
    transfer = _lock(transfer_id)
    if transfer is None or (transfer.leased_until and transfer.leased_until > now):
        return None
    if transfer.state == States.READY:
        weighed = weigh_transfer(transfer.rent, now=now)
        if weighed is None or weighed.state != States.READY:
            return None
        transfer = weighed
        house = transfer.rent.lease.house if transfer.rent.lease else None
        if house is None:
            return None
        hold = holds.hold_of_account(house, account)
        if hold is not None:
            _apply(transfer, transfer.rent, hold, now)
            return None
        transfer.destination = house.stripe_account_id or ""
        transfer.source_charge_id = transfer.rent.stripe_charge_id
        transfer.state = States.SENDING
    elif transfer.state != States.SENDING:
        return None
    transfer.leased_until, transfer.next_at = now + LEASE, now + LEASE
    transfer.attempts += 1
    transfer.save()
    return transfer


def _lock(transfer_id: UUID) -> RentTransfer | None:
    """Lock rent and transfer, in this order as everywhere."""
    transfer = RentTransfer.objects.filter(pk=transfer_id).first()
    if transfer is None:
        return None
    rents = RentPayment.objects.select_for_update(of=("self",)).select_related("lease__house")
    rent = rents.get(pk=transfer.rent_id)
    transfer = RentTransfer.objects.select_for_update(of=("self",)).get(pk=transfer_id)
    transfer.rent = rent
    return transfer


def _ask(stripe: Transfers, transfer: RentTransfer, now: datetime) -> TransferFacts:
    """Send it, or find what an earlier try has sent."""
    if transfer.has_old_key(now):
        found = _find(stripe, transfer)
        if found is not None:
            return found
        _new_key(transfer)
    _use_key(transfer, now)
    try:
        return stripe.create(_parameters(transfer), key=transfer.idempotency_key)
    except StripeRefused as refusal:
        if not refusal.replayed:
            raise
        found = _find(stripe, transfer)
        if found is not None:
            return found
        _new_key(transfer)
        _use_key(transfer, now)
        return stripe.create(_parameters(transfer), key=transfer.idempotency_key)


def _parameters(transfer: RentTransfer) -> dict[str, Any]:
    """Return what Stripe is asked for: from the frozen row alone."""
    return {
        "amount": transfer.amount_minor,
        "currency": transfer.currency.lower(),
        "destination": transfer.destination,
        "source_transaction": transfer.source_charge_id,
        "transfer_group": transfer.group,
        "metadata": {
            "taproom_transfer": str(transfer.pk),
            "taproom_rent": str(transfer.rent_id),
        },
    }


def _find(stripe: Transfers, transfer: RentTransfer) -> TransferFacts | None:
    for facts in stripe.list(group=transfer.group):
        if facts.metadata.get("taproom_transfer") == str(transfer.pk):
            return facts
    return None


def _use_key(transfer: RentTransfer, now: datetime) -> None:
    if transfer.key_used_at is None:
        with scope(transfer.tenant_id):
            RentTransfer.objects.filter(pk=transfer.pk).update(key_used_at=now)
        transfer.key_used_at = now


def _new_key(transfer: RentTransfer) -> None:
    with scope(transfer.tenant_id):
        RentTransfer.objects.filter(pk=transfer.pk).update(
            epoch=transfer.epoch + 1, key_used_at=None
        )
    transfer.epoch, transfer.key_used_at = transfer.epoch + 1, None


def _record(transfer_id: UUID, facts: TransferFacts, now: datetime) -> RentTransfer:
    transfer = _lock(transfer_id)
    assert transfer is not None  # noqa: S101 - rows of transfers are kept
    if transfer.state != States.SENDING:
        return transfer
    transfer.state, transfer.stripe_transfer_id = States.SENT, facts.transfer_id
    transfer.sent_at = facts.made_at or now
    transfer.leased_until, transfer.next_at, transfer.last_error = None, None, ""
    transfer.save()
    enter(
        transfer.rent,
        HouseEntry.Kind.SENT,
        -transfer.amount_minor,
        source=facts.transfer_id,
        happened_at=transfer.sent_at,
    )
    _tell_other_account(transfer, now)
    tell_money(
        "rent_transferred",
        amount_minor=transfer.amount_minor,
        currency=transfer.currency,
        transfer_id=transfer.pk,
        rent_id=transfer.rent_id,
        stripe_transfer_id=facts.transfer_id,
    )
    # What happened while it was on its way may want it back.
    weigh_transfer(transfer.rent, now=now)
    return transfer


def _tell_other_account(transfer: RentTransfer, now: datetime) -> None:
    """Tell that the house got another account while the money was on its way to the former one."""
    house = transfer.rent.lease.house if transfer.rent.lease else None
    account = house.stripe_account_id if house else None
    if account == transfer.destination:
        return
    words = (
        f"The house has the account {account or '(none)'} now, but the transfer was under way to"
        f" {transfer.destination} and arrived there. Is that account the house's? If not, have it"
        " taken back."
    )
    case = open_case(transfer.rent, cause="A house's account changed under way", now=now)
    tell_case(case, words, once=f"account {transfer.pk}", now=now)


def _refused(transfer_id: UUID, refusal: StripeRefused, now: datetime) -> RentTransfer | None:
    transfer = _lock(transfer_id)
    if transfer is None or transfer.state != States.SENDING:
        return transfer
    transfer.leased_until = None
    code = _ACCOUNT_REFUSALS.get(refusal.code)
    if code is not None and refusal.param in ("destination", ""):
        _new_try(transfer)
        _apply(transfer, transfer.rent, holds.Hold(code, f"Stripe: {refusal}"), now)
        return transfer
    transfer.state, transfer.next_at = States.REFUSED, None
    transfer.last_error = f"Stripe refused it: {refusal}"[:500]
    transfer.save()
    case = open_case(transfer.rent, cause="Stripe refused the transfer of a rent", now=now)
    tell_case(case, transfer.last_error, now=now)
    return transfer


def _new_try(transfer: RentTransfer) -> None:
    """Have the next try be a new one: a certain no has had no effect."""
    transfer.epoch += 1
    transfer.key_used_at = None


def _wait(transfer_id: UUID, error: str, now: datetime) -> None:
    transfer = _lock(transfer_id)
    if transfer is None or transfer.state not in (States.READY, States.SENDING):
        return
    wait = min(timedelta(seconds=2 ** min(transfer.attempts, 12)), LONGEST_WAIT)
    transfer.leased_until, transfer.next_at = None, now + wait
    transfer.last_error = f"{error} It is tried again; nothing is sent twice."[:500]
    transfer.save()


# --- by hand -----------------------------------------------------------------------------------


def stop_transfer(*, transfer: RentTransfer, reason: str, by: User, now: datetime) -> RentTransfer:
    """Hold a transfer that was not sent yet until somebody lets it go. Raises NotPossible."""
    found = _lock(transfer.pk)
    if found is None or found.state not in (States.HELD, States.READY, States.REFUSED):
        raise NotPossible("Only a transfer that was not sent can be stopped.")
    found.stopped_by, found.stop_reason = by, reason[:300]
    found.state = States.HELD
    hold = holds.hold_of_stop(found)
    _apply(found, found.rent, hold, now)
    tell_case(
        open_case(found.rent, cause="A transfer was stopped by hand", now=now),
        f"Stopped the transfer: {reason}",
        by=by,
        now=now,
    )
    return found


def release_transfer(*, transfer: RentTransfer, by: User, now: datetime) -> RentTransfer:
    """Take back a stop by hand, or try again after a refusal; other holds stand.

    Raises NotPossible.
    """
    found = _lock(transfer.pk)
    if found is None or not (found.stop_reason or found.state == States.REFUSED):
        raise NotPossible("This transfer was neither stopped by hand nor refused.")
    if found.state == States.REFUSED:
        _new_try(found)
    found.state, found.stopped_by, found.stop_reason = States.HELD, None, ""
    found.save()
    weighed = weigh_transfer(found.rent, now=now)
    tell_case(
        open_case(found.rent, cause="A transfer was released by hand", now=now),
        "Released the transfer.",
        by=by,
        now=now,
    )
    return weighed or found


def due_transfers(*, tenant_id: UUID, now: datetime) -> list[UUID]:
    """Return transfers that wait to be sent; for the sweep."""
    with scope(tenant_id):
        waiting = RentTransfer.objects.filter(
            state__in=[States.READY, States.SENDING], next_at__lte=now
        )
        return list(waiting.values_list("pk", flat=True)[:500])
