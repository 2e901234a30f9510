"""Rents taken from the card or bank account that a resident has saved: claim, call, record."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.jobs import enqueue
from core.models import User
from core.tenancy import scope
from payments.gateway import StripeRefused, StripeUnavailable
from payments.gateway.charges import Charges
from payments.gateway.intents import IntentFacts, Intents
from payments.models import Checkout, StripeAccount
from subscriptions.models import RentCollection, RentPayment
from subscriptions.operations.cases import open_case, tell_case
from subscriptions.operations.rent_money import refresh_rent
from subscriptions.operations.rent_pages import KIND, OPEN, close_rent_pages
from subscriptions.operations.transfers import weigh_transfer
from subscriptions.queries.collecting import why_not_collect

log = structlog.get_logger(__name__)

States = RentCollection.State
LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=1)
# How soon to look whether Stripe has closed the rent's payment page by now.
PAGE_WAIT = timedelta(seconds=10)


class NotCollectable(Exception):
    """The rent cannot be taken now; the message says why. Nothing was changed."""


def ask_to_collect(*, rent: RentPayment, by: User | None, now: datetime) -> RentCollection:
    """Have a rent taken from what the resident has saved. In scope.

    Its payment page is closed first, so that it is not paid twice. Pressing twice asks once.
    Raises NotCollectable.
    """
    rows = RentPayment.objects.select_for_update(of=("self",)).select_related("resident")
    found = rows.get(pk=rent.pk)
    standing = RentCollection.objects.filter(rent=found, state=States.ASKED).first()
    if standing is not None:
        return standing
    why_not = why_not_collect(found)
    if why_not:
        raise NotCollectable(why_not)
    assert found.resident is not None  # noqa: S101 - why_not_collect has looked
    collection = RentCollection.objects.create(
        tenant_id=found.tenant_id,
        rent=found,
        amount_minor=found.amount_minor or 0,
        currency=found.currency,
        stripe_customer_id=found.resident.stripe_customer_id or "",
        stripe_invoice_id=found.stripe_invoice_id,
        asked_by=by,
        asked_at=now,
        next_at=now,
    )
    close_rent_pages(found)
    enqueue("subscriptions.push_collection", collection_id=collection.pk)
    return collection


def push_collection(
    *, tenant_id: UUID, collection_id: UUID, now: datetime
) -> RentCollection | None:
    """Take the money at Stripe; repeating finds what an earlier try has taken.

    Returns None when somebody else is at it, or it has to wait: for Stripe, or for the rent's
    payment page to be closed.
    """
    with scope(tenant_id):
        collection = _claim(collection_id, now)
        account = StripeAccount.objects.get()
    if collection is None:
        return None
    try:
        charge_id, refusal = _take(account, collection, now)
    except StripeUnavailable as error:
        _wait(collection, str(error), now, is_replayed=error.replayed)
        return None
    except StripeRefused as error:
        if error.replayed and error.status >= 500:
            _wait(collection, str(error), now, is_replayed=True)
            return None
        charge_id, refusal = "", f"It could not be taken: {error}"
    with scope(tenant_id):
        collection = _record(collection, charge_id, refusal, now)
    refresh_rent(tenant_id=tenant_id, rent_id=collection.rent_id, now=now)
    return collection


def _claim(collection_id: UUID, now: datetime) -> RentCollection | None:
    """Take the row, unless the rent was paid meanwhile or its page may still be paid."""
    found = _lock(collection_id)
    if found.state != States.ASKED or (found.leased_until and found.leased_until > now):
        return None
    if found.attempts == 0 and found.rent.state not in OPEN:
        _end(found, "", f"The rent is {found.rent.get_state_display().lower()} by now.", now)
        return None
    if found.attempts == 0 and _page_is_open(found.rent_id):
        found.next_at = now + PAGE_WAIT
        found.save(update_fields=["next_at"])
        close_rent_pages(found.rent)
        return None
    found.leased_until, found.next_at = now + LEASE, now + LEASE
    found.attempts += 1
    if found.has_old_key(now):
        found.epoch, found.key_used_at = found.epoch + 1, None
    found.key_used_at = found.key_used_at or now
    found.save()
    return found


def _lock(collection_id: UUID) -> RentCollection:
    """Lock the rent and then what hangs on it, in this order as everywhere."""
    rent_id = RentCollection.objects.values_list("rent_id", flat=True).get(pk=collection_id)
    rent = RentPayment.objects.select_for_update(of=("self",)).get(pk=rent_id)
    found = RentCollection.objects.select_for_update(of=("self",)).get(pk=collection_id)
    found.rent = rent
    return found


def _page_is_open(rent_id: UUID) -> bool:
    pages = Checkout.objects.filter(kind=KIND, subject_id=rent_id, state__in=Checkout.UNSETTLED)
    return pages.exists()


def _take(account: StripeAccount, collection: RentCollection, now: datetime) -> tuple[str, str]:
    """Return the charge that took it, and why it was not taken; one of both is empty."""
    stripe = Intents(account)
    if collection.stripe_invoice_id:
        return _pay_invoice(Charges(account), stripe, collection)
    # A try before this one may have taken it, whatever became of its answer.
    found = _earlier(stripe, collection) if collection.attempts > 1 else None
    if found is None:
        method = stripe.saved_method(collection.stripe_customer_id)
        if not method:
            return "", "The resident has saved no payment method with Stripe."
        found = stripe.take(_parameters(collection, method), key=collection.idempotency_key)
    if found.status in ("succeeded", "processing"):
        return found.charge_id, ""
    return "", f"It could not be taken: {found.failure or found.status.replace('_', ' ')}"


def _pay_invoice(charges: Charges, stripe: Intents, collection: RentCollection) -> tuple[str, str]:
    invoice_id = collection.stripe_invoice_id
    bill = charges.read_bill(invoice_id)
    if bill.status == "open":
        stripe.pay_invoice(invoice_id, key=collection.idempotency_key)
        bill = charges.read_bill(invoice_id)
    elif bill.status != "paid":
        return "", f"The invoice is {bill.status} at Stripe and cannot be paid."
    tried = [charges.read_latest(intent) for intent in bill.payment_intent_ids]
    taken = [one.charge_id for one in tried if one and one.status in ("succeeded", "pending")]
    return (taken[0], "") if taken else ("", "Stripe took no money for this invoice.")


def _earlier(stripe: Intents, collection: RentCollection) -> IntentFacts | None:
    mine = (
        one
        for one in stripe.of_customer(collection.stripe_customer_id)
        if one.metadata.get("taproom_collection") == str(collection.pk)
    )
    return next(mine, None)


def _parameters(collection: RentCollection, method: str) -> dict[str, object]:
    return {
        "amount": collection.amount_minor,
        "currency": collection.currency.lower(),
        "customer": collection.stripe_customer_id,
        "payment_method": method,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "transfer_group": f"rent-{collection.rent_id}",
        "metadata": {
            "taproom_collection": str(collection.pk),
            "taproom_rent": str(collection.rent_id),
        },
    }


def _record(
    collection: RentCollection, charge_id: str, refusal: str, now: datetime
) -> RentCollection:
    found = _lock(collection.pk)
    if found.state == States.ASKED:
        _end(found, charge_id, refusal, now)
    return found


def _end(found: RentCollection, charge_id: str, refusal: str, now: datetime) -> None:
    """Write the outcome; a charge is joined to its rent, a refusal told in its case."""
    found.state = States.REFUSED if refusal else States.DONE
    found.done_at = None if refusal else now
    found.stripe_charge_id, found.last_error = charge_id, refusal[:500]
    found.leased_until, found.next_at = None, None
    found.save()
    rent = found.rent
    if refusal:
        if rent.state == RentPayment.State.DUE:
            rent.state = RentPayment.State.FAILED
            rent.save(update_fields=["state"])
        case = open_case(rent, cause="Not taken from the saved payment method", now=now)
        tell_case(case, refusal, now=now)
        weigh_transfer(rent, now=now)
    else:
        rent.stripe_charge_id = charge_id
        rent.save(update_fields=["stripe_charge_id"])
        enqueue("subscriptions.refresh_rent", rent_id=rent.pk)
    log.info("rent_collected", collection_id=str(found.pk), state=found.state)


def _wait(collection: RentCollection, error: str, now: datetime, *, is_replayed: bool) -> None:
    wait = min(timedelta(seconds=2 ** min(collection.attempts, 12)), LONGEST_WAIT)
    with scope(collection.tenant_id):
        RentCollection.objects.filter(pk=collection.pk, state=States.ASKED).update(
            leased_until=None,
            next_at=now + wait,
            last_error=f"{error} It is tried again; nothing is taken twice."[:500],
            epoch=collection.epoch + is_replayed,
        )


def due_collections(*, tenant_id: UUID, now: datetime) -> list[UUID]:
    """Return collections that wait to be done; for the sweep."""
    with scope(tenant_id):
        waiting = RentCollection.objects.filter(state=States.ASKED, next_at__lte=now)
        return list(waiting.values_list("pk", flat=True)[:500])
