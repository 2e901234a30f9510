"""The company whose customers pay and whose invoices are pushed. Needs the settings."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from io import StringIO
from typing import TypeVar
from uuid import UUID

from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone

from billing.models import Invoice, Push
from billing.operations.assignments import assign_plan
from billing.operations.organizations import make_organization
from billing.operations.plans import add_fee, draft_version, make_plan, publish_version
from billing.operations.push.desk import pause_pushes, resume_pushes
from core.models import Tenant
from core.tenancy import scope
from payments.models import Payment, StripeAccount
from payments.operations.links import make_link

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
MONTHS_BACK = 16


def months_before(day: date, count: int) -> date:
    """Return the first day of the month that is so many months before that of `day`."""
    number = day.year * 12 + day.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


class Books:
    """One company's links, payments and invoices, read and written as Taproom itself does."""

    def __init__(self, tenant_id: str) -> None:
        self.tenant = Tenant.objects.get(pk=UUID(tenant_id))
        with scope(self.tenant.pk):
            self.key = StripeAccount.objects.get().secret_key
        self._round = 0

    def found(self, organizations: int) -> None:
        """Make customers who owe a fee for each month since long ago."""
        now, currency, tag = timezone.now(), self.tenant.default_currency, secrets.token_hex(4)
        starts_on = months_before(now.date(), MONTHS_BACK)
        with scope(self.tenant.pk):
            plan = make_plan(code=f"chaos-{tag}", name="Chaos", currency=currency)
            version = draft_version(plan_id=plan.pk)
            add_fee(version_id=version.pk, name="Tap", amount_minor=4200, timing="arrears")
            publish_version(version_id=version.pk, by=None, now=now)
            for number in range(organizations):
                made = make_organization(
                    code=f"chaos-{tag}-{number}", name=f"Chaos {number}", currency=currency,
                    time_zone="UTC", billing_starts_on=starts_on, now=now,
                    payer={"name": f"Chaos {number}", "email": f"chaos{number}@example.com"},
                )  # fmt: skip
                assign_plan(
                    organization_id=made.pk, version_id=version.pk, starts_on=starts_on, now=now
                )

    def make_links(self, count: int, title: str) -> list[tuple[str, str]]:
        """Make links for one payment each; returns their ids and addresses."""
        with scope(self.tenant.pk):
            made = [
                make_link(
                    by=None, now=timezone.now(), title=f"{title} {number}", amount_minor=1850,
                    currency=self.tenant.default_currency,
                )
                for number in range(count)
            ]  # fmt: skip
            return [(str(link.pk), link.url) for link in made]

    def make_open_link(self, title: str) -> tuple[str, str]:
        """Make a link that may be paid any number of times; returns its id and address."""
        with scope(self.tenant.pk):
            link = make_link(
                by=None, now=timezone.now(), title=title, amount_minor=1850,
                currency=self.tenant.default_currency, max_payments=None,
            )  # fmt: skip
            return str(link.pk), link.url

    def bill_next_month(self) -> list[str]:
        """Finalize the invoices of the next month with pushes paused; returns their ids."""
        month = months_before(timezone.now().date(), MONTHS_BACK - self._round)
        self._round += 1
        with scope(self.tenant.pk):
            before = set(Invoice.objects.values_list("pk", flat=True))
            pause_pushes(reason="chaos", by=None, now=timezone.now())
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            words = ("--tenant", self.tenant.slug, "--month", f"{month:%Y-%m}", "--finalize")
            call_command("run_billing", *words)
        with scope(self.tenant.pk):
            made = Invoice.objects.exclude(pk__in=before).filter(push__isnull=False)
            return [str(pk) for pk in made.values_list("pk", flat=True)]

    def resume(self) -> None:
        """Let the pushes go on."""
        with scope(self.tenant.pk):
            resume_pushes(now=timezone.now())

    def paid(self, links: list[str]) -> list[str]:
        """Return the link of each payment of these links that has succeeded here."""
        return self._ask(
            lambda: [
                str(pk)
                for pk in Payment.objects.filter(
                    link_id__in=links, state=Payment.State.SUCCEEDED
                ).values_list("link_id", flat=True)
            ]
        )

    def pushed(self, invoices: list[str]) -> list[str]:
        """Return the id of each of these invoices whose push is done here."""
        return self._ask(
            lambda: [
                str(pk)
                for pk in Push.objects.filter(
                    invoice_id__in=invoices, state=Push.State.DONE
                ).values_list("invoice_id", flat=True)
            ]
        )

    def reconcile(self) -> None:
        """Fetch from Stripe what was never delivered, as an operator does after an outage."""
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            call_command("reconcile_stripe_events", "--tenant", self.tenant.slug, "--days", "1")

    def _ask(self, read: Callable[[], T]) -> T:
        """Read in scope on a fresh connection, again and again while the database is away."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            connections.close_all()
            try:
                with scope(self.tenant.pk):
                    return read()
            except DatabaseError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.5)
