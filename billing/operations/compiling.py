"""Drafts of many invoices in one statement: what `billing.queries.charges` states, stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from billing.models import BillingPeriod, BillingRun
from billing.queries.charges import ORDER, STATEMENT, Target, parameters

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

_LOCK_RECHECKED = """
SELECT id FROM billing_billingperiod
WHERE organization_id = ANY (%s) AND recheck_at IS NOT NULL AND state = 'invoiced'
ORDER BY id FOR UPDATE
"""


def compile_periods(
    targets: Sequence[tuple[BillingPeriod, Target]], *, run: BillingRun | None, now: datetime
) -> None:
    """Draft an invoice for each closed period, locked by the caller; repeating finds none closed.

    Periods that were flagged because usage or prices changed later are settled in the same draft.
    A period without anything to invoice counts as invoiced and gets no draft.
    """
    with connection.cursor() as cursor:
        nexts = [target.organization_id for _, target in targets if target.is_next]
        # Before buckets are read: usage that comes from now on flags its period again.
        cursor.execute(_LOCK_RECHECKED, [nexts])
        rechecked: list[UUID] = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            _COMPILE,
            {
                **parameters([target for _, target in targets]),
                "period": [period.pk for period, _ in targets],
                "tenant": targets[0][0].tenant_id,
                "run": run.pk if run else None,
                "now": now,
            },
        )
    BillingPeriod.objects.filter(pk__in=rechecked).update(recheck_at=None)
    BillingPeriod.objects.filter(pk__in=[period.pk for period, _ in targets]).update(
        state=BillingPeriod.State.INVOICED
    )
