"""Promises about periods, numbers and days."""

from __future__ import annotations

from billing.queries.audit.check import Check

PERIODS_TILE = Check(
    name="periods_tile",
    says="Periods of an organization begin where its billing does, without gap or overlap.",
    sql="""
SELECT p.id::text, o.code || ': ' || p.starts_on || ' follows '
    || coalesce(p.before::text, 'the start of billing on ' || o.billing_starts_on) AS detail
FROM (
    SELECT *, lag(ends_on) OVER w AS before, lag(ends_at) OVER w AS before_at
    FROM billing_billingperiod
    WINDOW w AS (PARTITION BY organization_id ORDER BY starts_on)) p
JOIN billing_organization o ON o.id = p.organization_id
WHERE p.starts_on <> coalesce(p.before, o.billing_starts_on)
    OR p.starts_at <> coalesce(p.before_at, p.starts_at)
""",
)

PERIODS_FOLLOW_THE_CALENDAR = Check(
    name="periods_follow_calendar",
    says="Each period ends on the anchor day, and begins and ends at midnight of its zone.",
    sql="""
WITH clock AS (
    SELECT p.*, o.code, o.anchor_day, p.starts_on::timestamp AT TIME ZONE o.time_zone AS start_wall,
        p.ends_on::timestamp AT TIME ZONE o.time_zone AS end_wall
    FROM billing_billingperiod p JOIN billing_organization o ON o.id = p.organization_id)
SELECT id::text, code || ': ' || starts_on || ' to ' || ends_on AS detail
FROM clock
WHERE extract(day FROM ends_on) <> least(anchor_day, extract(day FROM
        date_trunc('month', ends_on) + interval '1 month - 1 day'))
    OR ends_on > starts_on + interval '1 month 3 days'
    OR month <> date_trunc('month', ends_on - 1)
    -- Of two midnights the first one counts; PostgreSQL takes the second.
    OR starts_at NOT IN (start_wall, start_wall - interval '1 hour')
    OR ends_at NOT IN (end_wall, end_wall - interval '1 hour')
""",
)

CLOSED_THROUGH = Check(
    name="closed_through_last_closed_day",
    says="Usage is late for exactly the days of closed periods.",
    sql="""
SELECT o.id::text, o.code || ': closed through ' || coalesce(o.closed_through::text, 'nothing')
    || ', periods say ' || coalesce(c.last_day::text, 'nothing') AS detail
FROM billing_organization o
LEFT JOIN (SELECT organization_id, max(ends_on) - 1 AS last_day FROM billing_billingperiod
           WHERE state <> 'open' GROUP BY organization_id) c ON c.organization_id = o.id
WHERE o.closed_through IS DISTINCT FROM c.last_day
""",
)

ONE_INVOICE_A_PERIOD = Check(
    name="one_invoice_per_period",
    says="A period has one invoice at most that is not void, and is then marked as invoiced.",
    sql="""
SELECT p.id::text, 'invoices ' || count(i.id) || ', state ' || p.state AS detail
FROM billing_billingperiod p JOIN billing_invoice i ON i.period_id = p.id AND i.state <> 'void'
GROUP BY p.id HAVING count(i.id) > 1 OR p.state <> 'invoiced'
    OR bool_or(i.organization_id <> p.organization_id)
""",
)

_NUMBERS = """
numbered AS (
    SELECT 'invoice' AS kind, id, number, finalized_at AS at FROM billing_invoice
    WHERE number IS NOT NULL
    UNION ALL SELECT 'credit_note', id, number, NULL FROM billing_creditnote),
split AS (
    SELECT kind, id, number, at, regexp_replace(number, '[0-9]+$', '') AS prefix,
        substring(number FROM '[0-9]+$')::numeric AS n FROM numbered)
"""

NUMBERS_WITHOUT_GAPS = Check(
    name="numbers_without_gaps",
    says="Numbers of a series are unique and have no gap, up to the next one to be given.",
    sql=f"""
WITH {_NUMBERS},
neighbour AS (SELECT *, lead(n) OVER (PARTITION BY kind, prefix ORDER BY n) AS following FROM split)
SELECT s.number AS id, 'is followed by ' || coalesce(s.following::text, 'none') || ', next is '
    || coalesce(q.next_number::text, 'of another series') AS detail
FROM neighbour s
LEFT JOIN billing_numberseries q ON q.kind = s.kind AND q.prefix = s.prefix
WHERE s.n IS NULL OR coalesce(s.following, q.next_number, s.n + 1) <> s.n + 1
UNION ALL
SELECT prefix || n, 'was given ' || count(*) || ' times' FROM split
GROUP BY kind, prefix, n HAVING count(*) > 1
UNION ALL
SELECT q.prefix || q.next_number, 'is next, but no number was given yet' FROM billing_numberseries q
WHERE q.next_number > 1 AND NOT EXISTS (
    SELECT FROM split s WHERE s.kind = q.kind AND s.prefix = q.prefix)
""",  # noqa: S608 - ours
)

NUMBERS_IN_ORDER = Check(
    name="numbers_in_order",
    says="Numbers of invoices rise with the time at which they were finalized.",
    sql=f"""
WITH {_NUMBERS}
SELECT number AS id, 'finalized before the number in front of it' AS detail
FROM (SELECT number, at, lag(at) OVER (PARTITION BY prefix ORDER BY n) AS before
      FROM split WHERE kind = 'invoice') s
WHERE at < before
""",  # noqa: S608 - ours
)

CHECKS = (
    PERIODS_TILE,
    PERIODS_FOLLOW_THE_CALENDAR,
    CLOSED_THROUGH,
    ONE_INVOICE_A_PERIOD,
    NUMBERS_WITHOUT_GAPS,
    NUMBERS_IN_ORDER,
)
