"""Events that are signed with the true secret and yet say what is not so: Stripe's word counts."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from core.models import Tenant
from core.tenancy import scope
from payments.models import Refund, StripeEvent
from tests.journeys.deliveries import Mailbox, body_of
from tests.journeys.people import DECLINED, GOOD, Buyer, Seller, eventually, session_id
from tests.stack import Stack
from tests.stripe import Sandbox

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]


@pytest.fixture
def mailbox(seller: Seller) -> Mailbox:
    return Mailbox(seller.account.webhook_url, seller.account.webhook_secrets[0])


@pytest.fixture
def stranger(other_tenant: Tenant, stack: Stack, sandbox: Sandbox, settings: Settings) -> Seller:
    """Another company."""
    settings.PUBLIC_URL = stack.url
    return Seller(other_tenant, stack, sandbox)


def tell(mailbox: Mailbox, kind: str, **thing: Any) -> None:
    """Deliver an event about an object as Stripe would send it."""
    answer = mailbox.post(body_of(id="evt_told", type=kind, data={"object": thing}))
    assert (answer.status_code, answer.json()["status"]) == (200, "stored")


def paid_session(page: str, **changes: Any) -> dict[str, Any]:
    """Return a session as it looks when it has been paid."""
    return {
        "id": session_id(page), "object": "checkout.session", "status": "complete",
        "payment_status": "paid", "amount_total": 12500, "currency": "eur", **changes,
    }  # fmt: skip


def told(seller: Seller) -> StripeEvent:
    """Return the event that was told, once somebody has acted on it or could not."""

    def find() -> StripeEvent | None:
        with scope(seller.tenant.pk):
            event = StripeEvent.objects.get(stripe_event_id="evt_told")
        return event if event.processed_at or event.last_error else None

    return eventually(find, "somebody who acts on the event")  # type: ignore[return-value]


def test_session_that_is_called_paid_is_not(seller: Seller, mailbox: Mailbox, buyer: Buyer) -> None:
    link = seller.link()
    page = buyer.start(link["url"])

    tell(mailbox, "checkout.session.completed", **paid_session(page))

    assert told(seller).outcome == "open"
    assert (seller.payments(link), seller.status(link)) == ([], "active")


def test_intent_that_is_called_paid_is_not(seller: Seller, mailbox: Mailbox, buyer: Buyer) -> None:
    link = seller.link()
    page = buyer.start(link["url"])
    [checkout] = seller.get(f"payment-links/{link['id']}/checkouts/")["items"]
    ours = {"taproom_checkout": checkout["id"]}

    tell(mailbox, "payment_intent.succeeded", id="pi_invented", status="succeeded", metadata=ours)

    told(seller)
    assert session_id(page) == checkout["stripe_session_id"]
    assert (seller.payments(link), seller.status(link)) == ([], "active")


def test_amount_is_what_stripe_says_and_not_what_the_event_says(
    seller: Seller, mailbox: Mailbox, buyer: Buyer
) -> None:
    link = seller.link()
    seller.sandbox.control("POST", "faults", kind="webhook_drop")
    page = buyer.start(link["url"])
    buyer.pay(page)

    tell(mailbox, "checkout.session.completed", **paid_session(page, amount_total=1))

    [payment] = seller.paid(link)
    assert (payment["amount"]["minor"], payment["standing"]) == (12500, "expected")


def test_refund_that_nobody_made_is_none(seller: Seller, mailbox: Mailbox, buyer: Buyer) -> None:
    link = seller.link()
    buyer.buy(link["url"])
    [payment] = seller.paid(link)
    intent = payment["stripe_payment_intent_id"]

    tell(
        mailbox,
        "charge.refunded",
        id=payment["stripe_charge_id"],
        payment_intent=intent,
        amount_refunded=12500,
    )

    told(seller)
    assert seller.payments(link)[0]["refunded"]["minor"] == 0
    with scope(seller.tenant.pk):
        assert Refund.objects.count() == 0


def test_session_of_another_company_pays_nobody(
    seller: Seller, stranger: Seller, mailbox: Mailbox, buyer: Buyer
) -> None:
    own, theirs = seller.link(), stranger.link()
    seller.sandbox.control("POST", "faults", kind="webhook_drop")
    page = buyer.start(theirs["url"])
    buyer.pay(page)

    tell(mailbox, "checkout.session.completed", **paid_session(page))

    assert told(seller).outcome == "not at Stripe"
    assert (seller.payments(own), stranger.payments(theirs)) == ([], [])
    assert stranger.status(theirs) == "active"


def test_session_that_stripe_does_not_know_pays_nobody(seller: Seller, mailbox: Mailbox) -> None:
    link = seller.link()

    tell(mailbox, "checkout.session.completed", **paid_session("https://x/c/pay/cs_test_invented"))

    assert told(seller).outcome == "not at Stripe"
    assert seller.payments(link) == []


def test_expiry_told_before_the_payment_loses_nothing(
    seller: Seller, mailbox: Mailbox, buyer: Buyer
) -> None:
    link = seller.link()
    seller.sandbox.control("POST", "faults", kind="webhook_hold")
    page = buyer.start(link["url"])
    buyer.pay(page)

    tell(mailbox, "checkout.session.expired", id=session_id(page), status="expired")
    assert told(seller).outcome == "succeeded"
    seller.sandbox.control("DELETE", "faults")
    seller.sandbox.control("POST", "deliveries/release")

    assert len(seller.paid(link)) == 1


def test_failure_told_after_the_payment_changes_nothing(seller: Seller, buyer: Buyer) -> None:
    link = seller.link()
    seller.sandbox.control("POST", "faults", kind="webhook_hold")
    page = buyer.start(link["url"])
    assert buyer.pay(page, DECLINED) == ""
    assert buyer.pay(page, GOOD)

    seller.sandbox.control("DELETE", "faults")
    seller.sandbox.control("POST", "deliveries/release", reverse=True)

    [payment] = seller.paid(link)
    eventually(lambda: all_acted_on(seller), "all events acted on")
    assert seller.payments(link) == [payment]


def all_acted_on(seller: Seller) -> bool:
    """Tell whether the failure was heard of, and nothing waits in the inbox."""
    with scope(seller.tenant.pk):
        waiting = StripeEvent.objects.filter(processed_at=None).exists()
        return (
            StripeEvent.objects.filter(type="payment_intent.payment_failed").exists()
            and not waiting
        )
