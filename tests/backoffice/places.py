"""Where each page is: a company with one of everything, under names as long as names get."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from billing.models import BillingRun, Invoice
from billing.operations.plans import draft_version
from billing.operations.portal import portal_url
from core.models import Tenant, User
from core.tenancy import scope
from crm.models import Application, Lead
from crm.operations.applications import add_application
from crm.operations.fees import ask_for_fee
from crm.operations.imports import upload
from crm.operations.leads import create_lead
from crm.operations.tasks import create_task
from crm.operations.timeline import Actor
from payments.models import Checkout, Dispute, LinkImport, Payment, PaymentLink, Refund
from payments.operations.links import make_link
from payments.operations.receipts import issue_receipt
from payments.operations.sharing import Sharing, share_link
from payments.operations.templates import save_template
from subscriptions.models import Club, ClubRun, RentPayment, Subscription
from subscriptions.operations.clubs import make_club
from subscriptions.operations.subscribing import subscribe
from tests.backoffice.customer import Customer
from tests.backoffice.rows import make_row

# Eighty characters without a place to break them, and an address that nobody can read out.
LONG = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaf"
LONG_EMAIL = f"{'verantwoordelijkheidsgevoel' * 2}@aansprakelijkheidswaardevaststelling.example"
DUTCH = "Aansprakelijkheidswaardevaststellingsveranderingen worden schriftelijk medegedeeld. " * 3
HUGE = 99_999_999

ITEM = {
    "name": LONG, "unit_amount_minor": 1234500, "quantity": 3, "min_quantity": 0,
    "max_quantity": 9999,
}  # fmt: skip
QUESTION = {
    "key": "", "label": LONG[:50], "type": "dropdown", "is_required": True,
    "options": [LONG, "Nee"],
}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "fixed": {"amount_minor": HUGE},
    "chosen": {"preset_amount_minor": HUGE, "min_amount_minor": 5000},
    "items": {"items": [ITEM, ITEM | {"min_quantity": None, "max_quantity": None}]},
    "parts": {"amount_minor": HUGE, "min_part_minor": 5000},
}


class Company:
    """One of everything; `row` holds rows by the name of the page that is of them."""

    def __init__(self, tenant: Tenant, admin: User) -> None:
        self.tenant, self.admin, self.now = tenant, admin, timezone.now()
        self.customer = Customer(tenant, LONG_EMAIL)
        self.customer.add()
        Tenant.objects.filter(pk=tenant.pk).update(name=LONG)
        User.objects.filter(pk=admin.pk).update(name=LONG)
        with scope(tenant.pk):
            self.links = {kind: self._link(kind) for kind in KINDS}
            self._payments()
            self._sales()
            self._clubs()
            self._billing()
            self._rename()

    def _link(self, kind: str) -> PaymentLink:
        return make_link(
            by=self.admin, now=self.now, title=LONG, description=DUTCH, reference=LONG,
            currency="EUR", pricing=kind, max_payments=None, custom_fields=[QUESTION],
            terms_text=DUTCH, terms_url=f"https://{'terms.' * 20}example/{LONG}",
            customer_name=LONG, customer_email=LONG_EMAIL, **KINDS[kind],
        )  # fmt: skip

    def _payments(self) -> None:
        link = self.links["fixed"]
        checkout = Checkout.objects.create(
            tenant=self.tenant, kind="link", subject_id=link.pk, link=link, title=LONG,
            account=self.customer.account, amount_minor=HUGE, currency="EUR", state="succeeded",
            session_expires_at=self.now, stripe_session_id=f"cs_{LONG}",
        )  # fmt: skip
        checkout.answers = [{"key": "q", "label": LONG[:50], "value": LONG}]
        checkout.save()
        self.late = Payment.objects.create(
            tenant=self.tenant, checkout=checkout, link=link, amount_minor=HUGE, currency="EUR",
            state="succeeded", standing="late", paid_at=self.now, stripe_charge_id=f"ch_{LONG}",
            payer={"name": LONG, "email": LONG_EMAIL},
        )  # fmt: skip
        self.fee_paid = Payment.objects.get(checkout__kind="application_fee")
        self.dispute = make_row(Dispute, self.tenant)
        Dispute.objects.filter(pk=self.dispute.pk).update(payment=self.late)
        self.refund = make_row(Refund, self.tenant)
        Refund.objects.filter(pk=self.refund.pk).update(settled_at=None, settled_note="")
        self.receipt = issue_receipt(payment=self.late, now=self.now)
        self.imported = make_row(LinkImport, self.tenant)
        sharing = Sharing(emails=["ann@example.com"], message=DUTCH, days_after=(3,))
        shared = share_link(link_id=link.pk, sharing=sharing, by=self.admin, now=self.now)
        self.recipient = shared.recipients[0]
        save_template(link_id=link.pk, name=LONG, by=self.admin, now=self.now)

    def _sales(self) -> None:
        by = Actor(user=self.admin)
        self.double = create_lead(by=by, now=self.now, name=LONG, email=LONG_EMAIL, source=LONG)
        self.application = add_application(
            lead_id=self.double.pk, by=by, now=self.now, programme=LONG, fee_minor=HUGE
        )
        ask_for_fee(application_id=self.application.pk, by=by, now=self.now)
        self.application = Application.objects.get(pk=self.application.pk)
        self.task = create_task(
            application_id=self.application.pk, task_type="call", by=by, note=LONG,
            due_at=self.now + timedelta(hours=1), now=self.now,
        )  # fmt: skip
        sheet = f"Name,E-mail\n{LONG},{LONG_EMAIL}\n".encode()
        self.lead_import = upload(file_name=f"{LONG}.csv", data=sheet, by=self.admin)

    def _clubs(self) -> None:
        make_club(number=90, name=LONG, store_sku=9, now=self.now - timedelta(days=90))
        self.member = subscribe(
            customer_store_id=LONG[:36], club_number=90, by=None, now=self.now - timedelta(days=9)
        )
        self.gone = Subscription.objects.exclude(pk=self.member.pk)[0]
        self.run = ClubRun.objects.create(
            tenant=self.tenant,
            club=self.member.club,
            month=self.now.date().replace(day=1),
            checked_at=self.now,
        )
        self.rent = RentPayment.objects.all()[0]

    def _billing(self) -> None:
        self.organization = self.customer.organization
        self.portal = portal_url(self.organization).rstrip("/").rpartition("/")[2]
        self.invoice = Invoice.objects.get(number="INV-1")
        self.plan = self.invoice.organization.assignments.all()[0].version.plan
        self.version = draft_version(plan_id=self.plan.pk, note=LONG)
        self.billing_run = make_row(BillingRun, self.tenant)
        BillingRun.objects.filter(pk=self.billing_run.pk).update(state="review", ended_at=None)

    def _rename(self) -> None:
        for row in (self.customer.house, self.organization, self.plan, self.customer.meter):
            type(row).objects.filter(pk=row.pk).update(name=LONG)
        Lead.objects.update(name=LONG)
        Club.objects.update(name=LONG)


Keys = Callable[[Company], dict[str, Any]]


def of(*names: str, **keys: Callable[[Company], Any]) -> dict[str, Keys]:
    """Return pages of the same row."""
    return {
        name: lambda company: {key: find(company) for key, find in keys.items()} for name in names
    }


# What is opened without a row; of a new company, too.
LISTS = (
    "analytics", "billing_organizations", "billing_plans", "billing_push", "billing_runs",
    "billing_what_if", "calendar", "cases", "cases_look_up", "clubs", "clubs_board",
    "clubs_worklist", "duplicates", "fees_unpaid", "houses", "lead_imports", "lead_new",
    "leads", "leads_left", "link_import", "link_new", "link_templates", "links", "payments",
    "payments_worklist", "pipeline", "pipeline_applications", "safety", "settings",
    "statistics_settings", "stripe_connect", "today",
)  # fmt: skip
STAFF: dict[str, Keys] = {
    **of(*LISTS),
    **of("link", "link_edit", "link_poster", "link_share", pk=lambda c: c.links["items"].pk),
    **of("link_imported", pk=lambda c: c.imported.pk),
    **of("payment", "payment_keep", "payment_return", pk=lambda c: c.late.pk),
    **of("payment_refund", pk=lambda c: c.fee_paid.pk),
    **of("refund_settle", pk=lambda c: c.refund.pk),
    **of("dispute", pk=lambda c: c.dispute.pk),
    **of(
        "lead", "lead_edit", "lead_assign", "lead_move", "application_new",
        pk=lambda c: c.double.pk,
    ),
    **of("lead_merge", pk=lambda c: c.customer.lead.pk, other=lambda c: c.double.pk),
    **of("lead_import", pk=lambda c: c.lead_import.pk),
    **of("application_edit", "application_move", pk=lambda c: c.application.pk),
    **of("task_complete", pk=lambda c: c.task.pk),
    **of(
        "club_member", "club_member_pause", "club_member_cancel", "club_member_move",
        pk=lambda c: c.member.pk,
    ),
    **of("club_member_reactivate", pk=lambda c: c.gone.pk),
    **of("club", "club_status", "club_run_new", number=lambda c: 90),
    **of("club_run", number=lambda c: c.run.club.number, pk=lambda c: c.run.pk),
    **of("rent_case", pk=lambda c: c.rent.pk),
    **of("resident", pk=lambda c: c.customer.resident.pk),
    **of("house", "house_edit", pk=lambda c: c.customer.house.pk),
    **of("billing_organization", pk=lambda c: c.organization.pk),
    **of(
        "billing_invoice", "billing_credit_note", "billing_invoice_void", "billing_invoice_paid",
        pk=lambda c: c.invoice.pk,
    ),
    **of("billing_version", "billing_price_new", "billing_fee_new", pk=lambda c: c.version.pk),
    **of("billing_run", "billing_run_finalize", pk=lambda c: c.billing_run.pk),
    **of("mfa_index", "account_change_password", "account_logout"),
}  # fmt: skip
PUBLIC: dict[str, Keys] = {
    **{f"pay {kind}": of("pay", token=lambda c, k=kind: c.links[k].token)["pay"] for kind in KINDS},  # type: ignore[misc]
    **of("pay_return", token=lambda c: c.links["fixed"].token),
    **of("receipt", token=lambda c: c.receipt.token),
    **of("reminders_stop", token=lambda c: c.recipient.token),
    **of(
        "application_fee", "application_fee_return",
        token=lambda c: c.application.fee_token,
    ),
    **of("portal", "portal_usage", "portal_alerts", "portal_invoices", token=lambda c: c.portal),
    **of(
        "portal_meter", "portal_events", token=lambda c: c.portal,
        code=lambda c: c.customer.meter.code,
    ),
    **of("portal_invoice", token=lambda c: c.portal, name=lambda c: c.invoice.number),
    **of(
        "account_login", "account_reset_password", "account_reset_password_done",
        "account_signup", "account_inactive",
    ),
}  # fmt: skip

# No pages: answers to programs and monitors.
FOR_PROGRAMS = {
    "club_subscribe", "healthz", "metrics", "readyz", "stripe_webhook", "subscription_charge",
    "subscription_eligible", "subscription_status",
}  # fmt: skip
# Files, though their address does not end like one.
FILES = {"case_file", "club_run_report", "mfa_download_recovery_codes"}
# Steps that only their own journey reaches, with a test of their own, and what only leads on.
ON_THE_WAY = {
    "api-docs", "application", "billing_plan", "account_reauthenticate",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_set_password", "case_step",
    "mfa_activate_totp", "mfa_authenticate", "mfa_deactivate_totp", "mfa_generate_recovery_codes",
    "mfa_reauthenticate", "mfa_view_recovery_codes",
}  # fmt: skip


def routes() -> Iterator[tuple[str, str]]:
    """Yield each name and path of our own routes, those of the API and of the admin left out."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, str]]:
        for one in patterns:
            path = before + str(one.pattern)
            if isinstance(one, URLPattern):
                yield str(one.name), path
            elif one.namespace is None:
                yield from walk(one.url_patterns, path)

    for name, path in walk(get_resolver().url_patterns, ""):
        if name != "None" and not (path.startswith("api/") and name != "api-docs"):
            yield name, path


def address_of(name: str, keys: dict[str, Any]) -> str:
    """Return where a page is; what follows a blank in its name only tells it from others."""
    return reverse(name.partition(" ")[0], kwargs=keys)
