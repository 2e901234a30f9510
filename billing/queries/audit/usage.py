"""Promises about events, their sums by day, and what refers to what."""

from __future__ import annotations

from billing.queries.audit.check import Check

# Events that count: not voided, not replaced, and not themselves a void.
_COUNTED = """
counted AS (
    SELECT e.bucket_id, count(*) AS events, sum(e.quantity) AS total, max(e.quantity) AS largest,
        count(DISTINCT e.value) AS values, max(e.time) AS last_at,
        (array_agg(e.quantity
            ORDER BY e.time DESC, e.idempotency_key COLLATE "C" DESC))[1] AS latest
    FROM billing_usageevent e JOIN billing_usagebucket b ON b.id = e.bucket_id
    WHERE b.day >= %(since)s AND e.kind <> 'void' AND NOT EXISTS (
        SELECT FROM billing_usageevent c
        WHERE c.tenant_id = e.tenant_id AND c.corrects = e.idempotency_key)
    GROUP BY e.bucket_id)
"""

EVENTS_HAVE_BUCKET = Check(
    name="events_have_bucket",
    says="Each event belongs to a sum of its own company.",
    sql="""
SELECT e.idempotency_key AS id, 'bucket ' || e.bucket_id || ' does not exist' AS detail
FROM billing_usageevent e
WHERE NOT EXISTS (SELECT FROM billing_usagebucket b WHERE b.id = e.bucket_id)
""",
)

BUCKETS_ARE_THEIR_EVENTS = Check(
    name="buckets_are_their_events",
    says="Each day's sum is what its events that count say.",
    sql=f"""
WITH {_COUNTED},
expected AS (
    SELECT b.id, b.day, m.code, b.quantity, b.events, coalesce(c.events, 0) AS counted,
        coalesce(CASE m.aggregation WHEN 'sum' THEN c.total WHEN 'count' THEN c.events
            WHEN 'max' THEN c.largest WHEN 'latest' THEN c.latest ELSE c.values END, 0) AS told
    FROM billing_usagebucket b JOIN billing_meter m ON m.id = b.meter_id
    LEFT JOIN counted c ON c.bucket_id = b.id
    WHERE b.day >= %(since)s)
SELECT id::text, code || ' on ' || day || ': stored ' || trim_scale(quantity) || ' of ' || events
    || ' events, events say ' || trim_scale(told::numeric) || ' of ' || counted AS detail
FROM expected
WHERE events <> counted OR (quantity <> told AND counted > 0) OR (counted = 0 AND quantity <> 0)
""",  # noqa: S608 - ours
)

EVENTS_ON_THEIR_DAY = Check(
    name="events_on_their_day",
    says="Each event's time lies on the day of its sum, by the organization's clock.",
    # Where clocks go back over midnight a day may begin up to an hour before the wall says so.
    sql="""
SELECT e.idempotency_key AS id, 'at ' || e.time || ', counted on ' || b.day AS detail
FROM billing_usageevent e
JOIN billing_usagebucket b ON b.id = e.bucket_id
JOIN billing_organization o ON o.id = b.organization_id
WHERE b.day >= %(since)s AND e.kind = 'usage'
    AND (e.time AT TIME ZONE o.time_zone)::date <> b.day
    AND ((e.time + interval '1 hour') AT TIME ZONE o.time_zone)::date <> b.day
""",
)

CORRECTIONS_HAVE_THEIR_EVENT = Check(
    name="corrections_have_their_event",
    says="A correction corrects an event of the same organization and meter, once.",
    sql="""
SELECT c.idempotency_key AS id, CASE WHEN e.idempotency_key IS NULL
        THEN 'corrects ' || c.corrects || ', which does not exist'
        ELSE 'corrects ' || c.corrects || ' of another organization or meter, or corrects it again'
    END AS detail
FROM billing_usageevent c
JOIN billing_usagebucket cb ON cb.id = c.bucket_id
LEFT JOIN billing_usageevent e ON e.tenant_id = c.tenant_id AND e.idempotency_key = c.corrects
LEFT JOIN billing_usagebucket eb ON eb.id = e.bucket_id
WHERE c.corrects IS NOT NULL AND (e.idempotency_key IS NULL
    OR (cb.organization_id, cb.meter_id) IS DISTINCT FROM (eb.organization_id, eb.meter_id)
    OR EXISTS (SELECT FROM billing_usageevent x WHERE x.tenant_id = c.tenant_id
               AND x.corrects = c.corrects AND x.idempotency_key <> c.idempotency_key))
""",
)

CHECKS = (
    EVENTS_HAVE_BUCKET,
    BUCKETS_ARE_THEIR_EVENTS,
    EVENTS_ON_THEIR_DAY,
    CORRECTIONS_HAVE_THEIR_EVENT,
)
