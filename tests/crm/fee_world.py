"""An application with a fee, and an applicant who pays it in the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from crm.models import Application, PaymentRequest, TimelineEntry
from crm.operations.applications import add_application, edit_application
from crm.operations.fees import ask_for_fee, claim_fee
from crm.operations.leads import create_lead
from crm.operations.stages import move_application
from crm.operations.timeline import Actor
from crm.queries.fees import fee_standings
from payments.gateway import WORKER
from payments.models import Checkout, Payment, StripeAccount, StripeEvent
from payments.operations.checkouts import open_checkout
from payments.operations.events import process_event
from payments.operations.reconcile import reconcile_events
from payments.operations.sweeps import check_checkout
from tests.stripe import Sandbox

GOOD, POOR = "4242424242424242", "4000000000009995"


class Applicant:
    """Somebody who applies and pays; `hear` brings events in without a web server."""

    def __init__(
        self, tenant: Tenant, account: StripeAccount, sandbox: Sandbox, counselor: User
    ) -> None:
        self.tenant = tenant
        self.account = account
        self.sandbox = sandbox
        self.counselor = counselor
        self.began = timezone.now()

    @property
    def by(self) -> Actor:
        return Actor(user=self.counselor)

    def applies(self, *, is_asked: bool = True, **fields: Any) -> Application:
        """Apply for a course of 50.00 EUR, unless told otherwise."""
        now = timezone.now()
        given = {"programme": "Brewing course", "fee_minor": 5000, "currency": "EUR", **fields}
        with scope(self.tenant.pk):
            lead = create_lead(
                by=self.by,
                now=now,
                owner_id=self.counselor.pk,
                name="Eva de Smit",
                email="eva@example.com",
            )
            application = add_application(lead_id=lead.pk, by=self.by, now=now, **given)
            if is_asked:
                ask_for_fee(application_id=application.pk, by=self.by, now=now)
        return self.reload(application)

    def claims(self, application: Application, now: datetime | None = None) -> Checkout:
        with scope(self.tenant.pk):
            return claim_fee(application_id=application.pk, now=now or timezone.now())[1]

    def opens(self, application: Application) -> Checkout:
        """Press the button, up to Stripe's page."""
        checkout = self.claims(application)
        return open_checkout(
            tenant_id=self.tenant.pk, checkout_id=checkout.pk, now=timezone.now(), patience=WORKER
        )

    def pays(self, checkout: Checkout, **how: Any) -> Any:
        how = how if "account" in how else {"card": GOOD, **how}
        path = f"checkout/sessions/{checkout.stripe_session_id}/pay"
        return self.sandbox.control("POST", path, **how)

    def stripe(self, method: str, path: str, **form: Any) -> Any:
        return self.sandbox.stripe(method, path, key=self.account.secret_key, **form)

    def sessions(self) -> list[Any]:
        return list(self.stripe("GET", "checkout/sessions", limit=100)["data"])

    def store(self) -> list[tuple[str, str]]:
        """Bring all events of the account into the inbox; returns ids and types, oldest first."""
        reconcile_events(tenant_id=self.tenant.pk, since=self.began, now=timezone.now())
        with scope(self.tenant.pk):
            rows = StripeEvent.objects.filter(processed_at=None).order_by("stripe_created_at")
            return list(rows.values_list("stripe_event_id", "type"))

    def act(self, event_id: str) -> bool:
        return process_event(tenant_id=self.tenant.pk, stripe_event_id=event_id, now=timezone.now())

    def hear(self) -> None:
        """Store all events and act on each one, in order."""
        for event_id, _ in self.store():
            self.act(event_id)

    def reload(self, row: Any) -> Any:
        with scope(self.tenant.pk):
            rows = type(row).objects.all()
            if isinstance(row, Application):
                rows = rows.select_related("lead")
            return rows.get(pk=row.pk)

    def requests(self, application: Application) -> list[PaymentRequest]:
        with scope(self.tenant.pk):
            rows = PaymentRequest.objects.filter(application=application)
            return list(rows.order_by("created_at"))

    def states(self, application: Application) -> list[str]:
        return [one.state for one in self.requests(application)]

    def told(self, application: Application) -> list[tuple[str, str]]:
        """What the timeline says of the application, oldest first, without how it began."""
        with scope(self.tenant.pk):
            entries = TimelineEntry.objects.filter(application=application)
            rows = entries.exclude(kind="application_added").order_by("happened_at")
            return [(one.kind, one.text) for one in rows]

    def kinds(self, application: Application) -> list[str]:
        return [kind for kind, _ in self.told(application)]

    def payment(self, checkout: Checkout) -> Payment:
        with scope(self.tenant.pk):
            return Payment.objects.select_related("checkout").get(checkout=checkout)


def at_once(action: Callable[[int], Any], times: int) -> list[Any]:
    """Do something in threads that start together; their answers or exceptions."""
    together = threading.Barrier(times, timeout=30)

    def act(number: int) -> Any:
        together.wait()
        try:
            return action(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(act, range(times)))


def edit(applicant: Applicant, application: Application, **changes: Any) -> Application:
    with scope(applicant.tenant.pk):
        return edit_application(
            application_id=application.pk, changes=changes, by=applicant.by, now=timezone.now()
        )


def move(applicant: Applicant, application: Application, stage: str) -> Application:
    with scope(applicant.tenant.pk):
        return move_application(
            application_id=application.pk,
            stage=stage,
            note="As the test says",
            by=applicant.by,
            now=timezone.now(),
        )


def standing(applicant: Applicant, application: Application) -> Any:
    with scope(applicant.tenant.pk):
        return fee_standings([applicant.reload(application)])[0]


def check(applicant: Applicant, checkout: Checkout) -> Checkout:
    return check_checkout(
        tenant_id=applicant.tenant.pk, checkout_id=checkout.pk, now=timezone.now()
    )
