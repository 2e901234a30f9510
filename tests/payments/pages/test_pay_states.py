"""The public page says what a link is at this moment, in words and by its status code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from core.models import Tenant
from core.tenancy import scope
from payments.models import Checkout, PaymentLink, StripeAccount
from payments.operations.links import deactivate_link
from tests.payments.conftest import Customer
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]

CHRISTMAS = datetime(2026, 12, 24, 17, 0, tzinfo=UTC)


def address(link: PaymentLink) -> str:
    return reverse("pay", args=[link.token])


def test_open_link_shows_what_how_much_who_and_until_when(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    link = new_link(
        title="Deposit",
        description="Tasting room\nfirst floor",
        reference="2026-0412",
        expires_at=CHRISTMAS,
    )

    with time_machine.travel(CHRISTMAS - timedelta(days=1)):
        response = phone.get(address(link))

    assert (response.status_code, heading(response)) == (200, "Deposit")
    text = words(response)
    assert "Amber Ales asks you for €125.00" in text
    assert "For Tasting room first floor Reference 2026-0412" in text
    assert "Payable until 24 Dec 2026, 18:00 CET (Amsterdam time)" in text
    assert "Tasting room<br>first floor" in response.content.decode()
    assert "Test mode. No real money moves" in text


def test_real_money_is_not_called_a_test(
    new_link: NewLink, account: StripeAccount, phone: Client, settings: object
) -> None:
    settings.STRIPE_LIVE_MODE = True  # type: ignore[attr-defined]

    text = words(phone.get(address(new_link())))

    assert "Test mode" not in text


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("de-AT,de;q=0.8", "€\xa0125,00"),
        ("nl", "€\xa0125,00"),
        ("xx, *", "€125.00"),
        ("", "€125.00"),
    ],
)
def test_amount_follows_the_browsers_language(
    new_link: NewLink, account: StripeAccount, phone: Client, language: str, shown: str
) -> None:
    response = phone.get(address(new_link()), headers={"Accept-Language": language})

    assert f'<p class="amount">{shown}</p>' in response.content.decode()


def test_markup_in_a_title_is_shown_as_text(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    link = new_link(title="<b>Bold</b> & brave", description="<script>alert(1)</script>")

    response = phone.get(address(link))

    assert heading(response) == "<b>Bold</b> & brave"
    body = response.content.decode()
    assert "<h1>&lt;b&gt;Bold&lt;/b&gt; &amp; brave</h1>" in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


@pytest.mark.parametrize("name", ["pay", "pay_return", "pay_qr"])
def test_unknown_token_is_told_so(tenant: Tenant, phone: Client, name: str) -> None:
    response = phone.get(reverse(name, args=["A" * 32]))

    assert response.status_code == 404
    assert heading(response) == "There is no payment link at this address"


def test_link_of_a_company_that_is_switched_off_is_unknown(
    new_link: NewLink, account: StripeAccount, phone: Client, tenant: Tenant
) -> None:
    link = new_link()
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)

    assert phone.get(address(link)).status_code == 404
    assert phone.post(address(link)).status_code == 404


def test_link_that_is_not_open_yet_says_when(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    link = new_link(starts_at=CHRISTMAS)

    with time_machine.travel(CHRISTMAS - timedelta(seconds=1)):
        response = phone.get(address(link))

    assert (response.status_code, heading(response)) == (200, "This cannot be paid yet")
    assert "from 24 Dec 2026, 18:00 CET (Amsterdam time)" in words(response)


def test_expired_link_is_gone(new_link: NewLink, account: StripeAccount, phone: Client) -> None:
    link = new_link(expires_at=CHRISTMAS)

    with time_machine.travel(CHRISTMAS):
        looked, pressed = phone.get(address(link)), phone.post(address(link))

    for response in (looked, pressed):
        assert (response.status_code, heading(response)) == (410, "This payment link has expired")
        assert "until 24 Dec 2026, 18:00 CET (Amsterdam time). Nothing was charged." in words(
            response
        )
        assert "ask Amber Ales for a new link" in words(response)


def test_switched_off_link_is_gone(
    new_link: NewLink, account: StripeAccount, phone: Client, tenant: Tenant, now: datetime
) -> None:
    link = new_link()
    with scope(tenant.pk):
        deactivate_link(link_id=link.pk, now=now)

    response = phone.get(address(link))

    assert response.status_code == 410
    assert heading(response) == "This payment link is switched off"


def test_paid_link_says_thank_you_with_the_sellers_words(
    customer: Customer, new_link: NewLink, now: datetime, phone: Client
) -> None:
    link = new_link(after_payment_message="Bring a coat.")
    customer.pay(customer.open(link))
    customer.hear(now)

    response = phone.get(address(link))

    assert (response.status_code, heading(response)) == (200, "This is paid")
    assert "Bring a coat." in words(response)


def test_link_whose_places_are_all_paid_is_gone(
    customer: Customer, new_link: NewLink, now: datetime, phone: Client
) -> None:
    link = new_link(max_payments=2)
    for visitor in ("a", "b"):
        customer.pay(customer.open(link, visitor=visitor))
    customer.hear(now)

    response = phone.get(address(link))

    assert (response.status_code, heading(response)) == (410, "All places are taken")
    assert "took 2 payments" in words(response)


def test_busy_link_says_when_to_come_back(
    customer: Customer, new_link: NewLink, phone: Client
) -> None:
    link = new_link(max_payments=2)
    first = customer.open(link, visitor="a")
    customer.open(link, visitor="b")

    for response in (phone.get(address(link)), phone.post(address(link))):
        assert response.status_code == 503
        assert heading(response) == "Every place is being paid for right now"
        assert "Nothing was charged to you." in words(response)
        assert "at the latest at" in words(response)
        assert 2400 < int(response["Retry-After"]) <= 2700
    assert first.state == Checkout.State.OPEN


def test_bank_debit_on_its_way_asks_not_to_pay_again(
    customer: Customer, new_link: NewLink, now: datetime, phone: Client
) -> None:
    link = new_link()
    customer.pay(customer.open(link), account="succeeds")
    customer.hear(now)

    for response in (phone.get(address(link)), phone.post(address(link))):
        assert (response.status_code, heading(response)) == (200, "A payment is on its way")
        assert "please do not pay a second time" in words(response)


def test_company_without_a_stripe_account_is_told_of(new_link: NewLink, phone: Client) -> None:
    link = new_link()

    for response in (phone.get(address(link)), phone.post(address(link))):
        assert response.status_code == 503
        assert heading(response) == "Amber Ales cannot take payments right now"
        assert response["Retry-After"] == "300"


def test_address_works_without_its_final_slash(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    assert phone.get(address(new_link()).rstrip("/")).status_code == 200
