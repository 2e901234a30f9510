"""Final invoices made by rows, a clock that a test moves, and eyes on what Stripe has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from billing.models import (
    BillingPeriod,
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceStanding,
    Notice,
    Organization,
    Push,
    PushDesk,
)
from billing.operations.push.queue import queue_pushes
from billing.operations.push.work import Outcome, push_next
from core.models import Tenant
from core.tenancy import scope
from payments.models import StripeAccount, StripeEvent
from payments.operations.events import process_event
from payments.operations.reconcile import reconcile_events
from tests.stripe import Sandbox

HASH = "a" * 64
IDS = ("in_", "cus_", "cn_", "pi_")


class World:
    """One company with invoices, and Stripe beside it."""

    def __init__(self, tenant: Tenant, account: StripeAccount, sandbox: Sandbox) -> None:
        self.tenant = tenant
        self.account = account
        self.sandbox = sandbox
        self.offset = timedelta()
        self._number = 0

    # --- time ----------------------------------------------------------------------------------

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def wait(self, **time: float) -> None:
        """Move both clocks on."""
        self.offset += timedelta(**time)
        self.sandbox.control("POST", "clock", advance=timedelta(**time).total_seconds())

    # --- rows ----------------------------------------------------------------------------------

    def organization(self, **fields: Any) -> Organization:
        code = f"org-{uuid4().hex[:8]}"
        defaults: dict[str, Any] = {
            "code": code,
            "name": f"Org {code}",
            "payer": {"name": "Dev Inc.", "email": f"{code}@dev.example"},
            "currency": "USD",
            "time_zone": "UTC",
            "billing_starts_on": date(2026, 1, 1),
        }
        with scope(self.tenant.pk):
            return Organization.objects.create(tenant=self.tenant, **{**defaults, **fields})

    def invoice(
        self,
        *,
        amounts: Iterable[int] = (1000, 250, -50),
        organization: Organization | None = None,
        products: int = 0,
        is_queued: bool = True,
        **fields: Any,
    ) -> Invoice:
        """Make a final invoice with a line for each amount, on its way to Stripe."""
        organization = organization or self.organization()
        amounts = list(amounts)
        with scope(self.tenant.pk):
            period = self._period(organization)
            invoice = Invoice.objects.create(
                tenant=self.tenant,
                organization=organization,
                period=period,
                currency=organization.currency,
                collection=organization.collection,
                net_minor=sum(amounts),
                tax_minor=0,
                total_minor=sum(amounts),
                lines_count=len(amounts),
                compiled_at=self.clock(),
            )
            InvoiceLine.objects.bulk_create(
                _line(invoice, position, amount, products)
                for position, amount in enumerate(amounts)
            )
            self._finalize(invoice, organization, **fields)
            if is_queued:
                queue_pushes([invoice.pk], now=self.clock())
        return invoice

    def _period(self, organization: Organization) -> BillingPeriod:
        count = BillingPeriod.objects.filter(organization=organization).count()
        starts = date(2026 + count // 12, count % 12 + 1, 1)
        ends = (starts + timedelta(days=32)).replace(day=1)
        return BillingPeriod.objects.create(
            tenant=self.tenant,
            organization=organization,
            starts_on=starts,
            ends_on=ends,
            starts_at=datetime(starts.year, starts.month, 1, tzinfo=UTC),
            ends_at=datetime(ends.year, ends.month, 1, tzinfo=UTC),
            month=starts,
            whole_days=(ends - starts).days,
            state="invoiced",
        )

    def _finalize(self, invoice: Invoice, organization: Organization, **fields: Any) -> None:
        self._number += 1
        today = self.clock().date()
        defaults: dict[str, Any] = {
            "state": "final",
            "number": f"T{str(self.tenant.pk)[:6]}-{self._number}",
            "issued_on": today,
            "due_on": today + timedelta(days=organization.net_days),
            "finalized_at": self.clock(),
            "content_sha256": HASH,
        }
        for name, value in {**defaults, **fields}.items():
            setattr(invoice, name, value)
        invoice.save()

    def credit_note(self, invoice: Invoice, amount: int, settled_by: str) -> CreditNote:
        self._number += 1
        with scope(self.tenant.pk):
            return CreditNote.objects.create(
                tenant=self.tenant,
                invoice=invoice,
                number=f"C{str(self.tenant.pk)[:6]}-{self._number}",
                amount_minor=amount,
                currency=invoice.currency,
                reason="Outage",
                settled_by=settled_by,
                issued_on=self.clock().date(),
                content_sha256=HASH,
            )

    # --- work ----------------------------------------------------------------------------------

    def push_once(self) -> Outcome:
        return push_next(tenant_id=self.tenant.pk, clock=self.clock)

    def push_all(self, *, rounds: int = 400) -> None:
        """Push until nothing is open; what waits for later has its time come at once."""
        for _ in range(rounds):
            while self.push_once() is not Outcome.NOTHING_DUE:
                pass
            with scope(self.tenant.pk):
                waiting = Push.objects.filter(state__in=Push.OPEN)
                if (
                    not waiting.exists()
                    or PushDesk.objects.filter(paused_at__isnull=False).exists()
                ):
                    return
                waiting.filter(leased_until=None).update(next_at=self.clock())
        raise AssertionError(f"still open after {rounds} rounds: {self.pushes()}")

    def stored_events(self) -> list[str]:
        """Take in all events of Stripe; returns those that wait, oldest first."""
        now = self.clock()
        reconcile_events(tenant_id=self.tenant.pk, since=now - timedelta(days=29), now=now)
        with scope(self.tenant.pk):
            return list(
                StripeEvent.objects.filter(processed_at=None)
                .order_by("stripe_created_at", "created_at")
                .values_list("stripe_event_id", flat=True)
            )

    def hear(self) -> None:
        """Take in all events of Stripe and act on each, oldest first."""
        for event_id in self.stored_events():
            process_event(tenant_id=self.tenant.pk, stripe_event_id=event_id, now=self.clock())

    # --- looks ---------------------------------------------------------------------------------

    def push(self, invoice: Invoice) -> Push:
        with scope(self.tenant.pk):
            return Push.objects.select_related("organization").get(invoice=invoice)

    def pushes(self) -> list[Any]:
        with scope(self.tenant.pk):
            return list(Push.objects.values_list("step", "state", "last_error"))

    def standing(self, invoice: Invoice) -> InvoiceStanding:
        with scope(self.tenant.pk):
            return InvoiceStanding.objects.get(invoice=invoice)

    def notices(self, invoice: Invoice) -> dict[str, bool]:
        """Return the kinds of what was told, and whether each still holds."""
        with scope(self.tenant.pk):
            rows = Notice.objects.filter(invoice=invoice)
            return {row.kind: row.ended_at is None for row in rows}

    def at_stripe(self) -> list[Any]:
        """Return all invoices of the account as the sandbox has them."""
        found = self.sandbox.control("GET", "invoices")["invoices"]
        account = self.account_id()
        return [one for one in found if one["account"] == account]

    def account_id(self) -> str:
        answer = self.stripe("GET", "account")
        return str(answer["id"])

    def calls(self, *, method: str = "POST") -> list[str]:
        """Return the paths of the calls that Stripe answered, without ids."""
        found = self.sandbox.control("GET", "requests")["requests"]
        paths = [_plain(one["path"]) for one in found if one["method"] == method]
        return [path for path in paths if path != "account"]

    def stripe(self, method: str, path: str, **form: Any) -> Any:
        return self.sandbox.stripe(method, path, key=self.account.secret_key, **form)

    def fault(self, kind: str, path: str, *, count: int | None = 1, **fields: Any) -> None:
        rule = {"kind": kind, "path": path, "method": "POST", "count": count, **fields}
        self.sandbox.control("POST", "faults", **{k: v for k, v in rule.items() if v is not None})

    def assert_right(self, invoices: list[Invoice]) -> None:
        """Each is there once, open or paid, with all its lines once and its total; no more."""
        found = {
            one["metadata"]["taproom_invoice"]: _summary(one)
            for one in self.at_stripe()
            if one["status"] != "void"
        }
        assert len([one for one in self.at_stripe() if one["status"] != "void"]) == len(invoices)
        assert found == {str(invoice.pk): self._wanted(invoice) for invoice in invoices}

    def _wanted(self, invoice: Invoice) -> Any:
        with scope(self.tenant.pk):
            lines = {str(line.pk): line.amount_minor for line in invoice.lines.all()}
        return ("open", invoice.currency.lower(), invoice.total_minor, invoice.number,
                sorted(lines.items()))  # fmt: skip


def _line(invoice: Invoice, position: int, amount: int, products: int) -> InvoiceLine:
    return InvoiceLine(
        id=uuid4(),
        tenant_id=invoice.tenant_id,
        invoice=invoice,
        organization_id=invoice.organization_id,
        position=position,
        kind="usage",
        source="usage",
        source_id=uuid4(),
        charged_from=date(2026, 1, 1),
        product=f"Product {position % products}" if products else "Machines",
        description=f"Line {position}",
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 2, 1),
        quantity=position + 1,
        unit="hours",
        exact=amount,
        amount_minor=amount,
    )


def _summary(one: Any) -> Any:
    lines = sorted((line["metadata"]["taproom_line"], line["amount"]) for line in one["lines"])
    return (one["status"], one["currency"], one["total"], one["number"], lines)


def _plain(path: str) -> str:
    parts = [part for part in path.removeprefix("/v1/").split("/") if not part.startswith(IDS)]
    return "/".join(parts)
