"""A person whom all five apps know has one story, in order, and one search finds all of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import CreditNote, InvoiceStanding, Organization, Push, WalletEntry
from core.backoffice.search import search
from core.backoffice.timelines import Happening, timeline_of_person
from core.backoffice.worklists import waiting_work
from core.encryption import email_key
from core.models import Tenant, User, WebhookEndpoint
from core.tenancy import scope
from crm.operations.applications import add_application
from crm.operations.leads import create_lead
from crm.operations.timeline import Actor
from crm.queries.lead_timeline import person_of
from payments.models import Checkout, Payment, StripeAccount
from subscriptions.models import (
    Case,
    Charge,
    FraudWarning,
    House,
    HouseEntry,
    Lease,
    RentDispute,
    RentPayment,
    Resident,
    Skip,
)
from subscriptions.operations.clubs import make_club
from subscriptions.operations.status import change_status
from subscriptions.operations.subscribing import subscribe
from tests.backoffice.conftest import logged_in
from tests.billing.proof.rows import (
    assign,
    billed,
    make_meter,
    make_organization,
    make_price,
    make_version,
    use,
)
from tests.subscriptions.outside import as_owner

pytestmark = pytest.mark.django_db

EMAIL = "Zoe.Vidal@example.com"
CUSTOMER = "c0ffee00-0000-4000-8000-000000000001"
FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Customer:
    """One person's rows in all five apps of a company; `add` makes one more of each."""

    def __init__(self, tenant: Tenant, email: str = EMAIL, customer: str = CUSTOMER) -> None:
        self.tenant, self.email, self.customer = tenant, email, customer
        with scope(tenant.pk):
            by = Actor(words="test")
            self.lead = create_lead(
                by=by, now=FIRST, name="Zoé Vidal", email=email, source="Shop", source_id=customer
            )
            self.account = StripeAccount.objects.create(
                tenant=tenant, stripe_account_id=f"acct_{tenant.slug}", secret_key="sk_test_1"
            )
            self.house = House.objects.create(tenant=tenant, name="Kleine Gasse 4", currency="EUR")
            self.resident = Resident.objects.create(
                tenant=tenant, first_name="Zoé", last_name="Vidal", email=email
            )
            self.organization = make_organization(
                tenant, payer={"email": email}, billing_starts_on=date(2026, 5, 1)
            )
            self.meter = make_meter(tenant)
            version = make_version(tenant)
            make_price(version, self.meter)
            assign(self.organization, version)
        self.count = 0

    def add(self) -> None:
        """Pay a fee, be in a club, live in a room, pay for a month."""
        self.count += 1
        with scope(self.tenant.pk):
            self._fee()
            self._club()
            self._lease()
            self._billing()

    def story(self) -> list[Happening]:
        with scope(self.tenant.pk):
            return timeline_of_person(person_of(self.lead), most=1000)

    def _fee(self) -> None:
        row = add_application(lead_id=self.lead.pk, by=Actor(words="test"), now=FIRST + DAY)
        checkout = Checkout.objects.create(
            tenant=self.tenant, kind="application_fee", subject_id=row.pk, account=self.account,
            title="Fee", amount_minor=7500, currency="EUR", state="succeeded",
            session_expires_at=FIRST + 2 * DAY, stripe_session_id=f"cs_{row.pk}",
        )  # fmt: skip
        Checkout.objects.filter(pk=checkout.pk).update(created_at=FIRST + 2 * DAY)
        Payment.objects.create(
            tenant=self.tenant, checkout=checkout, amount_minor=7500, currency="EUR",
            state="succeeded", standing="expected", paid_at=FIRST + 2 * DAY,
        )  # fmt: skip

    def _club(self) -> None:
        club = make_club(number=self.count, name="Ales", store_sku=7, now=FIRST - 90 * DAY)
        member = subscribe(
            customer_store_id=self.customer, club_number=club.number, by=None, now=FIRST + 3 * DAY
        )
        Charge.objects.create(
            tenant=self.tenant, subscription=member, request_id=f"r{self.count}",
            month=date(2026, 1, 1), customer_store_id=self.customer, store_sku=7,
            state="charged", answer={}, decided_at=FIRST + 4 * DAY,
        )  # fmt: skip
        Skip.objects.create(
            tenant=self.tenant, subscription=member, month=date(2026, 3, 1),
            made_at=FIRST + 5 * DAY, reason="Holidays",
        )  # fmt: skip
        change_status(reference=member.reference, status=3, by=None, now=FIRST + 6 * DAY)
        change_status(reference=member.reference, status=2, by=None, now=FIRST + 7 * DAY)

    def _lease(self) -> None:
        lease = Lease.objects.create(
            tenant=self.tenant, resident=self.resident, house=self.house, name=f"L-{self.count}",
            status="active", starts_on=date(2026, 2, 1), ends_on=date(2026, 12, 31),
            currency="EUR", rent_minor=90000,
        )  # fmt: skip
        rent = RentPayment.objects.create(
            tenant=self.tenant, lease=lease, month=date(2026, 2, 1), currency="EUR",
            amount_minor=90000, paid_minor=90000, state="paid", paid_on=date(2026, 2, 2),
        )  # fmt: skip
        HouseEntry.objects.create(
            tenant=self.tenant, house=self.house, rent=rent, kind="received", amount_minor=90000,
            currency="EUR", happened_at=datetime(2026, 2, 2, 9, tzinfo=UTC), source=f"ch_{rent.pk}",
        )  # fmt: skip
        RentDispute.objects.create(
            tenant=self.tenant, rent=rent, stripe_dispute_id=f"dp_{rent.pk}",
            stripe_charge_id=f"ch_{rent.pk}", status="lost", reason="fraudulent",
            amount_minor=90000, currency="EUR", opened_at=datetime(2026, 2, 10, tzinfo=UTC),
            ended_at=datetime(2026, 3, 20, tzinfo=UTC), read_at=datetime(2026, 3, 20, tzinfo=UTC),
        )  # fmt: skip
        Case.objects.create(
            tenant=self.tenant, rent=rent, cause="Disputed", state="closed",
            opened_at=datetime(2026, 2, 10, 1, tzinfo=UTC), outcome="Paid again",
            closed_at=datetime(2026, 3, 21, tzinfo=UTC),
        )  # fmt: skip

    def _billing(self) -> None:
        organization = self.organization
        if self.count > 1:
            organization = make_organization(
                self.tenant, code=f"o{self.count}", payer={"email": self.email.upper()}
            )
            organization.billing_starts_on = date(2026, 9, 1)
            organization.save()
        if self.count == 1:
            self._invoice()
        WalletEntry.objects.create(
            tenant=self.tenant, organization=organization, kind="top_up", amount_minor=5000
        )

    def _invoice(self) -> None:
        organization = self.organization
        use(organization, self.meter, "1000", day=date(2026, 5, 5))
        invoice = billed(organization, date(2026, 5, 1))
        InvoiceStanding.objects.filter(invoice=invoice).update(
            state="paid", paid_minor=2000, paid_at=invoice.finalized_at + 30 * DAY,
            overdue_at=invoice.finalized_at + 20 * DAY,
        )  # fmt: skip
        CreditNote.objects.create(
            tenant=self.tenant, invoice=invoice, number="CN-1", amount_minor=500, currency="EUR",
            reason="Outage", settled_by="prepaid", issued_on=date(2026, 11, 1),
            content_sha256="x" * 64,
        )  # fmt: skip


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
