"""What organizations owe: the one statement behind a preview, a run and a what-if.

Set-based, since a run makes tens of thousands of invoices: one statement reads the buckets of a
thousand organizations in one pass, where the ORM would need seven statements for each. Every
charge has a source (a price, a fee, an item) and a period, and a line is what the source owes for
the period by now, less what invoices that are not void hold of it already. So late usage, a plan
changed afterwards and a fee paid in advance need no rules of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from core.currencies import CURRENCIES

# Days of a target, of the period after it, and of earlier ones that must be looked at again.
_SPANS = """
target AS (
    SELECT * FROM unnest(
        %(organization)s::uuid[], %(starts_on)s::date[], %(ends_on)s::date[],
        %(whole_days)s::int[], %(next_ends_on)s::date[], %(next_whole_days)s::int[],
        %(is_next)s::bool[])
    WITH ORDINALITY AS t(organization_id, starts_on, ends_on, whole_days, next_ends_on,
                         next_whole_days, is_next, n)),
span AS (
    SELECT n, organization_id, starts_on, ends_on, whole_days, 'own' AS part FROM target
    UNION ALL
    SELECT n, organization_id, ends_on, next_ends_on, next_whole_days, 'next' FROM target
    UNION ALL
    SELECT t.n, t.organization_id, p.starts_on, p.ends_on, p.whole_days, 'recheck'
    FROM target t JOIN billing_billingperiod p ON p.organization_id = t.organization_id
        AND p.recheck_at IS NOT NULL AND p.state = 'invoiced' AND p.starts_on < t.starts_on
    WHERE t.is_next AND NOT %(only_charges)s),
segment AS (
    SELECT s.n, s.organization_id, s.part, s.starts_on AS charged_from,
        s.ends_on AS charged_until, s.whole_days, coalesce(w.id, a.version_id) AS version_id,
        greatest(s.starts_on, a.starts_on) AS starts_on,
        least(s.ends_on, coalesce(a.ends_on, s.ends_on)) AS ends_on
    FROM span s
    JOIN billing_assignment a ON a.organization_id = s.organization_id
        AND a.starts_on < s.ends_on AND (a.ends_on IS NULL OR a.ends_on > s.starts_on)
    JOIN billing_planversion v ON v.id = a.version_id
    LEFT JOIN billing_planversion w ON w.id = %(instead)s::uuid AND w.plan_id = v.plan_id),
"""

# Each day of usage meets exactly one price: the one for its dimension's value, else the general
# one. Mostly a meter has one price for all days and dimensions of a span: then its buckets are
# summed as they are read, which takes half the time of asking each bucket which price it meets.
# OFFSET 0 keeps the planner from reading an organization's buckets once for each price, and
# LATERAL from reading those of all organizations for each chunk of a run; one number to group by
# (k) spares sorting by three. What meters need that do not add up is read for them alone, and is
# nothing where there are none.
#
# The planner takes what is priced for a handful of rows, where a run has tens of thousands, and
# would compare each with each. FULL JOIN leaves it the hash table only, as long as no condition
# makes an inner join of it: hence coalesce, and no row is ever without its partner on the left.
_MEETS = """
    b.meter_id = p.meter_id
    AND b.day >= p.starts_on AND b.day < p.ends_on AND b.events > 0
    AND (p.filter_dimension = '' OR b.dimensions ->> p.filter_dimension = p.filter_value)
    AND (NOT p.has_exceptions OR NOT EXISTS (
        SELECT FROM billing_price f WHERE f.version_id = p.version_id AND f.meter_id = p.meter_id
        AND f.filter_dimension <> '' AND b.dimensions ->> f.filter_dimension = f.filter_value
        AND b.day >= f.starts_on AND (f.ends_on IS NULL OR b.day < f.ends_on)))
