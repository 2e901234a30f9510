"""Organizations, prices and usage for tests of compiling, made row by row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from billing.models import (
    Assignment,
    BillingPeriod,
    BillingRun,
    Invoice,
    InvoiceLine,
    Meter,
    OneOffItem,
    Organization,
    Plan,
    PlanVersion,
    Price,
    PriceTier,
    RecurringFee,
    TaxRate,
    UsageBucket,
    UsageEvent,
    WalletEntry,
)
from billing.operations.compiling import compile_periods
from billing.operations.drafts import flag_what_they_charged
from billing.operations.run_work import work_run
from billing.operations.runs import approve_run, open_run
from billing.queries.calendar import Days, period_of
from billing.queries.statement import Statement, StatementLine, target_of
from core.models import Tenant
from core.tenancy import scope

NOVEMBER = datetime(2026, 11, 5, 12, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
IN_OCTOBER = datetime(2026, 10, 20, 12, tzinfo=UTC)

_names = count(1)


class World:
    """One company's billing. All verbs but `run_month` want its scope to be open."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def organization(self, **given: Any) -> Organization:
        code = f"org-{next(_names)}"
        values = {
            "code": code, "name": code, "currency": "USD", "time_zone": "UTC",
            "billing_starts_on": date(2026, 9, 1), "below_minimum": "push", **given,
        }  # fmt: skip
        return Organization.objects.create(tenant=self.tenant, **values)

    def meter(self, aggregation: str = "sum", **given: Any) -> Meter:
        code = f"meter-{next(_names)}"
        values = {"code": code, "name": code.title(), "product": "Compute", "unit": "h", **given}
        if aggregation == "unique":
            values.setdefault("unique_by", "user")
        return Meter.objects.create(tenant=self.tenant, aggregation=aggregation, **values)

    def version(self, plan: Plan | None = None, currency: str = "USD") -> PlanVersion:
        code = f"plan-{next(_names)}"
        plan = plan or Plan.objects.create(
            tenant=self.tenant, code=code, name=code, currency=currency
        )
        number = plan.versions.count() + 1
        return PlanVersion.objects.create(tenant=self.tenant, plan=plan, number=number)

    def price(
        self,
        version: PlanVersion,
        meter: Meter,
        *tiers: tuple[Any, Any, Any],
        rate: Any = None,
        **given: Any,
    ) -> Price:
        """A price with one rate, or with tiers of `(up_to, rate, flat)`."""
        values = {"model": "per_unit", "starts_on": date(2020, 1, 1), **given}
        price = Price.objects.create(tenant=self.tenant, version=version, meter=meter, **values)
        above = Decimal(0)
        for position, (up_to, per_unit, flat) in enumerate(tiers or [(None, rate, 0)]):
            PriceTier.objects.create(
                tenant=self.tenant, price=price, position=position, above=above, up_to=up_to,
                rate=per_unit, flat=flat,
            )  # fmt: skip
            above = up_to
        return price

    def fee(self, version: PlanVersion, amount: int, timing: str, **given: Any) -> RecurringFee:
        values = {"name": f"Fee {next(_names)}", "product": "Base", **given}
        return RecurringFee.objects.create(
            tenant=self.tenant, version=version, amount_minor=amount, timing=timing, **values
        )

    def assign(
        self,
        organization: Organization,
        version: PlanVersion,
        since: date = date(2020, 1, 1),
        until: date | None = None,
    ) -> Assignment:
        return Assignment.objects.create(
            tenant=self.tenant, organization=organization, version=version,
            starts_on=since, ends_on=until,
        )  # fmt: skip

    def use(
        self, organization: Organization, meter: Meter, day: date, quantity: Any, **dimensions: str
    ) -> UsageBucket:
        """Set what was used on a day; a closed period is flagged, as ingesting does it."""
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        bucket, _ = UsageBucket.objects.get_or_create(
            organization=organization, meter=meter, day=day, dimensions=dimensions,
            defaults={"tenant": self.tenant},
        )  # fmt: skip
        bucket.quantity, bucket.events, bucket.last_at = quantity, 1, at
        bucket.save(update_fields=["quantity", "events", "last_at"])
        BillingPeriod.objects.filter(
            organization=organization, starts_on__lte=day, ends_on__gt=day
        ).exclude(state="open").update(recheck_at=at)
        return bucket

    def event(self, bucket: UsageBucket, value: str, **given: Any) -> UsageEvent:
        values = {"idempotency_key": f"event-{next(_names)}", "quantity": 1, **given}
        return UsageEvent.objects.create(
            tenant=self.tenant, bucket_id=bucket.pk, time=bucket.last_at, value=value, **values
        )

    def item(self, organization: Organization, amount: int, due_on: date) -> OneOffItem:
        return OneOffItem.objects.create(
            tenant=self.tenant, organization=organization, amount_minor=amount, due_on=due_on,
            description="Set-up",
        )  # fmt: skip

    def tax(self, percentage: Any, *, is_inclusive: bool = False) -> TaxRate:
        return TaxRate.objects.create(
            tenant=self.tenant, name=f"VAT {next(_names)}", percentage=percentage,
            is_inclusive=is_inclusive,
        )  # fmt: skip

    def wallet(self, organization: Organization, amount: int) -> WalletEntry:
        kind = "top_up" if amount > 0 else "withdrawn"
        return WalletEntry.objects.create(
            tenant=self.tenant, organization=organization, kind=kind, amount_minor=amount
        )

    def period(
        self, organization: Organization, day: date, state: str = "closed"
    ) -> tuple[BillingPeriod, Days]:
        """The period that holds a day, made when it is not there, in the state named."""
        days = period_of(day, organization)
        period, _ = BillingPeriod.objects.update_or_create(
            organization=organization,
            starts_on=days.starts_on,
            defaults={
                "tenant": self.tenant, "ends_on": days.ends_on, "month": days.month,
                "starts_at": days.starts_at(organization.zone), "state": state,
                "ends_at": days.ends_at(organization.zone), "whole_days": days.whole_days,
            },
        )  # fmt: skip
        return period, days

    def draft(
        self, organization: Organization, day: date, run: BillingRun | None = None
    ) -> Invoice | None:
        """Compile the period that holds a day, as the next one to be invoiced."""
        period, days = self.period(organization, day)
        target = target_of(organization, days, is_next=True)
        compile_periods([(period, target)], run=run, now=NOVEMBER)
        return Invoice.objects.filter(period=period, state="draft").first()

    def invoice(self, organization: Organization, day: date) -> Invoice | None:
        """Compile a period and make the draft final."""
        draft = self.draft(organization, day)
        if draft is not None:
            draft.state, draft.number = "final", f"T-{next(_names)}"
            draft.issued_on = draft.due_on = day
            draft.finalized_at, draft.content_sha256 = NOVEMBER, "0" * 64
            draft.save()
        return draft

    def void(self, invoice: Invoice) -> None:
        """Void an invoice and have its period billed again."""
        flag_what_they_charged([invoice.pk])
        invoice.state, invoice.voided_at, invoice.void_reason = "void", NOVEMBER, "A mistake"
        invoice.save()
        BillingPeriod.objects.filter(pk=invoice.period_id).update(state="closed")

    def run_month(
        self, month: date, now: datetime = NOVEMBER, *, is_approved: bool = False
    ) -> BillingRun:
        """Compile a month, and finalize it when approved. Outside any scope."""
        with scope(self.tenant.pk):
            run = open_run(month=month, by=None, now=now)
        self.work(run, now)
        if is_approved:
            with scope(self.tenant.pk):
                approve_run(run_id=run.pk, by=None, now=now)
            self.work(run, now)
        with scope(self.tenant.pk):
            run.refresh_from_db()
        return run

    def work(self, run: BillingRun, now: datetime = NOVEMBER, limit: int = 2) -> None:
        """Work on a run to its end, in chunks so small that there are several."""
        work_run(
            tenant_id=self.tenant.pk, run_id=run.pk, clock=lambda: now, goes_on=lambda: True,
            limit=limit,
        )  # fmt: skip


