"""The pay page asks for what the link leaves open: without scripts, and trusting nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import Tenant
from core.tenancy import scope
from payments.models import Checkout, FraudRule, PaymentLink, StripeAccount
from payments.operations.fraud_rules import make_default_rules
from payments.operations.links import edit_link
from tests.payments.conftest import Customer
from tests.payments.offers import ITEMS, OTHER, QUESTIONS, start
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def pay(link: PaymentLink, client: Client, **typed: str) -> HttpResponse:
    return client.post(reverse("pay", args=[link.token]), typed)


def look(link: PaymentLink, client: Client, query: str = "") -> HttpResponse:
    return client.get(reverse("pay", args=[link.token]) + query)


def checkouts(tenant: Tenant) -> list[Checkout]:
    with scope(tenant.pk):
        return list(Checkout.objects.order_by("created_at"))


@pytest.fixture
def gift(new_link: NewLink) -> PaymentLink:
    """A link whose customer chooses from 5.00 to 50.00 EUR."""
    return new_link(
        amount_minor=None, pricing="chosen", min_amount_minor=500, max_amount_minor=5000
    )


def test_typed_amount_leads_to_stripe(
    customer: Customer, gift: PaymentLink, phone: Client, tenant: Tenant
) -> None:
    response = pay(gift, phone, amount="12.50", seen_version="1")

    (checkout,) = checkouts(tenant)
    assert (response.status_code, response["Location"]) == (303, checkout.session_url)
    assert checkout.amount_minor == 1250


def test_wrong_amount_is_told_at_its_field_and_kept(
    customer: Customer, gift: PaymentLink, phone: Client, tenant: Tenant
) -> None:
    response = pay(gift, phone, amount='50.01"><b>')

    body = response.content.decode()
    assert (response.status_code, checkouts(tenant)) == (400, [])
    assert 'value="50.01&quot;&gt;&lt;b&gt;"' in body
    assert 'aria-describedby="hint_amount error_amount" aria-invalid="true"' in body
    assert "Nothing was charged." in words(response)


def test_address_and_foreign_fields_set_no_amount(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    fixed = new_link()
    url = reverse("pay", args=[fixed.token]) + "?amount=1&amount_minor=1&currency=JPY"

    response = phone.post(url, {"amount": "0.50", "amount_minor": "50", "quantity_0": "0"})

    (checkout,) = checkouts(tenant)
    assert response.status_code == 303
    assert (checkout.amount_minor, checkout.currency) == (12500, "EUR")


def test_price_of_an_item_cannot_be_sent(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link(amount_minor=None, pricing="items", items=ITEMS)

    pay(link, phone, quantity_0="3", quantity_1="50", unit_amount_minor_0="1", items="[]")

    (checkout,) = checkouts(tenant)
    assert checkout.amount_minor == 3 * 1850 + 500
    assert [line["quantity"] for line in checkout.items] == [3, 1]


def test_page_asks_questions_and_terms(
    account: StripeAccount, new_link: NewLink, phone: Client
) -> None:
    link = new_link(
        custom_fields=QUESTIONS, terms_text="I agree", terms_url="https://example.com/t"
    )

    response = look(link, phone)

    body = response.content.decode()
    assert 'name="answer_t_shirt_size" required' in body
    assert 'name="agree" value="yes" required' in body
    assert 'href="https://example.com/t"' in body
    assert "<script" not in body.partition("<body")[2]


def test_missing_consent_keeps_what_was_answered(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link(custom_fields=QUESTIONS, terms_text="I agree")

    refused = pay(link, phone, answer_t_shirt_size="M", answer_guests="4")
    taken = pay(link, phone, answer_t_shirt_size="M", answer_guests="4", agree="yes")

    assert (refused.status_code, taken.status_code) == (400, 303)
    assert "<option selected>M</option>" in refused.content.decode()
    (checkout,) = checkouts(tenant)
    assert [answer["value"] for answer in checkout.answers] == ["M", "4"]
    assert checkout.consented_at is not None


@pytest.mark.parametrize(
    "typed", ["", "\0", "\ud800x", "\uff19\uff19", "1" * 5000, "12,5,0", "\u202e12"]
)
def test_odd_text_is_refused_in_words(
    customer: Customer, gift: PaymentLink, phone: Client, typed: str
) -> None:
    body = ("amount=" + typed).encode(errors="surrogatepass")

    response = phone.generic(
        "POST",
        reverse("pay", args=[gift.token]),
        body,
        content_type="application/x-www-form-urlencoded",
    )

    assert response.status_code == 400
    assert heading(response) == "Deposit"


@pytest.mark.parametrize("version", ["", "x", "99999999999999999999", "-1", "٣"])
def test_odd_version_of_the_page_is_as_good_as_none(
    customer: Customer, new_link: NewLink, phone: Client, version: str
) -> None:
    assert pay(new_link(), phone, seen_version=version).status_code == 303


def test_page_that_was_opened_before_an_edit_is_shown_anew(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link()
    with scope(tenant.pk):
        edit_link(
            link_id=link.pk, changes={"amount_minor": 15000}, version=None, by=None,
            now=timezone.now(),
        )  # fmt: skip

    old = pay(link, phone, seen_version="1")
    new = pay(link, phone, seen_version="2")

    assert (old.status_code, new.status_code) == (409, 303)
    assert "has changed this since you opened it. Nothing was charged." in words(old)
    assert "€150.00" in words(old)
    assert [checkout.amount_minor for checkout in checkouts(tenant)] == [15000]


def test_page_of_parts_says_what_remains(
    customer: Customer, new_link: NewLink, phone: Client, now: datetime
) -> None:
    link = new_link(pricing="parts", amount_minor=30000, expires_at=now + timedelta(days=1))
    customer.pay(start(customer, link, OTHER, amount="100"))
    customer.hear(now)

    open_page = look(link, phone)
    with scope(customer.tenant.pk):
        PaymentLink.objects.update(expires_at=now)
    ended = look(link, phone)

    assert "€100.00 is paid; €200.00 remains." in words(open_page)
    assert 'value="200.00"' in open_page.content.decode()
    assert ended.status_code == 410
    assert "The €100.00 that came before is on record." in words(ended)


def test_page_of_parts_that_are_all_being_paid_is_busy(
    customer: Customer, new_link: NewLink, phone: Client
) -> None:
    link = new_link(pricing="parts", amount_minor=30000)
    start(customer, link, OTHER, amount="300")

    response = look(link, phone)

    assert response.status_code == 503
    assert "All that is left is being paid at this moment." in words(response)


def test_customer_of_a_part_may_come_back_to_it(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link(pricing="parts", amount_minor=30000)
    first = pay(link, phone, amount="300")

    page = look(link, phone)
    again = pay(link, phone, amount="300")

    assert page.status_code == 200
    assert again["Location"] == first["Location"]


def test_paid_page_shows_what_was_paid_whatever_was_edited_later(
    customer: Customer, new_link: NewLink, phone: Client, now: datetime
) -> None:
    link = new_link()
    checkout = start(customer, link)
    customer.pay(checkout)
    customer.hear(now)
    with scope(customer.tenant.pk):
        edit_link(
            link_id=link.pk, changes={"amount_minor": 99900, "title": "Other"}, version=None,
            by=None, now=now,
        )  # fmt: skip

    paid = look(link, phone)
    back = phone.get(
        reverse("pay_return", args=[link.token]), {"session": checkout.stripe_session_id}
    )

    for page in (paid, back):
        assert "€125.00" in words(page)
        assert "Deposit" in words(page)
        assert "€999.00" not in words(page)


def test_day_it_opens_is_told_in_the_companys_zone(
    account: StripeAccount, new_link: NewLink, phone: Client
) -> None:
    opens = datetime.fromisoformat("2031-01-01T23:30:00+00:00")
    link = new_link(amount_minor=None, pricing="chosen", starts_at=opens)

    response = look(link, phone)

    assert "from 2 Jan 2031, 00:30 CET" in words(response)
    assert 'name="amount"' not in response.content.decode()


def test_choosing_anew_while_stripe_is_silent_keeps_the_first_choice(
    customer: Customer, gift: PaymentLink, phone: Client, tenant: Tenant
) -> None:
    first = pay(gift, phone, amount="20")
    customer.sandbox.control("POST", "faults", kind="error_before")

    silent = pay(gift, phone, amount="30")
    customer.sandbox.control("DELETE", "faults")
    back = pay(gift, phone, amount="20")

    assert (first.status_code, silent.status_code) == (303, 503)
    assert back["Location"] == first["Location"]
    assert [checkout.amount_minor for checkout in checkouts(tenant)] == [2000]


def test_page_of_a_choice_takes_few_queries(
    customer: Customer, gift: PaymentLink, new_link: NewLink, django_assert_max_num_queries: Any
) -> None:
    simple = new_link(max_payments=None)

    with django_assert_max_num_queries(50) as plain:
        look(simple, Client())
    with django_assert_max_num_queries(50) as asking:
        look(gift, Client())

    assert len(asking) == len(plain)


# --- rules about amounts ------------------------------------------------------------------------


def check_below(tenant: Tenant, most: int) -> None:
    with scope(tenant.pk):
        make_default_rules()
        FraudRule.objects.filter(counts="amount_below").update(is_on=True, most=most)


@pytest.mark.parametrize(
    ("offer", "name", "typed"),
    [
        (
            {"amount_minor": None, "pricing": "chosen", "preset_amount_minor": 2000},
            *("amount", ("9,99", "10")),
        ),
        (
            {"amount_minor": 30000, "pricing": "parts", "min_part_minor": 100},
            *("amount", ("9.99", "10.00")),
        ),
        (
            {"amount_minor": None, "pricing": "items", "items": ITEMS},
            *("quantity_0", ("0", "1")),
        ),
    ],
)
def test_rules_judge_the_amount_that_was_chosen(
    customer: Customer, new_link: NewLink, offer: dict[str, Any], name: str, typed: tuple[str, str]
) -> None:
    check_below(customer.tenant, 1000)
    link = new_link(**offer)

    answers = [pay(link, Client(), **{name: text}) for text in typed]

    assert [one.status_code for one in answers] == [429, 303]
    assert len(checkouts(customer.tenant)) == 1


@pytest.mark.parametrize("amount", ["", "x", "9" * 40, "1e3", "\0", "-5", "4.99", "\u0665"])
def test_amount_that_cannot_be_read_is_told_at_its_field_under_rules_too(
    customer: Customer, gift: PaymentLink, phone: Client, tenant: Tenant, amount: str
) -> None:
    check_below(tenant, 1000)

    response = pay(gift, phone, amount=amount)

    assert (response.status_code, checkouts(tenant)) == (400, [])
    assert 'aria-describedby="hint_amount error_amount"' in response.content.decode()


def totals(response: HttpResponse) -> list[str]:
    body = response.content.decode()
    return [
        re.sub(r"<[^>]+>", "", found).replace("\xa0", " ")
        for found in re.findall(r'<(?:div|strong) class="line-total".*?</(?:div|strong)>', body)
    ]


def test_button_reckons_the_total_without_beginning_to_pay(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant
) -> None:
    link = new_link(
        amount_minor=None, pricing="items", items=ITEMS, custom_fields=QUESTIONS,
        terms_text="I agree",
    )  # fmt: skip
    first = look(link, phone)

    updated = pay(link, phone, update="total", quantity_0="3", answer_guests="2", agree="yes")

    assert totals(first) == ["€37.00", "€5.00", "€42.00"]
    assert (updated.status_code, totals(updated)) == (200, ["€55.50", "€5.00", "€60.50"])
    assert checkouts(tenant) == []
    body = updated.content.decode()
    assert 'name="answer_guests" value="2"' in body
    assert 'name="agree" value="yes" required checked' in body
    assert 'role="alert"' not in body


@pytest.mark.parametrize("typed", ["", "-1", "11", "1.5", "٣", "9" * 900, "<b>", "1e3"])
def test_number_that_cannot_be_bought_has_no_total(
    customer: Customer, new_link: NewLink, phone: Client, tenant: Tenant, typed: str
) -> None:
    link = new_link(amount_minor=None, pricing="items", items=ITEMS)

    response = pay(link, phone, update="total", quantity_0=typed)

    assert (response.status_code, totals(response)) == (200, ["\u2013", "€5.00", "\u2013"])
    assert checkouts(tenant) == []