"""
_QUANTITIES = f"""
priced AS MATERIALIZED (
    SELECT row_number() OVER () AS k, g.n, g.organization_id, g.charged_from, g.charged_until,
        g.whole_days, g.version_id, p.id AS price_id, p.meter_id, m.aggregation, p.model,
        p.filter_dimension, p.filter_value, p.included, p.package_size, p.minimum_minor,
        greatest(g.starts_on, p.starts_on) AS starts_on,
        least(g.ends_on, coalesce(p.ends_on, g.ends_on)) AS ends_on,
        p.filter_dimension = '' AND EXISTS (
            SELECT FROM billing_price f WHERE f.version_id = p.version_id
            AND f.meter_id = p.meter_id AND f.filter_dimension <> '') AS has_exceptions
    FROM segment g JOIN billing_price p ON p.version_id = g.version_id
        AND p.starts_on < g.ends_on AND (p.ends_on IS NULL OR p.ends_on > g.starts_on)
    JOIN billing_meter m ON m.id = p.meter_id
    WHERE g.part <> 'next'),
used AS MATERIALIZED (
    SELECT n, organization_id, charged_from, charged_until,
        bool_and(filter_dimension = '' AND NOT has_exceptions
            AND starts_on = charged_from AND ends_on = charged_until) AS is_plain,
        bool_or(aggregation = 'max') AS has_largest
    FROM priced WHERE aggregation IN ('sum', 'count', 'max')
    GROUP BY n, organization_id, charged_from, charged_until),
plain AS (
    SELECT u.n, u.charged_from, d.*
    FROM used u CROSS JOIN LATERAL (
        SELECT b.meter_id, sum(b.quantity) AS total,
            max(b.quantity) FILTER (WHERE u.has_largest) AS largest
        FROM billing_usagebucket b WHERE b.organization_id = u.organization_id
            AND b.day >= u.charged_from AND b.day < u.charged_until AND b.events > 0
        GROUP BY b.meter_id OFFSET 0) d
    WHERE u.is_plain),
parted AS (
    SELECT p.k, sum(b.quantity) AS total, max(b.quantity) AS largest
    FROM (
        SELECT u.n, u.charged_from, d.*
        FROM used u CROSS JOIN LATERAL (
            SELECT b.meter_id, b.day, b.quantity, b.dimensions, b.events
            FROM billing_usagebucket b WHERE b.organization_id = u.organization_id
                AND b.day >= u.charged_from AND b.day < u.charged_until OFFSET 0) d
        WHERE NOT u.is_plain OFFSET 0) b
    JOIN priced p ON p.n = b.n AND p.charged_from = b.charged_from AND {_MEETS}
    WHERE p.aggregation IN ('sum', 'count', 'max') GROUP BY p.k),
other AS (
    (
    SELECT DISTINCT ON (p.n, p.charged_from, p.price_id)
        p.n, p.charged_from, p.price_id, b.quantity
    FROM priced p JOIN billing_usagebucket b ON b.organization_id = p.organization_id AND {_MEETS}
    WHERE p.aggregation = 'latest'
    ORDER BY p.n, p.charged_from, p.price_id, b.last_at DESC, b.quantity DESC)
    UNION ALL
    SELECT p.n, p.charged_from, p.price_id, count(DISTINCT e.value)::numeric
    FROM priced p JOIN billing_usagebucket b ON b.organization_id = p.organization_id AND {_MEETS}
    JOIN billing_usageevent e ON e.bucket_id = b.id AND e.kind <> 'void'
    WHERE p.aggregation = 'unique' AND NOT EXISTS (
        SELECT FROM billing_usageevent c
        WHERE c.tenant_id = e.tenant_id AND c.corrects = e.idempotency_key)
    GROUP BY p.n, p.charged_from, p.price_id),