def told(invoice: Invoice | None) -> list[tuple[str, int]]:
    """The kinds and amounts of an invoice's lines, in order."""
    if invoice is None:
        return []
    lines = InvoiceLine.objects.filter(invoice=invoice).order_by("position")
    return [(line.kind, line.amount_minor) for line in lines]


def facts(invoices: Sequence[Invoice]) -> list[Any]:
    """All that two equal runs agree in: everything but ids and times of making."""
    return sorted(
        (
            invoice.organization_id, invoice.period_id, invoice.state, invoice.total_minor,
            invoice.net_minor, invoice.tax_minor, invoice.lines_count,
            tuple(
                (line.kind, line.source, line.source_id, line.charged_from, line.description,
                 line.quantity, line.exact, line.amount_minor)
                for line in invoice.lines.all()
            ),
        )
        for invoice in invoices
    )  # fmt: skip


def days_from(first: date, number: int) -> list[date]:
    """Consecutive days."""
    return [first + timedelta(days=n) for n in range(number)]


def buckets_of(organization_id: UUID) -> int:
    """How many buckets an organization has."""
    return UsageBucket.objects.filter(organization_id=organization_id).count()


def lines(statement: Statement) -> list[tuple[str, int]]:
    return [(line.kind, line.amount_minor) for line in statement.lines]


def stored_lines(invoice: Invoice) -> tuple[StatementLine, ...]:
    return tuple(
        StatementLine(
            row.kind, row.source, row.source_id, row.charged_from, row.product, row.description,
            row.starts_on, row.ends_on, row.quantity, row.unit, row.exact, row.amount_minor,
        )
        for row in invoice.lines.order_by("position")
    )  # fmt: skip
