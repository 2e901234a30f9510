"""A person whom all five apps know: a lead, a payer, a member, a resident, and a billed one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from billing.models import CreditNote, InvoiceStanding, WalletEntry
from core.backoffice.timelines import Happening, timeline_of_person
from core.models import Tenant
from core.tenancy import scope
from crm.operations.applications import add_application
from crm.operations.leads import create_lead
from crm.operations.timeline import Actor
from crm.queries.lead_timeline import person_of
from payments.models import Checkout, Payment, StripeAccount
from subscriptions.models import (
    Case,
    Charge,
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
from tests.billing.proof.rows import (
    assign,
    billed,
    make_meter,
    make_organization,
    make_price,
    make_version,
    use,
)

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
