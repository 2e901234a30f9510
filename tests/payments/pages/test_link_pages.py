"""Staff make, edit, find and switch off payment links."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from payments.models import PaymentLink, StripeAccount
from payments.operations.links import deactivate_link, make_link
from tests.payments.conftest import Customer
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
LogIn = Callable[[User], Client]


def typed(**fields: str) -> dict[str, str]:
    return {
        "title": "Deposit",
        "amount": "125.00",
        "currency": "EUR",
        "limit": "one",
        **fields,
    }


def all_links(tenant: Tenant) -> list[PaymentLink]:
    with scope(tenant.pk):
        return list(PaymentLink.objects.all())


@pytest.mark.parametrize("name", ["links", "link_new", "payments", "payments_worklist"])
def test_pages_ask_strangers_to_log_in(tenant: Tenant, name: str) -> None:
    response = Client().get(reverse(name))

    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={reverse(name)}"


def test_counselor_makes_a_link(counselor: User, log_in: LogIn, tenant: Tenant) -> None:
    form = typed(
        description="Tasting room\r\nfirst floor",
        reference="2026-0412",
        expires_at="2030-07-01T18:00",
        limit="several",
        max_payments="5",
        after_payment_message="Bring a coat.",
    )

    response = log_in(counselor).post(reverse("link_new"), form)

    (link,) = all_links(tenant)
    assert (response.status_code, response["Location"]) == (302, reverse("link", args=[link.pk]))
    assert (link.title, link.amount_minor, link.currency) == ("Deposit", 12500, "EUR")
    assert link.description == "Tasting room\r\nfirst floor"
    assert link.expires_at == datetime(2030, 7, 1, 16, 0, tzinfo=UTC)  # 18:00 in Amsterdam
    assert (link.max_payments, link.reference) == (5, "2026-0412")
    assert link.created_by_id == counselor.pk


def test_new_form_offers_the_companys_currency(admin: User, log_in: LogIn) -> None:
    page = log_in(admin).get(reverse("link_new")).content.decode()

    assert '<option value="EUR" selected>EUR</option>' in page


@pytest.mark.parametrize(
    ("field", "value", "more", "said"),
    [
        ("amount", "12,50", {}, "'12,50' is not an amount: use digits and at most one point"),
        ("amount", "12.505", {}, "Amounts in EUR have at most 2 decimals."),
        ("amount", "0.10", {}, "the smallest charge is"),
        ("amount", "", {}, "This field is required."),
        ("title", " ", {}, "This field is required."),
        ("expires_at", "2020-01-01T00:00", {}, "The link would be over already."),
        ("expires_at", "tomorrow", {}, "Enter a valid date/time."),
        ("max_payments", "", {"limit": "several"}, "Say how often it can be paid."),
        ("max_payments", "0", {"limit": "several"}, "greater than or equal to 1"),
        ("redirect_url", "https://evil.example/", {}, "at a host on your list of allowed hosts"),
    ],
)
def test_wrong_field_is_told_at_the_field(
    admin: User, log_in: LogIn, tenant: Tenant, *, field: str, value: str, more: Any, said: str
) -> None:
    form = typed(**more, **{field: value})

    response = log_in(admin).post(reverse("link_new"), form)

    body = response.content.decode()
    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert said in response.context["form"].errors[field][0]
    described = f'id_{field}_error"'
    assert f'id="{described}' in body
    assert 'aria-invalid="true"' in body
    assert f"{described}" in body.split(f'name="{field}"', 1)[1].split(">", 1)[0]
    assert all_links(tenant) == []


def test_what_was_typed_stays_after_an_error(admin: User, log_in: LogIn) -> None:
    response = log_in(admin).post(reverse("link_new"), typed(amount="x", reference="2026-0412"))

    assert 'value="2026-0412"' in response.content.decode()


def test_edit_changes_only_what_was_edited(
    admin: User, log_in: LogIn, new_link: NewLink, tenant: Tenant
) -> None:
    exact = timezone.now() + timedelta(days=30, seconds=17)
    link = new_link(expires_at=exact, reference="A")
    client = log_in(admin)
    page = client.get(reverse("link_edit", args=[link.pk]))
    shown = re.search(r'name="expires_at" value="([^"]+)"', page.content.decode())
    assert shown is not None
    form = typed(expires_at=shown[1], reference="A", seen_version="1")

    response = client.post(reverse("link_edit", args=[link.pk]), {**form, "amount": "130.00"})

    (edited,) = all_links(tenant)
    assert response.status_code == 302
    assert (edited.amount_minor, edited.expires_at, edited.reference) == (13000, exact, "A")
    assert edited.version == 2
    assert "Edited: amount" in words(client.get(reverse("link", args=[link.pk])))


def test_edit_based_on_an_older_version_is_told_so(
    admin: User, log_in: LogIn, new_link: NewLink, tenant: Tenant
) -> None:
    link = new_link()
    client = log_in(admin)
    first, second = (typed(amount=amount, seen_version="1") for amount in ("130.00", "140.00"))
    client.post(reverse("link_edit", args=[link.pk]), first)

    response = client.post(reverse("link_edit", args=[link.pk]), second)

    assert response.status_code == 409
    assert "Somebody else edited this link while you did" in words(response)
    assert all_links(tenant)[0].amount_minor == 13000


def test_edit_of_a_paid_link_stands_in_its_history(
    customer: Customer, new_link: NewLink, now: datetime, admin: User, log_in: LogIn
) -> None:
    link = new_link(max_payments=None)
    customer.pay(customer.open(link))
    customer.hear(now)
    client = log_in(admin)

    form = client.get(reverse("link_edit", args=[link.pk]))
    said = typed(amount="130.00", seen_version="1", limit="unlimited")
    response = client.post(reverse("link_edit", args=[link.pk]), said, follow=True)

    assert "They keep what it said when they were made" in words(form)
    assert customer.reload(link).amount_minor == 13000
    assert "changed: amount" in words(response)
    assert "Version 1" in words(response)


def test_switching_off_and_on_needs_a_post_and_is_kept(
    counselor: User, log_in: LogIn, new_link: NewLink, tenant: Tenant
) -> None:
    link = new_link()
    client = log_in(counselor)

    assert client.get(reverse("link_switch_off", args=[link.pk])).status_code == 405
    off = client.post(reverse("link_switch_off", args=[link.pk]), follow=True)
    (switched_off,) = all_links(tenant)
    on = client.post(reverse("link_switch_on", args=[link.pk]), follow=True)

    assert switched_off.deactivated_at is not None
    assert "Switched off" in words(off)
    assert all_links(tenant)[0].deactivated_at is None
    assert "Cem Counselor" in words(on)


def test_link_page_shows_address_tries_and_payments(
    customer: Customer, new_link: NewLink, now: datetime, counselor: User, log_in: LogIn
) -> None:
    link = new_link(max_payments=5, title="<i>Tour</i>")
    customer.pay(customer.open(link, "a"), name="Eva Smit", email="eva@example.com")
    customer.pay(customer.open(link, "b"), card="4000000000009995")
    customer.hear(now)

    response = log_in(counselor).get(reverse("link", args=[link.pk]))

    text = words(response)
    assert heading(response) == "<i>Tour</i>"
    assert f'value="{link.url}"' in response.content.decode()
    assert "Paid 1 of 5" in text
    assert "Eva Smit eva@example.com" in text
    assert "Declined: Your card has insufficient funds." in text
    assert "€125.00 paid" in text
    assert "Refund" not in text


def test_list_shows_newest_first_and_narrows_by_the_address(
    admin: User, log_in: LogIn, new_link: NewLink, account: StripeAccount, tenant: Tenant
) -> None:
    new_link(title="Tour", reference="2026-0412")
    new_link(title="Keg", amount_minor=5000, currency="USD")
    off = new_link(title="Party")
    with scope(tenant.pk):
        deactivate_link(link_id=off.pk, now=timezone.now())
    client = log_in(admin)

    def titles(**query: str) -> list[str]:
        rows = client.get(reverse("links"), query).context["rows"]
        return [link.title for link, _ in rows]

    assert titles() == ["Party", "Keg", "Tour"]
    assert titles(status="active") == ["Keg", "Tour"]
    assert titles(status="deactivated") == ["Party"]
    assert titles(currency="USD") == ["Keg"]
    assert titles(text="0412") == ["Tour"]
    assert titles(text="TOUR", status="deactivated") == []


def test_list_says_how_often_and_keeps_whole_addresses_to_copy(
    admin: User, log_in: LogIn, new_link: NewLink
) -> None:
    links = [new_link(), new_link(max_payments=None)]

    page = log_in(admin).get(reverse("links"))

    text, body = words(page), page.content.decode()
    assert ("0 of 1" in text, "0, no limit" in text) == (True, True)
    for link in links:
        assert f'<bdi id="url-{link.pk}">{link.url}</bdi>' in body
        assert f'data-copy="url-{link.pk}" aria-label="Copy the address of {link.title}"' in body


def test_narrowed_list_offers_all_of_it_with_its_results(
    admin: User, log_in: LogIn, new_link: NewLink
) -> None:
    new_link()
    client = log_in(admin)

    assert "1 link · Show all" in words(client.get(reverse("links"), {"currency": "EUR"}))
    assert "Show all" not in words(client.get(reverse("links")))


def test_unknown_filter_is_told_at_its_field(admin: User, log_in: LogIn, new_link: NewLink) -> None:
    new_link()

    response = log_in(admin).get(reverse("links"), {"status": "lost"})

    assert response.status_code == 400
    assert "The filter cannot be read." in words(response)
    assert 'id="id_status_error"' in response.content.decode()


def test_list_costs_the_same_for_one_and_thirty_links(
    admin: User, log_in: LogIn, new_link: NewLink, tenant: Tenant, now: datetime
) -> None:
    new_link()
    client = log_in(admin)

    def queries_of_list() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("links")).status_code == 200
        return len(queries)

    one = queries_of_list()
    with scope(tenant.pk):
        for number in range(29):
            make_link(by=admin, now=now, title=f"Link {number}", amount_minor=5000, currency="EUR")

    assert queries_of_list() == one


def test_pages_of_the_list_keep_the_filter(admin: User, log_in: LogIn, new_link: NewLink) -> None:
    for _ in range(31):
        new_link()

    page = log_in(admin).get(reverse("links"), {"currency": "EUR"})

    assert "31 links" in words(page)
    assert 'href="?currency=EUR&amp;page=2"' in page.content.decode()


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("link", "get"), ("link_edit", "get"), ("link_edit", "post"), ("link_poster", "get"),
        ("link_switch_off", "post"), ("link_switch_on", "post"),
    ],
)  # fmt: skip
def test_another_companys_link_does_not_exist(
    other_admin: User, log_in: LogIn, new_link: NewLink, tenant: Tenant, *, name: str, method: str
) -> None:
    link = new_link()

    response = getattr(log_in(other_admin), method)(reverse(name, args=[link.pk]))

    assert response.status_code == 404
    assert all_links(tenant)[0].version == 1


def test_another_companys_links_are_not_listed(
    other_admin: User, log_in: LogIn, new_link: NewLink
) -> None:
    new_link()

    assert "There are no payment links yet." in words(log_in(other_admin).get(reverse("links")))


def test_company_without_stripe_is_warned_before_it_sends_links(
    admin: User, log_in: LogIn, new_link: NewLink
) -> None:
    link = new_link()

    for path in (reverse("links"), reverse("link", args=[link.pk])):
        assert "Customers cannot pay yet." in words(log_in(admin).get(path))


def test_poster_holds_code_and_address(admin: User, log_in: LogIn, new_link: NewLink) -> None:
    link = new_link()

    response = log_in(admin).get(reverse("link_poster", args=[link.pk]))

    assert link.url in words(response)
    assert f'src="{reverse("pay_qr", args=[link.token])}"' in response.content.decode()
