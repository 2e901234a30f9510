"""Drafts of many invoices in one statement: what `billing.queries.charges` states, stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from billing.models import BillingPeriod, BillingRun, Invoice
from billing.operations.drafts import take_back_drafts
from billing.queries.calendar import Days
from billing.queries.charges import ORDER, STATEMENT, Target, parameters
from billing.queries.statement import target_of

# An invoice for each target with lines. What an inclusive tax holds is told, not added.
_COMPILE = f"""
{STATEMENT},
drawn AS MATERIALIZED (
    SELECT s.n, gen_random_uuid() AS id, count(*) AS lines, sum(s.amount) AS total,
        sum(s.amount) FILTER (WHERE s.kind IN
            ('recurring', 'usage', 'minimum', 'one_off', 'late', 'credit')) AS net,
        sum(s.amount) FILTER (WHERE s.kind = 'tax') AS tax
    FROM statement s GROUP BY s.n),
invoice AS (
    INSERT INTO billing_invoice (id, tenant_id, organization_id, period_id, run_id, state,
        currency, payer, collection, tax_name, tax_percentage, tax_is_inclusive, net_minor,
        tax_minor, total_minor, lines_count, compiled_at, content_sha256, void_reason)
    SELECT d.id, g.tenant_id, g.id, p.id, %(run)s, 'draft', g.currency, g.payer, g.collection,
        coalesce(o.tax_name, ''), coalesce(o.tax_percentage, 0),
        coalesce(o.tax_is_inclusive, false), coalesce(d.net, 0),
        CASE WHEN o.tax_is_inclusive
             THEN d.net - round(d.net / (1 + o.tax_percentage / 100) / o.step) * o.step
             ELSE coalesce(d.tax, 0) END,
        d.total, d.lines, %(now)s, '', ''
    FROM drawn d
    JOIN payer o USING (n)
    JOIN billing_organization g ON g.id = o.organization_id
    JOIN unnest(%(period)s::uuid[]) WITH ORDINALITY AS p(id, n) ON p.n = d.n
    RETURNING id)
INSERT INTO billing_invoiceline (id, tenant_id, invoice_id, organization_id, position, kind,
    source, source_id, charged_from, product, description, starts_on, ends_on, quantity, unit,
    exact, amount_minor)
SELECT gen_random_uuid(), %(tenant)s, d.id, o.organization_id,
    row_number() OVER (PARTITION BY n ORDER BY {ORDER}), kind, source, source_id, charged_from,
    product, description, starts_on, ends_on, quantity, unit, exact, amount
FROM statement s JOIN drawn d USING (n) JOIN payer o USING (n)
"""  # noqa: S608 - ours

# Sums of a thousand organizations in memory. The planner thinks too little of arrays, and would
# sort hundreds of thousands of rows where a hash table does. Making machine code of a statement
# this long would take longer than running it, and be done for each chunk anew. The checks of
# foreign keys keep their plans: one made while there were few invoices reads all of them for each
# line, until PostgreSQL next counts the table; of ten thousand that took nine tenths of the time.
_SETTINGS = """
SET LOCAL work_mem = '64MB'; SET LOCAL enable_sort = off; SET LOCAL enable_mergejoin = off;
SET LOCAL jit = off; DISCARD PLANS
"""

# Those that usage is changing this moment are left alone: they stay flagged for the next invoice.
_LOCK_RECHECKED = """
SELECT id FROM billing_billingperiod
WHERE organization_id = ANY (%s) AND recheck_at IS NOT NULL AND state = 'invoiced'
FOR UPDATE SKIP LOCKED
"""
_SETTLED = """
UPDATE billing_billingperiod SET state = 'invoiced', recheck_at = NULL WHERE id = ANY (%s)
"""


def compile_periods(
    targets: Sequence[tuple[BillingPeriod, Target]], *, run: BillingRun | None, now: datetime
) -> None:
    """Draft an invoice for each closed period, locked by the caller; repeating finds none closed.

    Periods that were flagged because usage or prices changed later are settled in the same draft.
    A period without anything to invoice counts as invoiced and gets no draft.
    """
    nexts = [target.organization_id for _, target in targets if target.is_next]
    periods = [period.pk for period, _ in targets]
    with connection.cursor() as cursor:
        # Before buckets are read: usage that comes from now on flags its period again.
        cursor.execute(_LOCK_RECHECKED, [nexts])
        rechecked: list[UUID] = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            _COMPILE,
            {
                **parameters([target for _, target in targets]),
                "period": periods,
                "tenant": targets[0][0].tenant_id,
                "run": run.pk if run else None,
                "now": now,
            },
        )
        cursor.execute(_SETTLED, [[*rechecked, *periods]])


def compile_next(*, run: BillingRun, limit: int, now: datetime) -> int:
    """Draft invoices for up to `limit` closed periods of a run's month or before. In scope.

    Of each organization the oldest first, and none that another worker has taken. Returns how
    many periods were looked at; 0 says that nothing can be done now.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS)
    periods = list(_claimable(run.month, limit))
    if periods:
        compile_periods([(period, _target(period)) for period in periods], run=run, now=now)
    return len(periods)


def recompile(period: BillingPeriod, *, run: BillingRun | None, now: datetime) -> None:
    """Throw the draft of a period away and make it anew, from usage as it is now. In scope.

    The caller has locked the draft. What late lines of it stood for is looked at again.
    """
    take_back_drafts([period.invoices.get(state=Invoice.State.DRAFT).pk])
    compile_periods([(period, _target(period))], run=run, now=now)


def _claimable(month: date, limit: int) -> QuerySet[BillingPeriod]:
    waiting = BillingPeriod.objects.exclude(state=BillingPeriod.State.INVOICED)
    earlier = waiting.filter(
        organization=OuterRef("organization"), starts_on__lt=OuterRef("starts_on")
    )
    due = waiting.filter(~Exists(earlier), state=BillingPeriod.State.CLOSED, month__lte=month)
    locked = due.select_for_update(of=("self",), skip_locked=True).select_related("organization")
    # Without what is encrypted: opening it would cost more than all the rest.
    calendar = ("organization__anchor_day", "organization__billing_starts_on")
    read = locked.only("tenant", "starts_on", "ends_on", "whole_days", *calendar)
    return read.order_by("month", "organization_id")[:limit]


def _target(period: BillingPeriod) -> Target:
    days = Days(period.starts_on, period.ends_on, period.whole_days)
    return target_of(period.organization, days, is_next=True)
