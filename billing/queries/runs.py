"""How far a billing run is, and what it would invoice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum

from billing.models import BillingPeriod, BillingRun, Invoice
from billing.queries.grace import grace

Periods = BillingPeriod.State


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of a run: periods still to close and to compile, drafts, final invoices."""

    to_close: int
    to_compile: int
    drafts: int
    final: int

    @property
    def done(self) -> int:
        """Invoices that have reached the next stage: drafted, or final once that is begun."""
        return self.final or self.drafts

    @property
    def waiting(self) -> int:
        """What is left of this stage."""
        return self.to_close + self.to_compile or (self.drafts if self.final else 0)


@dataclass(frozen=True, slots=True)
class Total:
    """What the invoices of a run come to in one currency, in minor units."""

    currency: str
    invoices: int
    net_minor: int
    tax_minor: int
    total_minor: int
    to_pay: int  # invoices with something to pay


def drafts_of(run: BillingRun) -> QuerySet[Invoice]:
    """Return the drafts of a run."""
    return Invoice.objects.filter(run=run, state=Invoice.State.DRAFT)


def periods_to_close(run: BillingRun, now: datetime) -> QuerySet[BillingPeriod]:
    """Return the open periods of a run's month or before whose time of grace is over."""
    return BillingPeriod.objects.filter(
        state=Periods.OPEN, month__lte=run.month, ends_at__lte=now - grace()
    )


def periods_to_compile(run: BillingRun) -> QuerySet[BillingPeriod]:
    """Return the closed periods of a run's month or before that have no invoice yet."""
    return BillingPeriod.objects.filter(state=Periods.CLOSED, month__lte=run.month)


def is_compiled(run: BillingRun, now: datetime) -> bool:
    """Say whether nothing is left to close or to compile at this moment."""
    return not (periods_to_close(run, now).exists() or periods_to_compile(run).exists())


def progress_of(run: BillingRun, now: datetime) -> Progress:
    """Count how far a run is. In scope."""
    counts = Invoice.objects.filter(run=run).aggregate(
        drafts=Count("pk", filter=Q(state=Invoice.State.DRAFT)),
        final=Count("pk", filter=~Q(state=Invoice.State.DRAFT)),
    )
    is_compiling = run.state == BillingRun.State.COMPILING or run.stopped_in == "compiling"
    return Progress(
        to_close=periods_to_close(run, now).count() if is_compiling else 0,
        to_compile=periods_to_compile(run).count() if is_compiling else 0,
        drafts=counts["drafts"],
        final=counts["final"],
    )


def totals_of(run: BillingRun) -> list[Total]:
    """Return what a run's invoices come to, by currency. In scope."""
    rows = (
        Invoice.objects.filter(run=run)
        .values("currency")
        .annotate(
            invoices=Count("pk"),
            net_sum=Sum("net_minor"),
            tax_sum=Sum("tax_minor"),
            total_sum=Sum("total_minor"),
            to_pay=Count("pk", filter=Q(total_minor__gt=0)),
        )
        .order_by("currency")
    )
    return [
        Total(row["currency"], row["invoices"], int(row["net_sum"]), int(row["tax_sum"]),
              int(row["total_sum"]), row["to_pay"])
        for row in rows
    ]  # fmt: skip
