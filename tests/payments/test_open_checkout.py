"""Opening a checkout: one slot, one session, whatever happens between us and Stripe."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.models import Tenant
from core.tenancy import scope
from payments.gateway import CUSTOMER, CallInsideTransaction, Gateway, Patience, StripeUnavailable
from payments.models import Checkout, PaymentLink, StripeAccount
from payments.operations.checkouts import (
    CheckoutOver,
    CheckoutRefused,
    LinkBusy,
    LinkNotPayable,
    NoStripeAccount,
    claim_link_checkout,
    end_without_money,
)
from payments.operations.links import deactivate_link
from tests.payments.conftest import Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def sessions_at_stripe(customer: Customer) -> list[dict[str, Any]]:
    found = customer.sandbox.stripe(
        "GET", "checkout/sessions", key=customer.account.secret_key, limit=100
    )
    return list(found["data"])


def test_open_checkout_freezes_what_was_asked_for(customer: Customer, new_link: NewLink) -> None:
    link = new_link(title="Deposit", amount_minor=12500)

    checkout = customer.open(link)

    [session] = sessions_at_stripe(customer)
    assert (session["amount_total"], session["currency"]) == (12500, "eur")
    assert session["metadata"] == {
        "taproom_checkout": str(checkout.pk),
        "taproom_kind": "link",
        "taproom_subject": str(link.pk),
    }
    assert (checkout.state, checkout.session_url) == ("open", session["url"])


def test_same_visitor_gets_the_same_checkout(customer: Customer, new_link: NewLink) -> None:
    link = new_link(max_payments=5)

    first = customer.open(link, visitor="a")
    second = customer.open(link, visitor="a")
    other = customer.open(link, visitor="b")

    assert (second.pk, other.pk == first.pk) == (first.pk, False)
    assert customer.reload(link).slots_taken == 2


def test_link_for_one_payment_has_one_checkout_for_all(
    customer: Customer, new_link: NewLink
) -> None:
    link = new_link(max_payments=1)

    checkouts = {customer.open(link, visitor=str(n)).pk for n in range(3)}

    assert len(checkouts) == 1
    assert len(sessions_at_stripe(customer)) == 1


def test_forty_payers_at_once_get_five_slots(customer: Customer, new_link: NewLink) -> None:
    link = new_link(max_payments=5)
    together = threading.Barrier(8, timeout=30)

    def click(number: int) -> str:
        together.wait()
        try:
            customer.claim(link, visitor=str(number))
        except LinkBusy:
            return "busy"
        finally:
            connection.close()
        return "claimed"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(click, range(40)))

    assert (answers.count("claimed"), answers.count("busy")) == (5, 35)
    assert customer.reload(link).slots_taken == 5


def test_busy_link_says_when_a_slot_may_come_back(customer: Customer, new_link: NewLink) -> None:
    link = new_link(max_payments=2)
    taken = [customer.claim(link, visitor=str(n)) for n in range(2)]

    with pytest.raises(LinkBusy) as busy:
        customer.claim(link, visitor="late")

    assert busy.value.free_at == min(checkout.session_expires_at for checkout in taken)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"starts_at": timedelta(hours=1)}, PaymentLink.Status.NOT_YET_OPEN),
        ({"expires_at": timedelta(seconds=1)}, PaymentLink.Status.EXPIRED),
    ],
)
def test_link_out_of_its_time_takes_no_checkout(
    customer: Customer,
    new_link: NewLink,
    now: datetime,
    fields: dict[str, timedelta],
    status: PaymentLink.Status,
) -> None:
    link = new_link(**{name: now + delta for name, delta in fields.items()})

    with pytest.raises(LinkNotPayable) as refused:
        customer.claim(link, now=now + timedelta(minutes=5))

    assert refused.value.status == status
    assert customer.reload(link).slots_taken == 0


def test_switched_off_link_takes_no_checkout(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    with scope(customer.tenant.pk):
        deactivate_link(link_id=link.pk, now=now)

    with pytest.raises(LinkNotPayable) as refused:
        customer.claim(link)

    assert refused.value.status == PaymentLink.Status.DEACTIVATED


def test_link_of_a_tenant_without_stripe_cannot_be_paid(
    tenant: Tenant, new_link: NewLink, now: datetime
) -> None:
    link = new_link()

    with pytest.raises(NoStripeAccount), scope(tenant.pk):
        claim_link_checkout(link_id=link.pk, visitor_hash="", now=now)


@pytest.mark.parametrize("kind", ["error_before", "drop_before", "lost_after", "error_after"])
def test_fault_of_one_call_leads_to_one_session(
    customer: Customer, new_link: NewLink, kind: str
) -> None:
    customer.sandbox.control(
        "POST", "faults", kind=kind, path="/v1/checkout/sessions", method="POST", count=1
    )

    checkout = customer.open(new_link())

    assert checkout.state == "open"
    assert [row["id"] for row in sessions_at_stripe(customer)] == [checkout.stripe_session_id]


@pytest.mark.parametrize("kind", ["error_before", "lost_after", "error_after", "garbage"])
def test_attempt_is_kept_while_stripe_is_down_and_goes_on_after(
    customer: Customer, new_link: NewLink, kind: str
) -> None:
    link = new_link()
    customer.sandbox.control("POST", "faults", kind=kind, path="/v1/checkout/*")
    checkout = customer.claim(link)
    with pytest.raises(StripeUnavailable):
        customer.open_page(checkout)
    kept = customer.reload(checkout)

    customer.sandbox.control("DELETE", "faults")
    opened = customer.open(link)

    assert (kept.state, kept.last_error != "") == ("created", True)
    assert (opened.pk, opened.state) == (checkout.pk, "open")
    assert [row["id"] for row in sessions_at_stripe(customer)] == [opened.stripe_session_id]
    assert customer.reload(link).slots_taken == 1


def test_refusal_ends_the_attempt_and_frees_the_slot(customer: Customer, new_link: NewLink) -> None:
    link = new_link()
    checkout = customer.claim(link)
    with scope(customer.tenant.pk):
        Checkout.objects.filter(pk=checkout.pk).update(success_url="not an address")

    with pytest.raises(CheckoutRefused):
        customer.open_page(checkout)

    ended = customer.reload(checkout)
    assert (ended.state, ended.last_error != "") == ("failed", True)
    assert customer.reload(link).slots_taken == 0


def test_wrong_key_keeps_the_attempt(customer: Customer, new_link: NewLink) -> None:
    checkout = customer.claim(new_link())
    with scope(customer.tenant.pk):
        StripeAccount.objects.update(secret_key="sk_live_not_for_tests")

    with pytest.raises(StripeUnavailable):
        customer.open_page(checkout)

    assert customer.reload(checkout).state == "created"


def test_session_that_would_end_too_soon_is_asked_for_anew(
    customer: Customer, new_link: NewLink
) -> None:
    checkout = customer.claim(new_link())
    with scope(customer.tenant.pk):
        Checkout.objects.filter(pk=checkout.pk).update(
            session_expires_at=timezone.now() + timedelta(minutes=10)
        )

    opened = customer.open_page(checkout)

    assert (opened.state, opened.epoch) == ("open", 2)
    assert len(sessions_at_stripe(customer)) == 1


def test_twenty_clicks_at_once_open_one_session(customer: Customer, new_link: NewLink) -> None:
    link = new_link()
    checkout = customer.claim(link)

    def click(number: int) -> str | None:
        try:
            return customer.open_page(checkout).stripe_session_id
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(click, range(20)))

    assert [row["id"] for row in sessions_at_stripe(customer)] == list(answers)


def test_second_click_gets_what_the_slow_first_one_opens(
    customer: Customer, new_link: NewLink
) -> None:
    checkout = customer.claim(new_link())
    customer.sandbox.control(
        "POST", "faults", kind="delay", path="/v1/checkout/sessions", seconds=2.5, count=1
    )
    together = threading.Barrier(2, timeout=30)

    def click(number: int) -> str | None:
        together.wait()
        try:
            return customer.open_page(checkout, patience=CUSTOMER).stripe_session_id
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(click, range(2)))

    [session] = sessions_at_stripe(customer)
    assert answers == [session["id"], session["id"]]
    assert customer.reload(checkout).last_error == ""


def test_both_clicks_are_told_when_stripe_is_too_slow(
    customer: Customer, new_link: NewLink
) -> None:
    checkout = customer.claim(new_link())
    customer.sandbox.control(
        "POST", "faults", kind="delay", path="/v1/checkout/sessions", seconds=3, count=1
    )
    hasty = Patience(connect=1, read=0.3, turn=1, retries=0)

    def click(number: int) -> type[Exception] | None:
        try:
            customer.open_page(checkout, patience=hasty)
        except StripeUnavailable as error:
            return type(error)
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(click, range(2)))

    assert answers == [StripeUnavailable, StripeUnavailable]
    assert customer.reload(checkout).state == "created"


def test_checkout_that_ended_leads_nowhere(customer: Customer, new_link: NewLink) -> None:
    checkout = customer.claim(new_link())
    with scope(customer.tenant.pk):
        end_without_money(checkout_id=checkout.pk, state=Checkout.State.EXPIRED, now=timezone.now())

    with pytest.raises(CheckoutOver):
        customer.open_page(checkout)


def test_call_inside_a_transaction_is_refused(customer: Customer, new_link: NewLink) -> None:
    checkout = customer.claim(new_link())

    with pytest.raises(CallInsideTransaction), transaction.atomic():
        Gateway(customer.account).open_session(checkout)