"""  # noqa: S608 - ours

# The rule of billing.rating, for all at once.
_RATED = """
held AS (
    SELECT n, p.organization_id, charged_from, p.whole_days, p.price_id, p.meter_id, p.model,
        p.filter_value, p.included, p.package_size, p.minimum_minor,
        min(p.starts_on) AS starts_on, max(p.ends_on) AS ends_on,
        sum(p.ends_on - p.starts_on) AS days,
        CASE WHEN min(p.aggregation) = 'max' THEN greatest(max(a.largest), max(b.largest))
             WHEN min(p.aggregation) IN ('sum', 'count')
             THEN coalesce(sum(a.total) + sum(b.total), sum(a.total), sum(b.total)) END AS quantity
    FROM priced p FULL JOIN plain a USING (n, charged_from, meter_id) FULL JOIN parted b USING (k)
    GROUP BY n, p.organization_id, charged_from, p.whole_days, p.price_id, p.meter_id, p.model,
        p.filter_value, p.included, p.package_size, p.minimum_minor),
counted AS (
    SELECT h.organization_id, n, charged_from, h.whole_days, price_id, h.starts_on, h.ends_on,
        h.days, h.meter_id, h.model, h.filter_value, h.minimum_minor, o.step, q.quantity,
        CASE WHEN h.package_size IS NULL THEN greatest(q.quantity - h.included, 0)
             ELSE ceil(greatest(q.quantity - h.included, 0) / h.package_size) END AS units
    FROM held h FULL JOIN other x USING (n, charged_from, price_id)
    CROSS JOIN LATERAL (SELECT coalesce(x.quantity, h.quantity) AS quantity) q
    JOIN payer o USING (n)
    WHERE q.quantity IS NOT NULL OR h.minimum_minor > 0),
rated AS (
    SELECT c.n, c.organization_id, c.charged_from, c.price_id, c.starts_on, c.ends_on, c.quantity,
        c.meter_id, c.filter_value, c.step,
        coalesce(sum(CASE WHEN c.model = 'volume' THEN c.units
                     ELSE least(c.units, coalesce(t.up_to, c.units)) - t.above END
                     * t.rate + t.flat), 0) AS exact,
        c.minimum_minor::numeric * c.days / c.whole_days AS minimum
    FROM counted c LEFT JOIN billing_pricetier t ON t.price_id = c.price_id
        AND c.units > t.above
        AND (c.model <> 'volume' OR t.up_to IS NULL OR c.units <= t.up_to)
    GROUP BY c.n, c.organization_id, c.charged_from, c.price_id, c.starts_on, c.ends_on,
        c.quantity, c.meter_id, c.filter_value, c.step, c.minimum_minor, c.days, c.whole_days),
fee AS (
    SELECT g.n, g.organization_id, g.charged_from, f.id, f.product, f.name,
        min(g.starts_on) AS starts_on, max(g.ends_on) AS ends_on,
        CASE WHEN f.is_prorated
             THEN f.amount_minor::numeric * sum(g.ends_on - g.starts_on) / g.whole_days
             ELSE f.amount_minor END AS exact
    FROM segment g JOIN billing_recurringfee f ON f.version_id = g.version_id
        AND (g.part <> 'next' OR (f.timing = 'advance' AND NOT %(only_charges)s))
    JOIN target t ON t.n = g.n
    -- While an earlier period waits for its invoice, that one asks for this one's in advance.
    WHERE t.is_next OR %(only_charges)s OR g.part = 'next' OR f.timing = 'arrears'
    GROUP BY g.n, g.organization_id, g.charged_from, g.whole_days, f.id),
owed AS (
    SELECT r.n, 'usage' AS source, r.price_id AS source_id, r.charged_from,
        m.product, CASE WHEN r.filter_value = '' THEN m.name
                        ELSE m.name || ': ' || r.filter_value END AS description,
        r.starts_on, r.ends_on, r.quantity, m.unit, r.exact,
        round(r.exact / r.step) * r.step AS amount
    FROM rated r JOIN billing_meter m ON m.id = r.meter_id WHERE r.quantity IS NOT NULL
    UNION ALL
    SELECT r.n, 'minimum', r.price_id, r.charged_from, m.product, 'Minimum: ' || m.name,
        r.starts_on, r.ends_on, NULL, '', r.minimum - r.exact,
        round(r.minimum / r.step) * r.step - round(r.exact / r.step) * r.step
    FROM rated r JOIN billing_meter m ON m.id = r.meter_id
    WHERE round(r.minimum / r.step) > round(r.exact / r.step)
    UNION ALL
    SELECT f.n, 'fee', f.id, f.charged_from, f.product, f.name, f.starts_on, f.ends_on,
        NULL, '', f.exact, round(f.exact / o.step) * o.step
    FROM fee f JOIN payer o USING (n)),
