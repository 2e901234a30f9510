"""What an app above wants to be paid: one open checkout for each subject and amount."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from core.models import Tenant
from core.money import Money
from core.tenancy import scope
from payments import kinds
from payments.models import Checkout, StripeEvent
from payments.operations.checkouts import UNLIMITED_LIFETIME, NoStripeAccount
from payments.operations.claims import claim_checkout, stop_checkout
from payments.operations.events import process_event
from payments.operations.reconcile import reconcile_events
from payments.operations.sweeps import check_checkout
from tests.payments.conftest import POOR, Customer

pytestmark = pytest.mark.django_db

DEPOSIT = Money(5000, "EUR")


@dataclass
class Told:
    """A kind of thing to pay that keeps what it is told, in order."""

    heard: list[tuple[str, Any]] = field(default_factory=list)
    is_wanted: bool = True

    def kind(self) -> kinds.Kind:
        def hear(name: str) -> Any:
            return lambda row, *facts: self.heard.append((name, row.pk))

        return kinds.Kind(
            name="test_rent",
            on_paid=hear("paid"),
            on_failed=hear("failed"),
            on_ended=hear("ended"),
            on_refunded=hear("refunded"),
            on_disputed=lambda row, dispute, now: self.heard.append((dispute.status, row.pk)),
            on_unexpected=hear("unexpected"),
            on_kept=hear("kept"),
            is_wanted=lambda checkout: self.is_wanted,
        )


@pytest.fixture
def told() -> Iterator[Told]:
    """A kind called test_rent, for one test."""
    owner = Told()
    kinds.register(owner.kind())
    yield owner
    kinds._kinds.pop("test_rent")


def claim(tenant: Tenant, subject_id: UUID, amount: Money = DEPOSIT, **fields: Any) -> Checkout:
    defaults = {
        "kind": "test_rent",
        "title": "Rent of May",
        "success_url": "https://example.com/done/",
        "cancel_url": "https://example.com/",
        "metadata": {"lease": "L-7", "taproom_checkout": "forged"},
        "now": timezone.now(),
    }
    with scope(tenant.pk):
        return claim_checkout(subject_id=subject_id, amount=amount, **{**defaults, **fields})


def test_claim_carries_the_owners_metadata_to_stripe(customer: Customer, told: Told) -> None:
    subject_id, now = uuid4(), timezone.now()

    checkout = customer.open_page(claim(customer.tenant, subject_id, now=now))

    key = customer.account.secret_key
    [session] = customer.sandbox.stripe("GET", "checkout/sessions", key=key)["data"]
    wanted = {
        "lease": "L-7",
        "taproom_checkout": str(checkout.pk),
        "taproom_kind": "test_rent",
        "taproom_subject": str(subject_id),
    }
    assert session["metadata"] == wanted
    intent = customer.pay(checkout)["payment_intent"]
    assert intent["metadata"] == wanted
    assert session["expires_at"] == int((now + UNLIMITED_LIFETIME).timestamp())


def test_claim_for_the_same_subject_and_amount_finds_the_same_checkout(
    customer: Customer, told: Told
) -> None:
    subject_id = uuid4()

    first = claim(customer.tenant, subject_id)
    again = claim(customer.tenant, subject_id)
    dearer = claim(customer.tenant, subject_id, Money(5001, "EUR"))
    other = claim(customer.tenant, uuid4())

    assert again.pk == first.pk
    assert len({first.pk, dearer.pk, other.pk}) == 3


def test_eight_claims_at_once_make_one_checkout(customer: Customer, told: Told) -> None:
    subject_id, together = uuid4(), threading.Barrier(8, timeout=30)

    def click(number: int) -> UUID:
        together.wait()
        try:
            return claim(customer.tenant, subject_id).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(click, range(8)))

    assert len(found) == 1


def test_claim_needs_a_known_kind_and_an_account(tenant: Tenant, told: Told) -> None:
    with pytest.raises(kinds.UnknownKind):
        claim(tenant, uuid4(), kind="nobody_knows")

    with pytest.raises(NoStripeAccount):
        claim(tenant, uuid4())


def test_checkout_that_is_no_longer_wanted_is_closed_and_replaced(
    customer: Customer, told: Told
) -> None:
    checkout = customer.open_page(claim(customer.tenant, uuid4()))
    told.is_wanted = False

    replaced = claim(customer.tenant, checkout.subject_id)
    with scope(customer.tenant.pk):
        stop_checkout(checkout_id=checkout.pk)
    for _ in range(2):
        check_checkout(tenant_id=customer.tenant.pk, checkout_id=checkout.pk, now=timezone.now())

    assert replaced.pk != checkout.pk
    assert customer.reload(checkout).state == "expired"
    assert told.heard == [("ended", checkout.pk)]


def test_checkout_paid_before_it_could_be_closed_is_settled(customer: Customer, told: Told) -> None:
    checkout = customer.open_page(claim(customer.tenant, uuid4()))
    customer.pay(checkout)
    told.is_wanted = False

    check_checkout(tenant_id=customer.tenant.pk, checkout_id=checkout.pk, now=timezone.now())

    assert customer.reload(checkout).state == "succeeded"
    assert told.heard == [("paid", customer.payment(checkout).pk)]


def test_owner_is_told_of_each_step_once(customer: Customer, told: Told, now: datetime) -> None:
    checkout = customer.open_page(claim(customer.tenant, uuid4()))
    customer.pay(checkout, card=POOR)
    customer.hear(now)
    customer.pay(checkout)
    customer.hear(now)

    customer.hear(now)

    payment = customer.payment(checkout)
    assert told.heard == [("failed", payment.pk), ("paid", payment.pk)]


def test_dispute_and_refund_that_come_before_the_payment_bring_it_in(
    customer: Customer, told: Told, now: datetime
) -> None:
    checkout = customer.open_page(claim(customer.tenant, uuid4()))
    intent = customer.pay(checkout)["payment_intent"]
    key = customer.account.secret_key
    customer.sandbox.stripe("POST", "refunds", key=key, payment_intent=intent["id"], amount=900)
    customer.sandbox.control("POST", f"charges/{intent['latest_charge']}/dispute")

    hear_backwards(customer, now)

    payment = customer.payment(checkout)
    assert (payment.state, payment.refunded_minor) == ("succeeded", 900)
    assert sorted(name for name, _ in told.heard) == ["needs_response", "paid", "refunded"]


def hear_backwards(customer: Customer, since: datetime) -> None:
    """Act on all events of the account: those of disputes and refunds before all others."""
    reconcile_events(tenant_id=customer.tenant.pk, since=since, now=timezone.now())
    with scope(customer.tenant.pk):
        waiting = list(StripeEvent.objects.values_list("stripe_event_id", "type"))
    early = ("charge.dispute", "charge.refund", "refund.")
    for event_id, _ in sorted(waiting, key=lambda one: not one[1].startswith(early)):
        process_event(tenant_id=customer.tenant.pk, stripe_event_id=event_id, now=timezone.now())
