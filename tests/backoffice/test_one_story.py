"""A person whom all five apps know has one story, in order, and one search finds all of it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import InvoiceStanding, Organization, Push
from core.backoffice.search import search
from core.backoffice.timelines import timeline_of_person
from core.backoffice.worklists import waiting_work
from core.encryption import email_key
from core.models import Tenant, User, WebhookEndpoint
from core.tenancy import scope
from crm.operations.leads import create_lead
from crm.operations.timeline import Actor
from crm.queries.lead_timeline import person_of
from payments.models import Payment
from subscriptions.models import (
    Case,
    FraudWarning,
    RentDispute,
    RentPayment,
    Resident,
)
from tests.backoffice.conftest import logged_in
from tests.backoffice.customer import CUSTOMER, EMAIL, FIRST, Customer
from tests.subscriptions.outside import as_owner

pytestmark = pytest.mark.django_db

TOLD = [
    "€75.00 paid",
    "Joined Ales",
    "Ales: order of January 2026 charged",
    "Ales: March 2026 skipped",
    "Ales: paused",
    "Ales: cancelled",
    "Lease L-1 begins in Kleine Gasse 4: €900.00 a month",
    "Rent February 2026: €900.00 paid",
    "Rent February 2026: €900.00 disputed",
    "Rent February 2026: case opened",
    "Rent February 2026: dispute lost",
    "Rent February 2026: case closed",
    "Invoice INV-1 of €20.00 to Acme",
    "Invoice INV-1 past due",
    "Invoice INV-1: €20.00 paid",
]


def test_person_known_to_all_apps_has_one_story_in_order(tenant: Tenant) -> None:
    customer = Customer(tenant)
    customer.add()

    story = customer.story()

    told = [one.what for one in reversed(story)]
    assert [what for what in told if what in TOLD] == TOLD
    assert {
        "Credit note CN-1 of €5.00 for invoice INV-1",
        "Prepaid credit of Acme: €50.00 paid ahead",
        "Lease L-1 ends in Kleine Gasse 4",
    } <= set(told)
    assert [one.when for one in story] == sorted((one.when for one in story), reverse=True)


def test_every_line_of_the_story_leads_to_a_page(tenant: Tenant, admin: User) -> None:
    customer = Customer(tenant)
    customer.add()
    pages = logged_in(admin)

    links = {one.link for one in customer.story() if one.link}
    page = pages.get(reverse("lead", args=[customer.lead.pk]), {"all": 1}).content.decode()

    assert {link: pages.get(link, follow=True).status_code for link in links} == dict.fromkeys(
        links, 200
    )
    assert [what for what in TOLD if what not in page] == []


def test_story_holds_nothing_of_another_company_or_person(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    Customer(other_tenant).add()
    Customer(tenant, "somebody@example.com", "somebody").add()
    with scope(tenant.pk):
        by = Actor(words="test")
        lead = create_lead(by=by, now=FIRST, name="Zoé", email=EMAIL, source_id=CUSTOMER)
        story = timeline_of_person(person_of(lead))

    assert [one.what for one in story] == ["Added"]


def test_lead_of_elsewhere_is_no_customer_of_the_shop(tenant: Tenant) -> None:
    customer = Customer(tenant)
    customer.add()
    with scope(tenant.pk):
        customer.lead.source = "Open day"
        customer.lead.save()

    told = [one.what for one in customer.story()]

    assert [what for what in told if "Ales" in what] == []
    assert "Invoice INV-1 past due" in told


def test_story_costs_the_same_for_one_row_and_for_thirty(tenant: Tenant) -> None:
    customer = Customer(tenant)
    customer.add()
    with CaptureQueriesContext(connection) as for_one:
        short = customer.story()
    for _ in range(29):
        customer.add()

    with CaptureQueriesContext(connection) as for_many:
        long = customer.story()

    assert len(for_many) == len(for_one)
    assert len(long) > 20 * len(short) // 2


def test_payer_is_found_by_a_changed_address_alone(tenant: Tenant) -> None:
    customer = Customer(tenant)
    customer.add()
    with scope(tenant.pk):
        customer.organization.payer = {"email": "new@example.com"}
        customer.organization.save(update_fields=["payer"])

    told = [one.what for one in customer.story()]

    assert [what for what in told if "INV-1" in what] == []


def found(tenant: Tenant, user: User, query: str) -> set[str]:
    with scope(tenant.pk):
        return {one.kind for one in search(query=query, user=user)}


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("zoe.vidal@example.com", "Lead"),
        ("zoe.vidal@example.com", "Resident"),
        ("zoe.vidal@example.com", "Organization"),
        ("vidal", "Resident"),
        ("gasse", "House"),
        ("l-1", "Lease"),
        ("L-1", "Rent"),
        ("disputed", "Case"),
        (CUSTOMER, "Subscription"),
        ("ales", "Club"),
        ("acme", "Organization"),
        ("inv-1", "Invoice"),
        ("cn-1", "Invoice"),
        ("in_at_stripe", "Invoice"),
        ("pi_at_stripe", "Payment"),
    ],
)
def test_one_search_finds_rows_of_every_app(
    query: str, kind: str, tenant: Tenant, admin: User, other_admin: User
) -> None:
    customer = Customer(tenant)
    customer.add()
    with scope(tenant.pk):
        Push.objects.filter(invoice__number="INV-1").update(stripe_id="in_at_stripe")
        Payment.objects.update(stripe_payment_intent_id="pi_at_stripe")

    assert kind in found(tenant, admin, query)
    assert found(other_admin.tenant, other_admin, query) == set()


def test_everything_found_leads_to_a_page(tenant: Tenant, admin: User) -> None:
    Customer(tenant).add()
    with scope(tenant.pk):
        answers = [search(query=query, user=admin) for query in ("Vidal", "L-1", "gasse")]
    pages = logged_in(admin)

    statuses = {
        one.kind: pages.get(one.url, follow=True).status_code
        for answer in answers
        for one in answer
    }

    assert statuses == {"Lead": 200, "Resident": 200, "Rent": 200, "Lease": 200, "House": 200}


def test_home_counts_what_went_wrong_in_every_app(
    tenant: Tenant, other_tenant: Tenant, admin: User
) -> None:
    Customer(other_tenant).add()
    customer = Customer(tenant)
    customer.add()
    with scope(tenant.pk):
        rent = RentPayment.objects.get()
        FraudWarning.objects.create(
            tenant=tenant, rent=rent, stripe_warning_id="issfr_1", stripe_charge_id="ch_1",
            fraud_type="made_with_stolen_card", is_actionable=True, warned_at=FIRST,
        )  # fmt: skip
        Case.objects.create(tenant=tenant, rent=rent, cause="Warned of", opened_at=FIRST)
        RentDispute.objects.update(rent=None)
        InvoiceStanding.objects.update(state="open", paid_at=None, failed_at=FIRST)
        WebhookEndpoint.objects.create(
            tenant=tenant, url="https://shop.example/in", secret="s", failing_since=FIRST
        )
        counted = {w.worklist.name: w.count for w in waiting_work(user=admin, now=FIRST)}

    assert {
        name: counted[name]
        for name in (
            "rent_warnings",
            "cases_nobodys",
            "rent_disputes_unjoined",
            "invoices_failed",
            "webhooks_failing",
        )
    } == {
        "rent_warnings": 1,
        "cases_nobodys": 1,
        "rent_disputes_unjoined": 1,
        "invoices_failed": 1,
        "webhooks_failing": 1,
    }


@pytest.mark.parametrize("model", [Organization, Resident])
def test_rows_from_before_get_their_key_when_the_table_changes(
    model: Any, tenant: Tenant, other_tenant: Tenant
) -> None:
    for company in (tenant, other_tenant):
        Customer(company)
        with scope(company.pk):
            model.objects.update(email_key="")
    app = model._meta.app_label
    (path,) = Path(import_module(f"{app}.migrations").__path__[0]).glob("*_whole.py")

    with as_owner() as owner:
        owner.alias = "owner"
        connections["owner"] = owner
        with owner.schema_editor() as editor:
            import_module(f"{app}.migrations.{path.stem}").add_keys(apps, editor)
        del connections["owner"]

    for company in (tenant, other_tenant):
        with scope(company.pk):
            assert [row.email_key for row in model.objects.all()] == [email_key(EMAIL)]
    assert list(model.objects.all()) == []
