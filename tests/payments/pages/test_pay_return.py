"""Coming back from Stripe's page: the page tells what is known and marks nothing as paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import Tenant
from core.tenancy import scope
from payments.models import Checkout, Payment, PaymentLink
from payments.operations.checkouts import end_without_money
from payments.operations.decisions import keep_payment, return_payment
from payments.operations.links import deactivate_link
from tests.payments.conftest import GOOD, Customer
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def come_back(link: PaymentLink, checkout: Checkout, phone: Client, **query: Any) -> HttpResponse:
    query = {"session": checkout.stripe_session_id, **query}
    return phone.get(reverse("pay_return", args=[link.token]), query)


@pytest.fixture
def waiting_jobs() -> Callable[[], int]:
    """How many tasks wait for the workers that ask Stripe."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.delete("stripe")
    return lambda: int(broker.llen("stripe"))


def test_confirmed_payment_shows_amount_day_and_the_sellers_words(
    customer: Customer, new_link: NewLink, now: datetime, phone: Client, tenant: Tenant
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(redirect_hosts=["amber.example"])
    link = new_link(
        reference="2026-0412",
        after_payment_message="See you soon.",
        redirect_url="https://amber.example/thanks",
    )
    checkout = customer.open(link)
    customer.pay(checkout)
    customer.hear(now)

    response = come_back(link, checkout, phone)

    assert (response.status_code, heading(response)) == (200, "Thank you, this is paid")
    text = words(response)
    assert "See you soon." in text
    assert "Amount €125.00" in text
    assert "CET (Amsterdam time)" in text
    assert "Visa ending in 4242" in text
    assert "Reference 2026-0412" in text
    assert '<a class="button primary wide" href="https://amber.example/thanks"' in (
        response.content.decode()
    )
    assert "Continue to amber.example" in text
    assert "Refresh" not in response


def test_redirect_alone_marks_nothing_as_paid(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link()
    checkout = customer.open(link)

    response = come_back(link, checkout, phone)

    assert heading(response) == "We are confirming your payment"
    assert "Please do not pay a second time." in words(response)
    with scope(tenant.pk):
        assert Payment.objects.count() == 0
        assert PaymentLink.objects.get().paid_count == 0


def test_page_that_waits_loads_itself_again_and_slows_down(
    customer: Customer, new_link: NewLink, phone: Client
) -> None:
    link = new_link()
    checkout = customer.open(link)

    first, late = come_back(link, checkout, phone), come_back(link, checkout, phone, n=20)

    session = checkout.stripe_session_id
    assert first["Refresh"] == f"3;url=?session={session}&n=1"
    assert late["Refresh"] == f"30;url=?session={session}&n=21"


def test_waiting_page_has_stripe_asked_at_most_once_in_ten_seconds(
    customer: Customer,
    new_link: NewLink,
    phone: Client,
    waiting_jobs: Callable[[], int],
    time_machine: Any,
) -> None:
    link = new_link()
    checkout = customer.open(link)
    time_machine.move_to(timezone.now().replace(second=0, microsecond=0), tick=False)

    for _ in range(5):
        come_back(link, checkout, phone)
    soon = waiting_jobs()
    time_machine.shift(timedelta(seconds=10))
    come_back(link, checkout, phone)

    assert (soon, waiting_jobs()) == (1, 2)


def test_bank_debit_may_take_days(
    customer: Customer, new_link: NewLink, now: datetime, phone: Client
) -> None:
    link = new_link()
    checkout = customer.open(link)
    customer.pay(checkout, account="succeeds")
    customer.hear(now)

    response = come_back(link, checkout, phone)

    assert heading(response) == "Your payment is on its way"
    assert "working days" in words(response)


def test_failed_bank_debit_says_why_and_lets_try_again(
    customer: Customer, new_link: NewLink, now: datetime, phone: Client
) -> None:
    link = new_link()
    checkout = customer.open(link)
    customer.pay(checkout, account="fails")
    customer.hear(now)
    customer.sandbox.control("POST", f"checkout/sessions/{checkout.stripe_session_id}/async")
    customer.hear(now)

    response = come_back(link, checkout, phone)

    assert heading(response) == "The payment did not go through"
    assert "There was not enough money in the account." in words(response)
    assert f'action="{reverse("pay", args=[link.token])}"' in response.content.decode()
    assert "Try again" in words(response)


def test_ended_attempt_of_an_ended_link_offers_no_second_try(
    customer: Customer, new_link: NewLink, now: datetime, phone: Client, tenant: Tenant
) -> None:
    link = new_link()
    checkout = customer.open(link)
    with scope(tenant.pk):
        end_without_money(checkout_id=checkout.pk, state=Checkout.State.EXPIRED, now=timezone.now())
        deactivate_link(link_id=link.pk, now=now)

    response = come_back(link, checkout, phone)

    assert heading(response) == "This attempt ended before it was paid"
    assert "ask Amber Ales for a new one" in words(response)
    assert "<form" not in response.content.decode()


@pytest.fixture
def late(
    customer: Customer, new_link: NewLink, now: datetime, tenant: Tenant
) -> tuple[PaymentLink, Checkout]:
    """A link and a checkout whose money came after the link was switched off."""
    link = new_link()
    checkout = customer.open(link)
    with scope(tenant.pk):
        deactivate_link(link_id=link.pk, now=timezone.now() - timedelta(seconds=5))
    customer.pay(checkout, card=GOOD)
    customer.hear(now)
    return link, checkout


def test_late_payment_is_received_and_the_seller_will_say_more(
    late: tuple[PaymentLink, Checkout], phone: Client
) -> None:
    response = come_back(*late, phone)

    assert heading(response) == "We have received your payment"
    assert "It came after this link had ended." in words(response)
    assert "Amber Ales will contact you about it or send it back." in words(response)


@pytest.mark.parametrize(
    ("decide", "said"),
    [(keep_payment, "Thank you, this is paid"), (return_payment, "Your payment goes back to you")],
)
def test_decision_about_a_late_payment_is_told(
    customer: Customer,
    late: tuple[PaymentLink, Checkout],
    phone: Client,
    decide: Callable[..., Payment],
    said: str,
) -> None:
    payment = customer.payment(late[1])
    with scope(customer.tenant.pk):
        decide(payment_id=payment.pk, by=None, now=timezone.now())

    assert heading(come_back(*late, phone)) == said


def test_session_of_another_link_shows_nothing_of_it(
    customer: Customer, new_link: NewLink, now: datetime, phone: Client
) -> None:
    paid, other = new_link(title="Paid"), new_link(title="Other")
    checkout = customer.open(paid)
    customer.pay(checkout)
    customer.hear(now)

    response = come_back(other, checkout, phone)

    assert heading(response) == "Other"
    assert "Continue to payment" in words(response)


@pytest.mark.parametrize("session", ["\x00", "é", "x" * 5000])
def test_odd_session_shows_the_link_itself(
    customer: Customer, new_link: NewLink, phone: Client, session: str
) -> None:
    link = new_link()

    response = phone.get(reverse("pay_return", args=[link.token]), {"session": session})

    assert (response.status_code, heading(response)) == (200, "Deposit")
