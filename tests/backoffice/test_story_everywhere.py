"""The story of a person is the same from whatever row of theirs one looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.models import Tenant, User
from core.tenancy import scope
from payments.models import CardTry, Checkout, Payment
from payments.operations.links import make_link
from payments.operations.passage import email_mark
from subscriptions.models import RentPayment, Subscription
from tests.backoffice.conftest import logged_in
from tests.backoffice.customer import DAY, EMAIL, FIRST, Customer

pytestmark = pytest.mark.django_db

PAGES = (
    "payment",
    "club_member",
    "rent_case",
    "resident",
    "billing_organization",
    "admin:crm_lead_change",
    "admin:payments_payment_change",
    "admin:subscriptions_subscription_change",
    "admin:billing_organization_change",
)
SOME_OF_EACH = {
    "€75.00 paid",
    "Joined Ales",
    "Lease L-1 begins in Kleine Gasse 4: €900.00 a month",
    "Rent February 2026: €900.00 disputed",
    "Invoice INV-1 of €20.00 to Acme",
}


def row_of(page: str, customer: Customer) -> Any:
    """Return the row that the page is of, out of a customer's first ones."""
    model = page.split("_")[-2] if page.startswith("admin:") else page
    rows: dict[str, Any] = {
        "payment": Payment.objects.order_by("created_at", "pk"),
        "club_member": Subscription.objects.order_by("club__number"),
        "subscription": Subscription.objects.order_by("club__number"),
        "rent_case": RentPayment.objects.order_by("created_at", "pk"),
    }
    if model in rows:
        return rows[model].filter(tenant=customer.tenant)[0]
    return {"resident": customer.resident, "lead": customer.lead}.get(model, customer.organization)


def address_of(page: str, customer: Customer) -> str:
    with scope(customer.tenant.pk):
        return reverse(page, args=[row_of(page, customer).pk])


def told_on(pages: Client, page: str, customer: Customer, query: str = "?all=1") -> list[str]:
    answer = pages.get(address_of(page, customer) + query)
    assert answer.status_code == 200
    return [line.what for line in answer.context["story"].lines]


@pytest.fixture
def customer(tenant: Tenant) -> Iterator[Customer]:
    somebody = Customer(tenant)
    somebody.add()
    return somebody


@pytest.mark.parametrize("page", PAGES)
def test_each_page_tells_the_whole_story(
    page: str, customer: Customer, admin_pages: Client
) -> None:
    known = [line.what for line in customer.story()]

    told = told_on(admin_pages, page, customer)

    assert sorted(told) == sorted(known)
    assert set(told) >= SOME_OF_EACH


@pytest.mark.parametrize("page", PAGES)
def test_story_on_a_page_costs_the_same_for_one_row_and_for_thirty(
    page: str, customer: Customer, admin_pages: Client
) -> None:
    address = address_of(page, customer)
    admin_pages.get(address)
    with CaptureQueriesContext(connection) as for_one:
        admin_pages.get(address)
    for _ in range(29):
        customer.add()

    with CaptureQueriesContext(connection) as for_many:
        answer = admin_pages.get(address)

    assert answer.context["story"].has_more
    assert len(for_many) == len(for_one)


@pytest.mark.parametrize("page", PAGES)
def test_story_holds_nothing_of_the_same_person_at_another_company(
    page: str, customer: Customer, other_tenant: Tenant, admin_pages: Client
) -> None:
    before = told_on(admin_pages, page, customer)
    Customer(other_tenant).add()

    assert told_on(admin_pages, page, customer) == before


def test_story_is_short_until_all_is_asked_for(customer: Customer, admin_pages: Client) -> None:
    for _ in range(5):
        customer.add()

    short = told_on(admin_pages, "billing_organization", customer, "")
    whole = told_on(admin_pages, "billing_organization", customer)

    assert len(short) == 30
    assert whole[:30] == short
    assert len(whole) == len(customer.story())


def test_counselor_reads_no_lead_of_somebody_else_in_the_story(
    customer: Customer, counselor_pages: Client
) -> None:
    told = told_on(counselor_pages, "club_member", customer)

    assert "Added" not in told
    assert "Joined Ales" in told


def test_what_was_paid_by_link_is_found_by_the_payers_mail(
    customer: Customer, admin: User, admin_pages: Client
) -> None:
    with scope(customer.tenant.pk):
        link = make_link(by=admin, now=FIRST, title="A case", amount_minor=1900, currency="EUR")
        checkout = Checkout.objects.create(
            tenant=customer.tenant, kind="link", subject_id=link.pk, link=link, title="A case",
            account=customer.account, amount_minor=1900, currency="EUR", state="succeeded",
            session_expires_at=FIRST + DAY, stripe_session_id="cs_case",
        )  # fmt: skip
        payment = Payment.objects.create(
            tenant=customer.tenant, checkout=checkout, link=link, amount_minor=1900,
            currency="EUR", state="succeeded", paid_at=FIRST, payer={"email": EMAIL.upper()},
        )  # fmt: skip
        CardTry.objects.create(
            tenant=customer.tenant, checkout=checkout, stripe_charge_id="ch_case", is_paid=True,
            email_mark=email_mark(EMAIL.upper()), made_at=FIRST,
        )  # fmt: skip

    from_lead = told_on(admin_pages, "admin:crm_lead_change", customer)
    answer = admin_pages.get(reverse("payment", args=[payment.pk]), {"all": 1})

    assert from_lead.count("€19.00 paid") == 1
    assert [line.what for line in answer.context["story"].lines] == from_lead


def test_logged_out_people_read_no_story(customer: Customer, other_admin: User) -> None:
    address = address_of("club_member", customer)

    assert Client().get(address).status_code == 302
    assert logged_in(other_admin).get(address).status_code == 404
