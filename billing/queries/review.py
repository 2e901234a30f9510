"""What somebody should look at before a run is finalized."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from billing.models import BillingPeriod, BillingRun, Invoice
from core.money import Money

# An invoice is told apart when it is three times the mean of the organization's last months or a
# third of it, or fifty times what is usual among the invoices of the run.
MONTHS = 3
TIMES = 3
HUGE = 50

_COMPARED = """
WITH mine AS (
    SELECT i.id, i.organization_id, i.currency, i.net_minor, p.starts_on
    FROM billing_invoice i JOIN billing_billingperiod p ON p.id = i.period_id
    WHERE i.run_id = %(run)s),
usual AS (
    SELECT currency, percentile_disc(0.5) WITHIN GROUP (ORDER BY net_minor) AS net
    FROM mine GROUP BY currency),
past AS (
    SELECT m.id, count(*) AS months, avg(h.net) AS mean,
        (array_agg(h.net ORDER BY h.starts_on DESC))[1] AS last
    FROM mine m CROSS JOIN LATERAL (
        SELECT j.net_minor AS net, q.starts_on
        FROM billing_invoice j JOIN billing_billingperiod q ON q.id = j.period_id
        WHERE j.organization_id = m.organization_id AND j.state <> 'void'
            AND q.starts_on < m.starts_on
        ORDER BY q.starts_on DESC LIMIT %(months)s) h
    GROUP BY m.id),
judged AS (
    SELECT m.id, m.organization_id, m.currency, m.net_minor, past.last, past.mean, past.months,
        CASE WHEN usual.net > 0 AND m.net_minor > %(huge)s * usual.net THEN 'huge'
             WHEN past.id IS NULL THEN 'first'
             WHEN past.mean > 0 AND m.net_minor > %(times)s * past.mean THEN 'more'
             WHEN past.mean > 0 AND m.net_minor * %(times)s < past.mean THEN 'less'
             ELSE '' END AS kind
    FROM mine m JOIN usual USING (currency) LEFT JOIN past ON past.id = m.id)
"""

_OUTLIERS = f"""{_COMPARED}
SELECT j.id, o.name, j.currency, j.net_minor, j.last, j.mean, j.months, j.kind
FROM judged j JOIN billing_organization o ON o.id = j.organization_id
WHERE j.kind NOT IN ('', 'first')
ORDER BY array_position(ARRAY['huge', 'more', 'less'], j.kind),
    abs(j.net_minor - coalesce(j.mean, 0)) DESC, j.id LIMIT %(limit)s
"""  # noqa: S608 - ours
_CHANGES = f"""{_COMPARED}
SELECT j.id, o.name, j.currency, j.net_minor, j.last, j.mean, j.months, j.kind
FROM judged j JOIN billing_organization o ON o.id = j.organization_id
WHERE j.last IS NOT NULL AND j.last <> j.net_minor
ORDER BY abs(j.net_minor - j.last) DESC, j.id LIMIT %(limit)s
"""  # noqa: S608 - ours
_COUNTS = f"{_COMPARED} SELECT kind, count(*) FROM judged WHERE kind <> '' GROUP BY kind"  # noqa: S608

_UNPRICED = """
SELECT o.name, m.name, sum(b.quantity), min(b.day), max(b.day), count(*) OVER ()
FROM billing_billingperiod p
JOIN billing_usagebucket b ON b.organization_id = p.organization_id
    AND b.day >= p.starts_on AND b.day < p.ends_on AND b.events > 0
JOIN billing_organization o ON o.id = p.organization_id
JOIN billing_meter m ON m.id = b.meter_id
WHERE p.month = %(month)s AND NOT EXISTS (
    SELECT FROM billing_assignment a JOIN billing_price x ON x.version_id = a.version_id
    WHERE a.organization_id = b.organization_id AND x.meter_id = b.meter_id
        AND a.starts_on <= b.day AND (a.ends_on IS NULL OR a.ends_on > b.day)
        AND x.starts_on <= b.day AND (x.ends_on IS NULL OR x.ends_on > b.day)
        AND (x.filter_dimension = '' OR b.dimensions ->> x.filter_dimension = x.filter_value))
GROUP BY o.id, o.name, m.id, m.name ORDER BY o.name, m.name LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """An invoice of a run beside the organization's earlier ones; charges before tax."""

    invoice_id: UUID
    name: str
    now: Money
    last: Money | None
    mean: Decimal | None
    months: int
    kind: str

    @property
    def change(self) -> Money | None:
        """How much more than last month, or less."""
        return None if self.last is None else self.now - self.last

    @property
    def why(self) -> str:
        """Say in words what is unusual."""
        if self.kind == "huge":
            return f"More than {HUGE} times what is usual in this run."
        if self.kind == "first":
            return "The first invoice of this organization."
        if self.mean is None or self.kind == "":
            return ""
        mean = Money(round(self.mean), self.now.currency)
        months = f"{self.months} months" if self.months > 1 else "month"
        if self.kind == "more":
            times = Decimal(self.now.minor) / self.mean
            return f"{times:.1f} times the mean of the last {months} ({mean.display()})."
        return f"Less than a third of the mean of the last {months} ({mean.display()})."


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Usage that no price covers: it is on no invoice. `of` counts all such rows of the month."""

    organization: str
    meter: str
    quantity: Decimal
    first: Any
    last: Any
    of: int


def outliers_of(run: BillingRun, *, limit: int) -> list[Compared]:
    """Return the invoices that look wrong, the strangest first. In scope."""
    return _compared(_OUTLIERS, run, limit)


def changes_of(run: BillingRun, *, limit: int) -> list[Compared]:
    """Return the invoices that differ most from the organization's last one. In scope."""
    return _compared(_CHANGES, run, limit)


def outlier_counts(run: BillingRun) -> dict[str, int]:
    """Count invoices of a run by what is unusual: huge, more, less, first. In scope."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, _values(run, 0))
        return dict(cursor.fetchall())


def unpriced_usage(run: BillingRun, *, limit: int) -> list[Unpriced]:
    """Return usage of a run's month that has no price, by organization and meter. In scope.

    Reads the month's buckets: some seconds for many organizations.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNPRICED, {"month": run.month, "limit": limit})
        return [Unpriced(*row) for row in cursor.fetchall()]


def periods_without_invoice(run: BillingRun) -> QuerySet[BillingPeriod]:
    """Return the periods of a run's month with nothing to invoice. In scope."""
    standing = Invoice.objects.filter(period=OuterRef("pk")).exclude(state=Invoice.State.VOID)
    return BillingPeriod.objects.filter(
        ~Exists(standing), month=run.month, state=BillingPeriod.State.INVOICED
    )


def periods_waiting(run: BillingRun) -> QuerySet[BillingPeriod]:
    """Return the periods of a run's month or before that have no draft yet. In scope."""
    waiting = BillingPeriod.objects.exclude(state=BillingPeriod.State.INVOICED)
    return waiting.filter(month__lte=run.month)


def _values(run: BillingRun, limit: int) -> dict[str, Any]:
    return {"run": run.pk, "months": MONTHS, "times": TIMES, "huge": HUGE, "limit": limit}


def _compared(statement: str, run: BillingRun, limit: int) -> list[Compared]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _values(run, limit))
        return [
            Compared(
                pk, name, Money(net, currency), None if last is None else Money(last, currency),
                mean, months or 0, kind,
            )
            for pk, name, currency, net, last, mean, months, kind in cursor.fetchall()
        ]  # fmt: skip