"""

# What was invoiced for the same spans, also where nothing is owed any more. LATERAL again: of a
# table that was empty a moment ago the planner knows nothing, and would read all lines of a month
# for each chunk of its run.
_CHARGED = """
before AS (
    SELECT s.n, l.source, l.source_id, l.charged_from, min(l.product) AS product,
        min(l.description) AS description, min(l.starts_on) AS starts_on,
        max(l.ends_on) AS ends_on, sum(l.quantity) AS quantity, min(l.unit) AS unit,
        sum(l.exact) AS exact, sum(l.amount_minor) AS amount
    FROM span s
    CROSS JOIN LATERAL (
        SELECT l.* FROM billing_invoiceline l
        JOIN billing_invoice i ON i.id = l.invoice_id AND i.state <> 'void'
        WHERE l.organization_id = s.organization_id AND l.charged_from = s.starts_on
            AND l.source IN ('usage', 'minimum', 'fee') OFFSET 0) l
    JOIN target t ON t.n = s.n
    WHERE NOT %(only_charges)s
        -- Of the period after, which may be invoiced already, what is owed in advance alone.
        AND (s.part <> 'next' OR l.source = 'fee' AND EXISTS (
            SELECT FROM billing_recurringfee f WHERE f.id = l.source_id AND f.timing = 'advance'))
        AND (t.is_next OR s.part <> 'own' OR l.source <> 'fee' OR EXISTS (
            SELECT FROM billing_recurringfee f WHERE f.id = l.source_id AND f.timing = 'arrears'))
    GROUP BY s.n, l.source, l.source_id, l.charged_from),
charge AS (
    SELECT n, source, source_id, charged_from,
        coalesce(o.product, b.product) AS product,
        coalesce(o.description, b.description) AS description,
        coalesce(o.starts_on, b.starts_on) AS starts_on,
        coalesce(o.ends_on, b.ends_on) AS ends_on,
        CASE WHEN o.quantity IS NOT NULL OR b.quantity IS NOT NULL
             THEN coalesce(o.quantity, 0) - coalesce(b.quantity, 0) END AS quantity,
        coalesce(o.unit, b.unit) AS unit,
        coalesce(o.exact, 0) - coalesce(b.exact, 0) AS exact,
        coalesce(o.amount, 0) - coalesce(b.amount, 0) AS amount,
        b.n IS NOT NULL OR charged_from < t.starts_on AS is_late
    FROM owed o FULL JOIN before b USING (n, source, source_id, charged_from)
    JOIN target t USING (n)),
"""

_LINES = """
item AS (
    SELECT t.n, x.id, x.due_on, x.product, x.description,
        x.amount_minor - coalesce((
            SELECT sum(l.amount_minor) FROM billing_invoiceline l
            JOIN billing_invoice i ON i.id = l.invoice_id AND i.state <> 'void'
            WHERE l.organization_id = x.organization_id AND l.charged_from = x.due_on
                AND l.source_id = x.id AND l.source = 'item'), 0) AS amount
    FROM target t JOIN billing_oneoffitem x ON x.organization_id = t.organization_id
        AND x.due_on < t.ends_on AND (t.is_next OR x.due_on >= t.starts_on)
        AND x.cancelled_at IS NULL
    WHERE NOT %(only_charges)s),
