"""Pressing the button leads to Stripe's page: once, and with words when it cannot."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from core.models import Tenant
from core.tenancy import scope
from payments.models import Checkout, PaymentLink, StripeAccount
from tests.payments.conftest import DECLINED, Customer
from tests.payments.pages.conftest import heading, words
from tests.stripe import Sandbox

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def press(link: PaymentLink, client: Client, **extra: str) -> HttpResponse:
    return client.post(reverse("pay", args=[link.token]), **extra)


def checkouts(tenant: Tenant) -> list[Checkout]:
    with scope(tenant.pk):
        return list(Checkout.objects.order_by("created_at"))


def test_button_leads_to_stripes_page(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    response = press(new_link(), phone)

    (checkout,) = checkouts(tenant)
    assert response.status_code == 303
    assert response["Location"] == checkout.session_url
    assert response["Location"].startswith(f"{customer.sandbox.base}/c/pay/cs_test_")
    assert (checkout.state, checkout.amount_minor, checkout.currency) == ("open", 12500, "EUR")


def test_second_press_of_the_same_browser_finds_the_same_checkout(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link(max_payments=None)
    phone.get(reverse("pay", args=[link.token]))

    first, second = press(link, phone), press(link, phone)

    assert first["Location"] == second["Location"]
    assert len(checkouts(tenant)) == 1


def test_browser_without_cookies_is_known_by_its_form(
    customer: Customer, new_link: NewLink, tenant: Tenant
) -> None:
    link = new_link(max_payments=None)
    form = {"visitor": "a" * 32}

    for _ in range(2):
        assert Client().post(reverse("pay", args=[link.token]), form).status_code == 303

    assert len(checkouts(tenant)) == 1


def test_cookie_of_another_shape_is_no_visitor(
    customer: Customer, new_link: NewLink, tenant: Tenant
) -> None:
    link = new_link(max_payments=None)

    for _ in range(2):
        client = Client()
        client.cookies["taproom_visitor"] = ""
        assert press(link, client).status_code == 303

    assert len(checkouts(tenant)) == 2


def test_two_browsers_share_the_one_checkout_of_a_link_for_one(
    customer: Customer, new_link: NewLink, tenant: Tenant
) -> None:
    link = new_link(max_payments=1)

    first, second = press(link, Client()), press(link, Client())

    assert first["Location"] == second["Location"]
    assert len(checkouts(tenant)) == 1


def test_forty_browsers_get_exactly_the_five_places_of_a_link(
    customer: Customer, new_link: NewLink, tenant: Tenant
) -> None:
    link = new_link(max_payments=5)

    def visit(number: int) -> int:
        try:
            return press(link, Client(REMOTE_ADDR=f"192.0.2.{number}")).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=40) as pool:
        answers = sorted(pool.map(visit, range(40)))

    assert answers == [303] * 5 + [503] * 35
    assert [checkout.state for checkout in checkouts(tenant)] == ["open"] * 5


def test_silent_stripe_keeps_the_attempt_for_the_next_press(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link(max_payments=3)
    customer.sandbox.control("POST", "faults", kind="error_before", path="/v1/checkout/sessions")
    down = press(link, phone)
    (kept,) = checkouts(tenant)
    customer.sandbox.control("DELETE", "faults")

    up = press(link, phone)

    assert (down.status_code, down["Retry-After"]) == (503, "5")
    assert "Nothing was charged and your attempt is kept" in words(down)
    assert kept.state == "created"
    assert up.status_code == 303
    assert [checkout.pk for checkout in checkouts(tenant)] == [kept.pk]


def test_lost_answer_leads_to_the_same_session(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link()
    customer.sandbox.control("POST", "faults", kind="lost_after", path="/v1/checkout/sessions")
    lost = press(link, phone)
    customer.sandbox.control("DELETE", "faults")

    found = press(link, phone)

    key = customer.account.secret_key
    sessions = customer.sandbox.stripe("GET", "checkout/sessions", key=key)["data"]
    assert lost.status_code == 503
    assert [session["url"] for session in sessions] == [found["Location"]]


def test_payment_that_stripe_refuses_sends_to_the_seller(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link()
    with scope(tenant.pk):
        PaymentLink.objects.filter(pk=link.pk).update(amount_minor=100_000_000_00)

    response = press(link, phone)

    assert (response.status_code, heading(response)) == (409, "This cannot be paid here")
    assert "Please contact Amber Ales" in words(response)
    (checkout,) = checkouts(tenant)
    assert (checkout.state, checkout.holds_slot) == ("failed", False)


def test_form_on_another_site_takes_no_place(
    account: StripeAccount, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    response = press(new_link(), phone, headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403
    assert "Another website sent you here. Nothing was charged." in words(response)
    assert checkouts(tenant) == []


def test_too_many_tries_from_one_address_have_to_wait(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link()
    for _ in range(30):
        assert press(link, phone).status_code == 303

    response = press(link, phone)
    elsewhere = press(link, Client(REMOTE_ADDR="192.0.2.7"))

    assert response.status_code == 429
    assert 1 <= int(response["Retry-After"]) <= 60
    assert "Too many tries in a short time. Nothing was charged." in words(response)
    assert elsewhere.status_code == 303


def test_customer_who_comes_back_reads_why_the_card_was_declined(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant, now: object
) -> None:
    link = new_link()
    press(link, phone)
    (checkout,) = checkouts(tenant)
    customer.pay(checkout, card=DECLINED)
    customer.hear(checkout.created_at)

    mine = phone.get(reverse("pay", args=[link.token]))
    other = Client().get(reverse("pay", args=[link.token]))

    said = "Your last try did not go through. Your bank or card company did not approve"
    assert said in words(mine)
    assert said not in words(other)


def test_visitor_is_kept_as_a_hash_only(
    customer: Customer, new_link: NewLink, tenant: Tenant, sandbox: Sandbox
) -> None:
    visitor = secrets.token_urlsafe(24)
    client = Client()
    client.cookies["taproom_visitor"] = visitor

    press(new_link(), client)

    (checkout,) = checkouts(tenant)
    assert len(checkout.visitor_hash) == 64
    assert visitor not in str(checkout.__dict__)
