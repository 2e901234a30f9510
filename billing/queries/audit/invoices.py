"""Promises about what stands on an invoice."""

from __future__ import annotations

from billing.queries.audit.check import Check

_STEP = """
JOIN unnest(%(currency)s::text[], %(step)s::int[], %(smallest)s::int[])
    AS k(currency, step, smallest) ON k.currency = i.currency
"""

TOTALS_ARE_THEIR_LINES = Check(
    name="totals_are_their_lines",
    says="Total, net amount, tax and number of lines of an invoice are those of its lines.",
    sql=f"""
WITH summed AS (
    SELECT l.invoice_id, count(*) AS lines, sum(l.amount_minor) AS total, max(l.position) AS last,
        coalesce(sum(l.amount_minor) FILTER (WHERE l.kind IN
            ('recurring', 'usage', 'minimum', 'one_off', 'late', 'credit')), 0) AS net,
        coalesce(sum(l.amount_minor) FILTER (WHERE l.kind = 'tax'), 0) AS tax
    FROM billing_invoiceline l GROUP BY l.invoice_id)
SELECT i.id::text, coalesce(i.number, 'draft') || ': total ' || i.total_minor || ', lines '
    || coalesce(s.total, 0) || '; net ' || i.net_minor || ', lines ' || coalesce(s.net, 0)
    || '; ' || i.lines_count || ' lines, ' || coalesce(s.lines, 0) || ' there' AS detail
FROM billing_invoice i {_STEP}
LEFT JOIN summed s ON s.invoice_id = i.id
WHERE i.total_minor <> coalesce(s.total, 0) OR i.net_minor <> coalesce(s.net, 0)
    OR i.lines_count <> coalesce(s.lines, 0) OR coalesce(s.last, 0) <> coalesce(s.lines, 0)
    OR i.tax_minor <> CASE WHEN i.tax_is_inclusive
        THEN i.net_minor - round(i.net_minor / (1 + i.tax_percentage / 100) / k.step) * k.step
        ELSE coalesce(s.tax, 0) END
""",  # noqa: S608 - ours
)

TAX_IS_RECOMPUTED = Check(
    name="tax_is_recomputed",
    says="Exclusive tax is the percentage of the net amount, rounded half-up once.",
    sql=f"""
SELECT i.id::text, coalesce(i.number, 'draft') || ': tax ' || i.tax_minor || ' on '
    || i.net_minor || ' at ' || trim_scale(i.tax_percentage) AS detail
FROM billing_invoice i {_STEP}
WHERE NOT i.tax_is_inclusive
    AND i.tax_minor <> round(i.net_minor * i.tax_percentage / 100 / k.step) * k.step
""",  # noqa: S608 - ours
)

LINES_ARE_ROUNDED_ONCE = Check(
    name="lines_are_rounded_once",
    says="What was invoiced for a source and a period is its exact amount, rounded half-up once.",
    # A minimum is the difference of two rounded amounts, so up to one step away.
    sql=f"""
SELECT l.source_id::text AS id, l.source || ' from ' || l.charged_from || ': invoiced '
    || sum(l.amount_minor) || ', exact ' || trim_scale(round(sum(l.exact), 6)) AS detail
FROM billing_invoiceline l JOIN billing_invoice i ON i.id = l.invoice_id AND i.state <> 'void'
{_STEP}
WHERE l.charged_from >= %(since)s
GROUP BY l.organization_id, l.source, l.source_id, l.charged_from, i.currency
HAVING CASE WHEN l.source = 'minimum'
    THEN abs(sum(l.amount_minor) - sum(l.exact)) > max(k.step)
    WHEN l.source IN ('usage', 'fee')
    THEN sum(l.amount_minor) <> round(round(sum(l.exact), 9) / max(k.step)) * max(k.step)
    WHEN l.source = 'tax' THEN abs(sum(l.amount_minor) - sum(l.exact)) > max(k.step) * count(*)
    ELSE sum(l.amount_minor) <> sum(l.exact) END
""",  # noqa: S608 - ours
)

LINES_BELONG_TO_THEIR_INVOICE = Check(
    name="lines_belong_to_their_invoice",
    says="Each line is of an invoice that exists, of the same organization.",
    sql="""
SELECT l.id::text, CASE WHEN i.id IS NULL THEN 'its invoice does not exist'
    ELSE 'its invoice is of another organization' END AS detail
FROM billing_invoiceline l LEFT JOIN billing_invoice i ON i.id = l.invoice_id
WHERE i.id IS NULL OR i.organization_id <> l.organization_id
""",
)

ITEMS_ARE_INVOICED_ONCE = Check(
    name="items_are_invoiced_once",
    says="A one-off item is invoiced once, with its amount.",
    sql="""
SELECT x.id::text, x.description || ': ' || x.amount_minor || ', invoiced '
    || sum(l.amount_minor) AS detail
FROM billing_oneoffitem x
JOIN billing_invoiceline l ON l.source = 'item' AND l.source_id = x.id
    AND l.organization_id = x.organization_id AND l.charged_from = x.due_on
JOIN billing_invoice i ON i.id = l.invoice_id AND i.state <> 'void'
GROUP BY x.id HAVING sum(l.amount_minor) <> x.amount_minor
""",
)

NOTHING_CARRIED_IS_LOST = Check(
    name="nothing_carried_is_lost",
    says="What an invoice carries on stands on later ones with the same amount, or waits for them.",
    sql="""
WITH carried AS (
    SELECT i.id, i.number, i.organization_id, i.state, i.finalized_at, -l.amount_minor AS out,
        coalesce((SELECT sum(k.amount_minor) FROM billing_invoiceline k
            JOIN billing_invoice j ON j.id = k.invoice_id AND j.state <> 'void'
            WHERE k.organization_id = l.organization_id AND k.charged_from = l.charged_from
                AND k.source = 'carried_in' AND k.source_id = i.id), 0) AS back
    FROM billing_invoiceline l JOIN billing_invoice i ON i.id = l.invoice_id
    WHERE l.source = 'carried_out')
SELECT id::text, coalesce(number, 'draft') || ': carried ' || out || ', taken up ' || back AS detail
FROM carried WHERE back NOT IN (0, out) OR (state = 'draft' AND back <> 0)
UNION ALL
SELECT k.source_id::text, 'taken up by a line, but carried by no invoice'
FROM billing_invoiceline k WHERE k.source = 'carried_in' AND NOT EXISTS (
    SELECT FROM billing_invoiceline l
    WHERE l.invoice_id = k.source_id AND l.source = 'carried_out')
""",
)

CHECKS = (
    TOTALS_ARE_THEIR_LINES,
    TAX_IS_RECOMPUTED,
    LINES_ARE_ROUNDED_ONCE,
    LINES_BELONG_TO_THEIR_INVOICE,
    ITEMS_ARE_INVOICED_ONCE,
    NOTHING_CARRIED_IS_LOST,
)