carried_in AS (
    SELECT t.n, i.id, l.charged_from, l.ends_on,
        CASE WHEN i.state = 'final' THEN -l.amount_minor ELSE 0 END - coalesce((
            SELECT sum(k.amount_minor) FROM billing_invoiceline k
            JOIN billing_invoice j ON j.id = k.invoice_id AND j.state <> 'void'
            WHERE k.organization_id = l.organization_id AND k.charged_from = l.charged_from
                AND k.source_id = i.id AND k.source = 'carried_in'), 0) AS amount, i.number
    FROM target t JOIN billing_invoiceline l ON l.organization_id = t.organization_id
        AND l.source = 'carried_out'
    JOIN billing_invoice i ON i.id = l.invoice_id AND i.state <> 'draft'
    WHERE t.is_next AND NOT %(only_charges)s),
line AS (
    SELECT n, CASE WHEN is_late AND amount < 0 THEN 'credit'
                   WHEN is_late AND (source <> 'fee' OR charged_from < t.starts_on) THEN 'late'
                   WHEN source = 'fee' THEN 'recurring' ELSE source END AS kind,
        c.source, c.source_id, c.charged_from, c.product, c.description, c.starts_on, c.ends_on,
        c.quantity, c.unit, c.exact, c.amount
    FROM charge c JOIN target t USING (n)
    WHERE c.amount <> 0 OR c.quantity <> 0 OR (NOT c.is_late AND c.source = 'usage')
    UNION ALL
    SELECT n, CASE WHEN amount < 0 THEN 'credit' ELSE 'one_off' END, 'item', id, due_on, product,
        description, due_on, due_on + 1, NULL, '', amount, amount
    FROM item WHERE amount <> 0),
net AS (
    SELECT t.n, t.starts_on, t.ends_on, coalesce(sum(l.amount), 0) AS net, count(l.n) AS lines
    FROM target t LEFT JOIN line l USING (n) GROUP BY t.n, t.starts_on, t.ends_on),
tax AS (
    SELECT n, o.tax_id, o.tax_name, o.tax_percentage,
        net.net * o.tax_percentage / 100 AS exact,
        round(net.net * o.tax_percentage / 100 / o.step) * o.step AS amount
    FROM net JOIN payer o USING (n)
    WHERE o.tax_id IS NOT NULL AND NOT o.tax_is_inclusive AND net.net <> 0),
brought AS (SELECT n, sum(amount) AS amount FROM carried_in GROUP BY n),
due AS (
    SELECT n, net.net + coalesce(tax.amount, 0) + coalesce(b.amount, 0) AS amount
    FROM net LEFT JOIN tax USING (n) LEFT JOIN brought b USING (n)),
prepaid AS (
    SELECT n, least(due.amount, o.prepaid) AS amount
    FROM due JOIN payer o USING (n)
    WHERE due.amount > 0 AND o.prepaid > 0 AND NOT %(only_charges)s),
rest AS (
    SELECT n, due.amount - coalesce(p.amount, 0) AS amount
    FROM due LEFT JOIN prepaid p USING (n)),
settled AS (
    SELECT n, -r.amount AS amount,
        CASE WHEN r.amount > 0 AND (o.below_minimum = 'waive' OR o.is_closed) THEN 'waived'
             ELSE 'carried' END AS kind
    FROM rest r JOIN payer o USING (n)
    WHERE (r.amount < 0 OR (r.amount > 0 AND r.amount < o.smallest AND o.below_minimum <> 'push'))
        AND NOT %(only_charges)s),
