"""Store a batch of usage and count it in its buckets by one call, so that locks are held briefly."""

from django.db import migrations

STORE = r"""
CREATE FUNCTION billing_store_usage(
    tenant uuid, received timestamptz, buckets bigint[], times timestamptz[], keys text[],
    quantities numeric[], sums_lock int, stripes int[], OUT known text[], OUT is_raced boolean, OUT is_lost boolean
) LANGUAGE plpgsql
-- Buckets are found one by one, never by reading all that the tenant has.
SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    ids bigint[];
    sums numeric[];
    maxima numeric[];
    counts int[];
    latest timestamptz[];
    folded int;
BEGIN
    is_raced := false;
    is_lost := false;
    SELECT array_agg(e.idempotency_key) INTO known FROM billing_usageevent e
        WHERE e.tenant_id = tenant AND e.idempotency_key = ANY(keys);
    BEGIN
        WITH stored AS (
            INSERT INTO billing_usageevent
                (tenant_id, bucket_id, time, received_at, idempotency_key, quantity, kind)
            SELECT tenant, s.bucket, s.moment, received, s.key, s.quantity, 'usage'
            FROM unnest(buckets, times, keys, quantities) AS s (bucket, moment, key, quantity)
            WHERE known IS NULL OR s.key NOT IN (SELECT unnest(known))
            RETURNING bucket_id, time, quantity
        ), added AS (
            SELECT bucket_id, sum(quantity) AS total, max(quantity) AS largest,
                count(*)::int AS number, max(time) AS moment
            FROM stored GROUP BY bucket_id
        )
        SELECT array_agg(bucket_id), array_agg(total), array_agg(largest), array_agg(number),
            array_agg(moment)
            INTO ids, sums, maxima, counts, latest FROM added;
    EXCEPTION WHEN unique_violation THEN
        is_raced := true;
        RETURN;
    END;
    IF ids IS NULL THEN
        RETURN;
    END IF;
    -- Whoever writes buckets holds these. The next statement sees what others wrote before.
    PERFORM pg_advisory_xact_lock(sums_lock, stripe) FROM unnest(stripes) AS stripe;
    UPDATE billing_usagebucket b SET
        quantity = CASE m.aggregation
            WHEN 'sum' THEN b.quantity + a.total
            WHEN 'count' THEN b.quantity + a.number
            WHEN 'max' THEN greatest(b.quantity, a.largest) END,
        events = b.events + a.number,
        last_at = greatest(b.last_at, a.moment)
    FROM unnest(ids, sums, maxima, counts, latest) AS a (id, total, largest, number, moment),
        billing_meter m
    WHERE b.id = a.id AND m.id = b.meter_id;
    GET DIAGNOSTICS folded = ROW_COUNT;
    is_lost := folded <> cardinality(ids);
END $$;
COMMENT ON FUNCTION billing_store_usage(
    uuid, timestamptz, bigint[], timestamptz[], text[], numeric[], int, int[]) IS
    'Stores new usage and adds it to its buckets, of meters of sums, counts and largest values.';
"""

# A trigger for each row has PostgreSQL lock and log each row before it asks which columns change.
KEEP = """
DROP TRIGGER stays_what_it_is ON billing_usagebucket;
CREATE TRIGGER stays_what_it_is
    BEFORE UPDATE OF id, tenant_id, organization_id, day, meter_id, dimensions
    ON billing_usagebucket
    FOR EACH {each} EXECUTE FUNCTION billing_refuse_change('usage_bucket_is_kept');
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_postings")]

    operations = [
        migrations.RunSQL(KEEP.format(each="STATEMENT"), KEEP.format(each="ROW")),
        migrations.RunSQL(
            STORE,
            "DROP FUNCTION billing_store_usage("
            "uuid, timestamptz, bigint[], timestamptz[], text[], numeric[], int, int[])",
        ),
    ]
