"""Promises about what became of an invoice's money."""

from __future__ import annotations

from billing.queries.audit.check import Check

WALLET_IS_NEVER_NEGATIVE = Check(
    name="wallet_is_never_negative",
    says="Nobody has used more prepaid credit than was paid ahead.",
    sql="""
SELECT organization_id::text AS id, 'balance ' || sum(amount_minor) AS detail
FROM billing_walletentry GROUP BY organization_id HAVING sum(amount_minor) < 0
""",
)

PREPAID_IS_IN_THE_WALLET = Check(
    name="prepaid_is_in_the_wallet",
    says="Prepaid credit on final invoices left the wallet; that of void ones came back.",
    sql="""
WITH on_invoice AS (
    SELECT i.id, i.number, i.state, coalesce(sum(l.amount_minor), 0) AS used
    FROM billing_invoice i LEFT JOIN billing_invoiceline l
        ON l.invoice_id = i.id AND l.source = 'prepaid'
    WHERE i.state <> 'draft' GROUP BY i.id),
in_wallet AS (
    SELECT w.invoice_id, sum(w.amount_minor) AS moved FROM billing_walletentry w
    WHERE w.kind IN ('used', 'returned') GROUP BY w.invoice_id)
SELECT coalesce(i.id, w.invoice_id)::text AS id, coalesce(i.number, 'no invoice') || ': used '
    || coalesce(i.used, 0) || ', wallet ' || coalesce(w.moved, 0) AS detail
FROM on_invoice i FULL JOIN in_wallet w ON w.invoice_id = i.id
WHERE coalesce(w.moved, 0)
    <> CASE WHEN i.state = 'final' THEN coalesce(i.used, 0) ELSE 0 END
""",
)

CREDIT_NOTES_WITHIN_THEIR_INVOICE = Check(
    name="credit_notes_within_invoice",
    says="Credit notes of an invoice never exceed what was to be paid and what it took prepaid.",
    sql="""
WITH noted AS (
    SELECT n.invoice_id, sum(n.amount_minor) AS amount,
        sum(n.amount_minor) FILTER (WHERE n.settled_by <> 'prepaid') AS cash
    FROM billing_creditnote n WHERE n.state = 'issued' GROUP BY n.invoice_id)
SELECT i.id::text, coalesce(i.number, 'draft') || ': ' || i.total_minor || ', credited '
    || n.amount AS detail
FROM noted n JOIN billing_invoice i ON i.id = n.invoice_id
WHERE n.amount > i.total_minor - coalesce((SELECT sum(l.amount_minor) FROM billing_invoiceline l
        WHERE l.invoice_id = i.id AND l.source = 'prepaid'), 0)
    OR n.cash > i.total_minor OR i.state = 'draft'
""",
)

CREDIT_NOTES_ARE_THEIR_LINES = Check(
    name="credit_notes_are_their_lines",
    says="A credit note is the sum of its lines, in the currency of its invoice, for its lines.",
    sql="""
SELECT n.id::text, n.number || ': ' || n.amount_minor || ', lines '
    || coalesce(sum(c.amount_minor), 0) AS detail
FROM billing_creditnote n
JOIN billing_invoice i ON i.id = n.invoice_id
LEFT JOIN billing_creditnoteline c ON c.credit_note_id = n.id
LEFT JOIN billing_invoiceline l ON l.id = c.line_id
GROUP BY n.id, i.id
HAVING coalesce(sum(c.amount_minor), 0) <> n.amount_minor OR n.currency <> i.currency
    OR bool_or(l.invoice_id <> i.id)
UNION ALL
SELECT l.id::text, l.description || ': ' || l.amount_minor || ', credited ' || sum(c.amount_minor)
FROM billing_creditnoteline c
JOIN billing_creditnote n ON n.id = c.credit_note_id AND n.state = 'issued'
JOIN billing_invoiceline l ON l.id = c.line_id
GROUP BY l.id HAVING sum(c.amount_minor) > l.amount_minor
""",
)

CREDIT_IN_THE_WALLET = Check(
    name="credit_notes_in_the_wallet",
    says="A credit note kept as prepaid credit is in the wallet once; a void one is out again.",
    sql="""
WITH moved AS (
    SELECT w.idempotency_key AS key, sum(w.amount_minor) AS amount FROM billing_walletentry w
    WHERE w.idempotency_key LIKE 'credit-note:%%' GROUP BY 1)
SELECT n.id::text, n.number || ': ' || n.amount_minor || ', wallet '
    || coalesce(m.amount, 0) + coalesce(v.amount, 0) AS detail
FROM billing_creditnote n
LEFT JOIN moved m ON m.key = 'credit-note:' || n.id
LEFT JOIN moved v ON v.key = 'credit-note:' || n.id || ':void'
WHERE coalesce(m.amount, 0) + coalesce(v.amount, 0)
    <> CASE WHEN n.settled_by = 'prepaid' AND n.state = 'issued' THEN n.amount_minor ELSE 0 END
""",
)