statement AS (
    SELECT n, kind, source, source_id, charged_from, product, description, starts_on, ends_on,
        quantity, unit, exact, amount FROM line
    UNION ALL
    SELECT t.n, 'tax', 'tax', t.tax_id, net.starts_on, '',
        t.tax_name || ' ' || trim_scale(t.tax_percentage) || ' %%', net.starts_on, net.ends_on,
        NULL, '', t.exact, t.amount
    FROM tax t JOIN net USING (n) WHERE t.amount <> 0
    UNION ALL
    SELECT c.n, 'carried', 'carried_in', c.id, c.charged_from, '',
        'Carried from invoice ' || c.number, c.charged_from, c.ends_on, NULL, '',
        c.amount, c.amount
    FROM carried_in c WHERE c.amount <> 0
    UNION ALL
    SELECT p.n, 'prepaid', 'prepaid', o.organization_id, net.starts_on, '',
        'Prepaid credit used', net.starts_on, net.ends_on, NULL, '', -p.amount, -p.amount
    FROM prepaid p JOIN payer o USING (n) JOIN net USING (n)
    UNION ALL
    SELECT s.n, s.kind, CASE s.kind WHEN 'waived' THEN 'waived' ELSE 'carried_out' END,
        o.organization_id, net.starts_on, '',
        CASE WHEN s.kind = 'waived' THEN 'Waived: too small to be charged'
             WHEN s.amount > 0 THEN 'Credit carried to your next invoice'
             ELSE 'Carried to your next invoice: too small to be charged' END,
        net.starts_on, net.ends_on, NULL, '', s.amount, s.amount
    FROM settled s JOIN payer o USING (n) JOIN net USING (n))
"""

_PAYER = """
payer AS (
    SELECT t.n, o.id AS organization_id, o.below_minimum, o.state = 'closed' AS is_closed,
        x.id AS tax_id, x.name AS tax_name, x.percentage AS tax_percentage,
        x.is_inclusive AS tax_is_inclusive, k.step, k.smallest,
        (SELECT coalesce(sum(w.amount_minor), 0) FROM billing_walletentry w
            WHERE w.organization_id = o.id)
        + (SELECT coalesce(sum(l.amount_minor), 0) FROM billing_invoice i
            JOIN billing_invoiceline l ON l.invoice_id = i.id AND l.source = 'prepaid'
            WHERE i.organization_id = o.id AND i.state = 'draft') AS prepaid
    FROM target t
    JOIN billing_organization o ON o.id = t.organization_id
    JOIN unnest(%(currency)s::text[], %(step)s::int[], %(smallest)s::int[])
        AS k(currency, step, smallest) ON k.currency = o.currency
    LEFT JOIN billing_taxrate x ON x.id = o.tax_rate_id),
"""

STATEMENT = "WITH " + _SPANS + _PAYER + _QUANTITIES + _RATED + _CHARGED + _LINES

# In which order lines stand on an invoice.
ORDER = """
array_position(ARRAY['recurring', 'usage', 'minimum', 'one_off', 'late', 'credit', 'tax',
    'carried', 'prepaid', 'waived'], kind),
product, description, charged_from, starts_on, source_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One period of one organization to be stated.

    `is_next`: no earlier period waits for its invoice, so that what is late or left over comes
    here. The days of the following period are needed for fees in advance.
    """

    organization_id: UUID
    starts_on: date
    ends_on: date
    whole_days: int
    next_ends_on: date
    next_whole_days: int
    is_next: bool


def parameters(
    targets: Sequence[Target], *, instead: UUID | None = None, only_charges: bool = False
) -> dict[str, Any]:
    """Return the parameters of STATEMENT.

    `instead`: a plan version to rate by, in place of the versions of the same plan that were held.
    `only_charges`: usage, minimums and fees of the periods alone, as if nothing were invoiced.
    """
    known = CURRENCIES.values()
    return {
        "organization": [target.organization_id for target in targets],
        "starts_on": [target.starts_on for target in targets],
        "ends_on": [target.ends_on for target in targets],
        "whole_days": [target.whole_days for target in targets],
        "next_ends_on": [target.next_ends_on for target in targets],
        "next_whole_days": [target.next_whole_days for target in targets],
        "is_next": [target.is_next for target in targets],
        "instead": instead,
        "only_charges": only_charges,
        "currency": [currency.code for currency in known],
        "step": [currency.step for currency in known],
        "smallest": [currency.minimum for currency in known],
    }
