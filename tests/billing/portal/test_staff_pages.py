"""Pages of staff: organizations, one of them, and its invoices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Organization
from billing.queries.organizations import statements_of
from billing.queries.statement import statement_of
from core.models import User
from core.tenancy import scope
from tests.billing.portal.world import World, make_world
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
LogIn = Callable[[User], Client]


def test_list_shows_what_each_owes_and_what_is_unpaid(
    world: World, other_world: World, admin: User, log_in: LogIn
) -> None:
    world.use("cpu", date(2026, 11, 3), "12000", app="web")
    world.invoice(date(2026, 9, 5), state="past_due")
    other_world.use("cpu", date(2026, 11, 3), "12000", app="web")

    page = words(log_in(admin).get("/billing/organizations/"))

    assert "1 organization " in page
    assert "Acme Örgryte AB acme €87.50 €12.50 1 invoice 1 past due" in page


def test_list_states_each_as_the_compile_does(world: World) -> None:
    second = make_world(world.tenant, "second", anchor_day=20, currency="USD")
    for one in (world, second):
        one.use("cpu", date(2026, 11, 3), "12000", app="web")
        one.use("cpu", date(2026, 10, 3), "999999", app="web")
    world.invoice(date(2026, 10, 5))
    world.item(500, date(2026, 8, 2))
    second.item(700, date(2026, 8, 2))
    with scope(world.tenant.pk):
        organizations = list(Organization.objects.order_by("code"))

        found = statements_of(organizations, now=world.now)

        assert found == {one.pk: statement_of(one, now=world.now) for one in organizations}


def test_list_takes_as_many_statements_for_thirty_as_for_one(
    world: World, admin: User, log_in: LogIn
) -> None:
    client = log_in(admin)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/billing/organizations/").status_code == 200
        return len(queries)

    world.invoice(date(2026, 10, 5))
    count()
    before = count()
    for number in range(29):
        make_world(world.tenant, f"more-{number}").invoice(date(2026, 10, 5))

    assert count() == before


def test_list_is_narrowed(world: World, admin: User, log_in: LogIn) -> None:
    client = log_in(admin)

    assert "Acme" in words(client.get("/billing/organizations/?text=acm"))
    assert "No organization fits" in words(client.get("/billing/organizations/?text=zzz"))
    assert client.get("/billing/organizations/?state=lost").status_code == 400
    assert client.get("/billing/organizations/?text=%00").status_code == 400


def test_organization_shows_all_and_gives_the_portal_its_address(
    world: World, admin: User, log_in: LogIn, phone: Client
) -> None:
    world.item(5000, date(2026, 11, 12))
    world.prepay(2000)
    client = log_in(admin)
    path = reverse("billing_organization", args=[world.organization.pk])

    client.post(f"{path}portal/")
    page = client.get(path)

    with scope(world.tenant.pk):
        world.organization.refresh_from_db()
    assert heading(page) == "Acme Örgryte AB"
    assert "Launch v3 · from 1 Aug 2026" in words(page)
    assert "12 Nov 2026 · Migration help · €50.00" in words(page)
    assert "Prepaid credit: €20.00" in words(page)
    address = f"/portal/{world.organization.portal_token}/"
    assert address in page.content.decode()
    assert phone.get(address).status_code == 200
    client.post(f"{path}portal/", {"roll": "1"})
    assert phone.get(address).status_code == 404


def test_invoice_shows_push_and_lines(world: World, admin: User, log_in: LogIn) -> None:
    invoice = world.invoice(date(2026, 10, 5), number="TAP-2")
    client = log_in(admin)
    path = reverse("billing_invoice", args=[invoice.pk])

    page = client.get(path)

    assert heading(page) == "Invoice TAP-2"
    assert "State At Stripe Invoice there in_" in words(page)
    assert "Compute CPU time" in words(page)
    assert client.get(f"/billing/invoices/{invoice.pk}.pdf").content.startswith(b"%PDF")
    assert client.get(f"/billing/invoices/{invoice.pk}.csv").status_code == 200


def test_rows_of_other_companies_are_not_found(
    world: World, other_world: World, admin: User, log_in: LogIn
) -> None:
    foreign = other_world.invoice(date(2026, 10, 5))
    client = log_in(admin)

    assert client.get(f"/billing/organizations/{other_world.organization.pk}/").status_code == 404
    assert (
        client.post(f"/billing/organizations/{other_world.organization.pk}/portal/").status_code
        == 404
    )
    for path in ("/", ".pdf", ".csv"):
        assert client.get(f"/billing/invoices/{foreign.pk}{path}").status_code == 404


def test_pages_want_a_login(world: World, phone: Client) -> None:
    answer = phone.get("/billing/organizations/")

    assert answer.status_code == 302