ONE_PUSH_FOR_EACH_INVOICE = Check(
    name="one_push_per_invoice",
    says="Each final invoice with something to pay has one way to Stripe; no other has one.",
    sql="""
SELECT i.id::text, coalesce(i.number, 'draft') || ' (' || i.state || '): ' || i.total_minor || ', '
    || count(p.id) || ' pushes' AS detail
FROM billing_invoice i LEFT JOIN billing_push p ON p.invoice_id = i.id
GROUP BY i.id
HAVING count(p.id) > 1 OR (i.state = 'final' AND i.total_minor > 0 AND count(p.id) = 0)
    OR (count(p.id) > 0 AND (i.state = 'draft' OR i.total_minor = 0))
""",
)

PUSHED_HAS_ONE_STRIPE_ID = Check(
    name="pushed_has_one_stripe_id",
    says="What is at Stripe has an id there, and no two of ours have the same.",
    sql="""
SELECT p.id::text, coalesce(p.stripe_id, 'no id') || ' (' || p.state || ')' AS detail
FROM billing_push p
WHERE (p.state = 'done' AND p.invoice_id IS NOT NULL AND p.step = 'done' AND p.stripe_id IS NULL
       AND EXISTS (SELECT FROM billing_invoice i WHERE i.id = p.invoice_id AND i.state = 'final'))
    OR (p.stripe_id IS NOT NULL AND EXISTS (
        SELECT FROM billing_push q WHERE q.stripe_id = p.stripe_id AND q.id <> p.id))
UNION ALL
SELECT o.id::text, 'shares customer ' || o.stripe_customer_id FROM billing_organization o
WHERE EXISTS (SELECT FROM billing_organization x
    WHERE x.stripe_customer_id = o.stripe_customer_id AND x.id <> o.id)
""",
)

STANDING_FITS = Check(
    name="standing_fits_invoice",
    says="Each final invoice has a standing that fits it: nothing due, paid in full, or void.",
    sql="""
SELECT i.id::text, i.number || ' (' || i.state || ', ' || i.total_minor || '): '
    || coalesce(s.state, 'no standing') AS detail
FROM billing_invoice i LEFT JOIN billing_invoicestanding s ON s.invoice_id = i.id
WHERE i.state <> 'draft' AND (s.id IS NULL
    OR (i.total_minor = 0 AND i.state = 'final' AND s.state <> 'nothing_due')
    OR (i.total_minor > 0 AND s.state = 'nothing_due')
    OR (s.state = 'void' AND i.state <> 'void'))
UNION ALL
SELECT s.id::text, 'a draft has a standing' FROM billing_invoicestanding s
JOIN billing_invoice i ON i.id = s.invoice_id AND i.state = 'draft'
""",
)

MONEY_IS_CONSERVED = Check(
    name="money_is_conserved",
    says="Invoiced is paid, credited, written off or still open: never more, never gone.",
    sql="""
WITH money AS (
    SELECT i.id, i.number, i.total_minor, s.state, s.paid_minor, s.refunded_minor,
        coalesce((SELECT sum(n.amount_minor) FROM billing_creditnote n WHERE n.invoice_id = i.id
            AND n.state = 'issued' AND n.settled_by = 'open_amount'), 0) AS credited
    FROM billing_invoice i JOIN billing_invoicestanding s ON s.invoice_id = i.id
    WHERE i.state = 'final')
SELECT id::text, number || ': ' || total_minor || ' invoiced, ' || paid_minor || ' paid, '
    || credited || ' credited, ' || refunded_minor || ' refunded, ' || state AS detail
FROM money
WHERE paid_minor + credited - refunded_minor > total_minor OR refunded_minor > paid_minor
    OR (state = 'paid' AND paid_minor + credited < total_minor)
    OR (state = 'unsent' AND paid_minor > 0)
""",
)

ALERTS_FIRE_ONCE = Check(
    name="alerts_fire_once",
    says="An alert is told once for each threshold and period.",
    sql="""
SELECT min(f.id::text) AS id, count(*) || ' times for ' || f.period_starts_on AS detail
FROM billing_alertfiring f GROUP BY f.alert_id, f.period_starts_on, f.threshold
HAVING count(*) > 1
""",
)

CHECKS = (
    WALLET_IS_NEVER_NEGATIVE,
    PREPAID_IS_IN_THE_WALLET,
    CREDIT_NOTES_WITHIN_THEIR_INVOICE,
    CREDIT_NOTES_ARE_THEIR_LINES,
    CREDIT_IN_THE_WALLET,
    ONE_PUSH_FOR_EACH_INVOICE,
    PUSHED_HAS_ONE_STRIPE_ID,
    STANDING_FITS,
    MONEY_IS_CONSERVED,
    ALERTS_FIRE_ONCE,
)
