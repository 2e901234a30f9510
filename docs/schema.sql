-- The tables of Taproom. Written by `manage.py write_schema`; the migrations make them.
-- Who may see which row: rls_policies.sql.

SET check_function_bodies = off;  -- functions come first: columns have defaults by them

CREATE SCHEMA clubs;
CREATE SCHEMA taproom;
CREATE EXTENSION btree_gist;

CREATE OR REPLACE FUNCTION taproom.make_clubs_role(tenant uuid, verifier text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    name text := 'clubs_' || replace(tenant::text, '-', '');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('taproom_clubs_role', 0));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
        EXECUTE format('CREATE ROLE %I', name);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN NOINHERIT CONNECTION LIMIT 20', name);
    -- Unqualified names are the tables of the data model, and times without a zone are UTC.
    EXECUTE format('ALTER ROLE %I SET search_path = clubs', name);
    EXECUTE format('ALTER ROLE %I SET timezone = %L', name, 'UTC');
    -- Whoever forgets an open transaction holds up the staff.
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', name, '5min');
    IF verifier IS NOT NULL THEN
        IF verifier !~ '^SCRAM-SHA-256\$' THEN
            RAISE EXCEPTION 'the verifier of a password is wanted, not a password';
        END IF;
        EXECUTE format('ALTER ROLE %I PASSWORD %L', name, verifier);
    END IF;
END $function$;

CREATE OR REPLACE FUNCTION taproom.drop_clubs_role(tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    name text := 'clubs_' || replace(tenant::text, '-', '');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('taproom_clubs_role', 0));
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = name;
    EXECUTE format('DROP OWNED BY %I', name);
    EXECUTE format('DROP ROLE %I', name);
END $function$;

CREATE OR REPLACE FUNCTION public.core_touch_updated_at()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $function$;

CREATE OR REPLACE FUNCTION public.core_refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL
            AND to_jsonb(NEW) - 'user_id' - 'updated_at'
            = to_jsonb(OLD) - 'user_id' - 'updated_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0];
END $function$;

-- Refuses a change of what is written once.
CREATE OR REPLACE FUNCTION public.billing_refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0];
END $function$;

-- Refuses another currency, zone or calendar once there is usage, a period or prepaid credit.
CREATE OR REPLACE FUNCTION public.billing_freeze_organization()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF (NEW.currency, NEW.time_zone, NEW.anchor_day, NEW.billing_starts_on)
        IS DISTINCT FROM (OLD.currency, OLD.time_zone, OLD.anchor_day, OLD.billing_starts_on)
       AND (EXISTS (SELECT FROM billing_usagebucket WHERE organization_id = OLD.id)
            OR EXISTS (SELECT FROM billing_billingperiod WHERE organization_id = OLD.id)
            OR EXISTS (SELECT FROM billing_walletentry WHERE organization_id = OLD.id))
    THEN
        RAISE EXCEPTION 'currency, zone and periods of an organization are fixed by its usage'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'organization_calendar_is_fixed';
    END IF;
    RETURN NEW;
END $function$;

-- Refuses another way of counting once there is usage.
CREATE OR REPLACE FUNCTION public.billing_freeze_meter()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF (NEW.code, NEW.aggregation, NEW.dimensions, NEW.unique_by, NEW.allows_negative)
        IS DISTINCT FROM
       (OLD.code, OLD.aggregation, OLD.dimensions, OLD.unique_by, OLD.allows_negative)
       AND EXISTS (SELECT FROM billing_usagebucket WHERE meter_id = OLD.id)
    THEN
        RAISE EXCEPTION 'meter % has been used', OLD.code
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'used_meter_is_fixed';
    END IF;
    RETURN NEW;
END $function$;

-- Refuses a change of a published price, tier or fee, other than the day on which it ends.
CREATE OR REPLACE FUNCTION public.billing_freeze_price()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    is_published boolean;
    was jsonb;
BEGIN
    IF TG_TABLE_NAME = 'billing_pricetier' THEN
        SELECT v.published_at IS NOT NULL INTO is_published
            FROM billing_price p JOIN billing_planversion v ON v.id = p.version_id
            WHERE p.id = OLD.price_id;
    ELSE
        SELECT published_at IS NOT NULL INTO is_published
            FROM billing_planversion WHERE id = OLD.version_id;
    END IF;
    IF is_published IS NOT TRUE THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    was := to_jsonb(OLD) - '{updated_at,ends_on}'::text[];
    IF TG_OP = 'DELETE' OR was IS DISTINCT FROM to_jsonb(NEW) - '{updated_at,ends_on}'::text[] THEN
        RAISE EXCEPTION 'published prices do not change'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'published_price_is_fixed';
    END IF;
    RETURN NEW;
END $function$;

-- Refuses any change of a finalized invoice but that it is voided.
CREATE OR REPLACE FUNCTION public.billing_freeze_invoice()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    -- The copy of the payer may be encrypted anew or erased; a run may be forgotten.
    free text[] := '{updated_at,payer,run_id}';
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'final' AND NEW.state = 'void' THEN
        free := free || '{state,voided_at,void_reason,voided_by_id}'::text[];
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - free IS DISTINCT FROM to_jsonb(NEW) - free THEN
        RAISE EXCEPTION 'invoice % is final', OLD.number
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'final_invoice_never_changes';
    END IF;
    RETURN NEW;
END $function$;

-- Refuses lines added to or taken from a final invoice.
CREATE OR REPLACE FUNCTION public.billing_freeze_lines()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT FROM changed JOIN billing_invoice i ON i.id = changed.invoice_id
               WHERE i.state <> 'draft') THEN
        RAISE EXCEPTION 'lines of a final invoice do not change'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'final_invoice_never_changes';
    END IF;
    RETURN NULL;
END $function$;

-- Stores new usage and adds it to its buckets, of meters of sums, counts and largest values.
CREATE OR REPLACE FUNCTION public.billing_store_usage(tenant uuid, received timestamp with time zone, buckets bigint[], times timestamp with time zone[], keys text[], quantities numeric[], sums_lock integer, stripes integer[], OUT known text[], OUT is_raced boolean, OUT is_lost boolean)
 RETURNS record
 LANGUAGE plpgsql
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
END $function$;

-- Fills in the lead of the row's application.
CREATE OR REPLACE FUNCTION public.crm_lead_of_application()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    SELECT lead_id INTO NEW.lead_id FROM crm_application
        WHERE tenant_id = NEW.tenant_id AND id = NEW.application_id;
    IF NEW.lead_id IS NULL THEN
        RAISE EXCEPTION 'there is no application % here', NEW.application_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_ARGV[0];
    END IF;
    RETURN NEW;
END $function$;

-- Holds a lead's teams to its company; each once, in order.
CREATE OR REPLACE FUNCTION public.crm_check_lead_teams()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    known uuid[];
BEGIN
    -- A team that goes away meanwhile is caught by the foreign key of crm_leadteam.
    known := array(SELECT id FROM core_team
        WHERE tenant_id = NEW.tenant_id AND id = ANY (NEW.team_ids) ORDER BY id);
    IF NOT NEW.team_ids <@ known THEN
        RAISE EXCEPTION 'a team of this lead is not a team of its company'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'lead_teams_same_tenant';
    END IF;
    NEW.team_ids := known;
    RETURN NEW;
END $function$;

-- Keeps crm_leadteam as crm_lead.team_ids has it.
CREATE OR REPLACE FUNCTION public.crm_keep_lead_teams()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    DELETE FROM crm_leadteam WHERE tenant_id = NEW.tenant_id AND lead_id = NEW.id
        AND NOT team_id = ANY (NEW.team_ids);
    INSERT INTO crm_leadteam (tenant_id, lead_id, team_id)
        SELECT NEW.tenant_id, NEW.id, unnest(NEW.team_ids) ON CONFLICT DO NOTHING;
    RETURN NEW;
END $function$;

-- Takes a deleted team off its leads.
CREATE OR REPLACE FUNCTION public.crm_forget_team()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE crm_lead SET team_ids = array_remove(team_ids, OLD.id)
        WHERE tenant_id = OLD.tenant_id AND team_ids @> ARRAY[OLD.id];
    RETURN OLD;
END $function$;

-- Gives a company the stages it starts with.
CREATE OR REPLACE FUNCTION public.crm_make_first_stages(tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    outer_tenant text := coalesce(current_setting('app.tenant_id', true), '');
    outer_role text := coalesce(current_setting('app.role', true), '');
BEGIN
    PERFORM set_config('app.tenant_id', tenant::text, true), set_config('app.role', 'system', true);
    INSERT INTO crm_leadstage
        (tenant_id, position, key, name, outcome, deadline_days, needs_note, may_go_back)
    VALUES
        (tenant, 10, 'new', 'New', 'open', 2, false, true),
        (tenant, 20, 'contacted', 'Contacted', 'open', 7, false, true),
        (tenant, 30, 'advising', 'Advising', 'open', 14, false, true),
        (tenant, 40, 'converted', 'Converted', 'won', NULL, false, true),
        (tenant, 50, 'disqualified', 'Disqualified', 'lost', NULL, true, true)
    ON CONFLICT DO NOTHING;
    INSERT INTO crm_applicationstage
        (tenant_id, position, key, name, outcome, deadline_days, needs_note, may_go_back)
    VALUES
        (tenant, 10, 'draft', 'Draft', 'open', 14, false, true),
        (tenant, 20, 'submitted', 'Submitted', 'open', 7, false, true),
        (tenant, 30, 'payment_received', 'Payment received', 'open', 7, false, false),
        (tenant, 40, 'in_review', 'In review', 'open', 14, false, true),
        (tenant, 50, 'accepted', 'Accepted', 'won', NULL, false, true),
        (tenant, 60, 'rejected', 'Rejected', 'lost', NULL, true, true),
        (tenant, 70, 'withdrawn', 'Withdrawn', 'lost', NULL, true, true)
    ON CONFLICT DO NOTHING;
    PERFORM set_config('app.tenant_id', outer_tenant, true), set_config('app.role', outer_role, true);
END $function$;

CREATE OR REPLACE FUNCTION public.crm_stages_of_new_tenant()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM crm_make_first_stages(NEW.id);
    RETURN NEW;
END $function$;

-- The role the transaction acts in.
CREATE OR REPLACE FUNCTION public.core_scope_role()
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$ SELECT current_setting('app.role', true) $function$;

-- The person the transaction acts for.
CREATE OR REPLACE FUNCTION public.core_scope_user()
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$ SELECT nullif(current_setting('app.user_id', true), '')::uuid $function$;

-- The teams of the person the transaction acts for.
CREATE OR REPLACE FUNCTION public.core_scope_teams()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE
AS $function$
    SELECT array(SELECT team_id FROM core_teammembership WHERE user_id = core_scope_user()) $function$;

-- The leads a counselor sees, as lead_seen has it, each half found by an index.
CREATE OR REPLACE FUNCTION public.crm_scope_leads()
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE
AS $function$
    SELECT id FROM crm_lead WHERE owner_id = (SELECT core_scope_user())
    UNION ALL
    SELECT lead_id FROM crm_leadteam WHERE team_id = ANY ((SELECT core_scope_teams())::uuid[]) $function$;

-- Refuses a counselor who gives a role or a company.
CREATE OR REPLACE FUNCTION public.core_keep_roles()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF core_scope_role() = 'counselor' THEN
        RAISE EXCEPTION 'counselors give nobody a role or a company'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $function$;

CREATE OR REPLACE FUNCTION public.payments_refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.created_at < now() - interval '1 day' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'address' - 'updated_at'
            = to_jsonb(OLD) - 'address' - 'updated_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0];
END $function$;

CREATE OR REPLACE FUNCTION public.subscriptions_give_statuses(tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    outside text := current_setting('app.tenant_id', true);
BEGIN
    PERFORM set_config('app.tenant_id', tenant::text, true);
    INSERT INTO public.subscriptions_clubstatus (tenant_id, number, name)
    VALUES (tenant, 1, 'active'), (tenant, 2, 'closed'), (tenant, 3, 'inactive')
    ON CONFLICT DO NOTHING;
    INSERT INTO public.subscriptions_subscriptionstatus (tenant_id, number, name)
    VALUES (tenant, 1, 'active'), (tenant, 2, 'cancelled'), (tenant, 3, 'paused')
    ON CONFLICT DO NOTHING;
    PERFORM set_config('app.tenant_id', coalesce(outside, ''), true);
END $function$;

CREATE OR REPLACE FUNCTION public.subscriptions_statuses_of_new_tenant()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM public.subscriptions_give_statuses(NEW.id);
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.subscriptions_keep_last(touched uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM FROM public.subscriptions_subscription AS s JOIN unnest(touched) AS t (id)
        ON s.id = t.id ORDER BY s.id FOR NO KEY UPDATE OF s;
    UPDATE public.subscriptions_subscription AS s
    SET last_status = newest.status, last_effective_at = newest.effective_at
    FROM unnest(touched) AS t (id)
    LEFT JOIN LATERAL (
        SELECT c.status, c.effective_at
        FROM public.subscriptions_subscriptionstatuschange AS c
        WHERE c.subscription_id = t.id AND c.withdrawn_at IS NULL
        ORDER BY c.effective_at DESC, c.recorded_at DESC, c.reference DESC LIMIT 1
    ) AS newest ON true
    WHERE s.id = t.id;
END $function$;

CREATE OR REPLACE FUNCTION public.subscriptions_rows_inserted()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM public.subscriptions_keep_last(
        ARRAY(SELECT DISTINCT subscription_id FROM new_rows));
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.subscriptions_rows_deleted()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM public.subscriptions_keep_last(
        ARRAY(SELECT DISTINCT subscription_id FROM old_rows));
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.subscriptions_rows_updated()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM public.subscriptions_keep_last(ARRAY(
        SELECT subscription_id FROM new_rows UNION SELECT subscription_id FROM old_rows));
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION clubs.tenant_of_session()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT CASE WHEN session_user ~ '^clubs_[0-9a-f]{32}$'
                THEN substr(session_user::text, 7)::uuid END
$function$;

CREATE OR REPLACE FUNCTION clubs.next_club_id()
 RETURNS integer
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(max(id), 0) + 1 FROM clubs.club
$function$;

CREATE OR REPLACE FUNCTION clubs.club_called(wanted integer)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    found_id uuid;
BEGIN
    SELECT id INTO found_id FROM public.subscriptions_club
    WHERE tenant_id = clubs.tenant_of_session() AND number = wanted;
    IF found_id IS NULL THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'club_is_known',
            MESSAGE = format('there is no club %s', coalesce(wanted::text, 'without an id')),
            HINT = 'Insert it into clubs.club first.';
    END IF;
    RETURN found_id;
END $function$;

CREATE OR REPLACE FUNCTION clubs.subscription_called(wanted text)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    found_id uuid;
BEGIN
    SELECT id INTO found_id FROM public.subscriptions_subscription
    WHERE tenant_id = clubs.tenant_of_session() AND reference = wanted;
    IF found_id IS NULL THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'subscription_is_known',
            MESSAGE = format('there is no subscription %s', coalesce(wanted, 'without an id')),
            HINT = 'Insert it into clubs.subscription first.';
    END IF;
    RETURN found_id;
END $function$;

CREATE OR REPLACE FUNCTION clubs.write_subscription()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    me uuid := clubs.tenant_of_session();
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- Withdrawn rows are not shown, so that nobody outside could delete them first.
        DELETE FROM public.subscriptions_subscriptionstatuschange AS h
        USING public.subscriptions_subscription AS s
        WHERE s.tenant_id = me AND s.reference = OLD.id
          AND h.subscription_id = s.id AND h.withdrawn_at IS NOT NULL;
        DELETE FROM public.subscriptions_subscription WHERE tenant_id = me AND reference = OLD.id;
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    NEW.id := coalesce(NEW.id, gen_random_uuid()::text);
    NEW.create_date := coalesce(NEW.create_date, now() AT TIME ZONE 'UTC');
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.subscriptions_subscription
            (tenant_id, reference, club_id, customer_store_id, subscribed_at)
        VALUES (me, NEW.id, clubs.club_called(NEW.club_id), NEW.customer_store_id,
                NEW.create_date AT TIME ZONE 'UTC');
        RETURN NEW;
    END IF;
    UPDATE public.subscriptions_subscription
    SET reference = NEW.id, club_id = clubs.club_called(NEW.club_id),
        customer_store_id = NEW.customer_store_id,
        subscribed_at = NEW.create_date AT TIME ZONE 'UTC'
    WHERE tenant_id = me AND reference = OLD.id;
    RETURN CASE WHEN FOUND THEN NEW END;
END $function$;

CREATE OR REPLACE FUNCTION clubs.write_club_status_history()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    me uuid := clubs.tenant_of_session();
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM public.subscriptions_clubstatuschange
        WHERE tenant_id = me AND reference = OLD.id AND withdrawn_at IS NULL;
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    NEW.id := coalesce(NEW.id, gen_random_uuid()::text);
    NEW.create_date := coalesce(NEW.create_date, clock_timestamp() AT TIME ZONE 'UTC');
    NEW.effect_date := coalesce(NEW.effect_date, NEW.create_date);
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.subscriptions_clubstatuschange
            (tenant_id, reference, club_id, status, effective_at, recorded_at, details)
        VALUES (me, NEW.id, clubs.club_called(NEW.club_id), NEW.club_status_id,
                NEW.effect_date AT TIME ZONE 'UTC', NEW.create_date AT TIME ZONE 'UTC',
                coalesce(NEW.details, ''));
        RETURN NEW;
    END IF;
    UPDATE public.subscriptions_clubstatuschange
    SET reference = NEW.id, club_id = clubs.club_called(NEW.club_id), status = NEW.club_status_id,
        effective_at = NEW.effect_date AT TIME ZONE 'UTC',
        recorded_at = NEW.create_date AT TIME ZONE 'UTC', details = coalesce(NEW.details, '')
    WHERE tenant_id = me AND reference = OLD.id AND withdrawn_at IS NULL;
    RETURN CASE WHEN FOUND THEN NEW END;
END $function$;

CREATE OR REPLACE FUNCTION clubs.write_subscription_status_history()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    me uuid := clubs.tenant_of_session();
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM public.subscriptions_subscriptionstatuschange
        WHERE tenant_id = me AND reference = OLD.id AND withdrawn_at IS NULL;
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    NEW.id := coalesce(NEW.id, gen_random_uuid()::text);
    NEW.create_date := coalesce(NEW.create_date, clock_timestamp() AT TIME ZONE 'UTC');
    NEW.effect_date := coalesce(NEW.effect_date, NEW.create_date);
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.subscriptions_subscriptionstatuschange
            (tenant_id, reference, subscription_id, status, effective_at, recorded_at, details)
        VALUES (me, NEW.id, clubs.subscription_called(NEW.subscription_id), NEW.status_id,
                NEW.effect_date AT TIME ZONE 'UTC', NEW.create_date AT TIME ZONE 'UTC',
                coalesce(NEW.details, ''));
        RETURN NEW;
    END IF;
    UPDATE public.subscriptions_subscriptionstatuschange
    SET reference = NEW.id, subscription_id = clubs.subscription_called(NEW.subscription_id), status = NEW.status_id,
        effective_at = NEW.effect_date AT TIME ZONE 'UTC',
        recorded_at = NEW.create_date AT TIME ZONE 'UTC', details = coalesce(NEW.details, '')
    WHERE tenant_id = me AND reference = OLD.id AND withdrawn_at IS NULL;
    RETURN CASE WHEN FOUND THEN NEW END;
END $function$;

-- Refuses a change of what is written once.
CREATE OR REPLACE FUNCTION public.subscriptions_refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0];
END $function$;

CREATE TABLE core_apikey (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    name character varying(80) NOT NULL,
    prefix character varying(16) NOT NULL,
    scopes character varying(40)[] NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT core_apikey_pkey PRIMARY KEY (id),
    CONSTRAINT core_apikey_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX core_apikey_created_by_id_9aafb450 ON public.core_apikey USING btree (created_by_id);
CREATE INDEX core_apikey_tenant_id_b3bfd62e ON public.core_apikey USING btree (tenant_id);

CREATE TABLE core_auditentry (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    verb character varying(8) NOT NULL,
    what character varying(200) NOT NULL,
    object_type character varying(60) NOT NULL,
    object_id character varying(64) NOT NULL,
    who character varying(254) NOT NULL,
    detail jsonb NOT NULL,
    tenant_id uuid NOT NULL,
    user_id uuid,
    CONSTRAINT core_auditentry_pkey PRIMARY KEY (id),
    CONSTRAINT core_auditentry_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX audit_by_object ON public.core_auditentry USING btree (tenant_id, object_type, object_id);
CREATE INDEX audit_newest ON public.core_auditentry USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX core_auditentry_tenant_id_4c3109e9 ON public.core_auditentry USING btree (tenant_id);
CREATE INDEX core_auditentry_user_id_83c44605 ON public.core_auditentry USING btree (user_id);

CREATE TABLE core_entry (
    secret_hash character varying(64) NOT NULL,
    kind character varying(16) NOT NULL,
    target_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT core_entry_pkey PRIMARY KEY (secret_hash)
);
CREATE INDEX core_entry_secret_hash_513746b0_like ON public.core_entry USING btree (secret_hash varchar_pattern_ops);
CREATE INDEX core_entry_tenant_id_ff947168 ON public.core_entry USING btree (tenant_id);
CREATE INDEX entry_by_target ON public.core_entry USING btree (kind, target_id);

CREATE TABLE core_letter (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind character varying(40) NOT NULL,
    subject_id uuid NOT NULL,
    once character varying(200),
    language character varying(10) NOT NULL,
    envelope text,
    state character varying(8) NOT NULL,
    attempts integer NOT NULL,
    next_at timestamp with time zone,
    leased_until timestamp with time zone,
    sent_at timestamp with time zone,
    last_error character varying(500) NOT NULL,
    sent_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT core_letter_pkey PRIMARY KEY (id),
    CONSTRAINT core_letter_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT letter_written_once UNIQUE (tenant_id, once),
    CONSTRAINT core_letter_attempts_check CHECK (attempts >= 0),
    CONSTRAINT sent_letter_has_its_time CHECK (NOT state::text = 'sent'::text OR sent_at IS NOT NULL),
    CONSTRAINT waiting_letter_is_due CHECK (envelope IS NOT NULL AND next_at IS NOT NULL AND state::text = 'waiting'::text OR NOT state::text = 'waiting'::text AND next_at IS NULL)
);
CREATE INDEX core_letter_sent_by_id_ea20825d ON public.core_letter USING btree (sent_by_id);
CREATE INDEX core_letter_tenant_id_06f10e0e ON public.core_letter USING btree (tenant_id);
CREATE INDEX letter_by_subject ON public.core_letter USING btree (tenant_id, kind, subject_id);
CREATE INDEX letter_due ON public.core_letter USING btree (tenant_id, next_at) WHERE ((state)::text = 'waiting'::text);
CREATE INDEX letter_given_up ON public.core_letter USING btree (tenant_id, created_at) WHERE ((state)::text = 'given_up'::text);
CREATE INDEX letter_newest ON public.core_letter USING btree (tenant_id, created_at DESC, id DESC);

CREATE TABLE core_storedanswer (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    caller character varying(48) NOT NULL,
    key character varying(255) NOT NULL,
    request_hash character varying(64) NOT NULL,
    status smallint,
    headers jsonb NOT NULL,
    body text NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT core_storedanswer_pkey PRIMARY KEY (id),
    CONSTRAINT answer_once_per_idempotency_key UNIQUE (tenant_id, caller, key),
    CONSTRAINT core_storedanswer_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT core_storedanswer_status_check CHECK (status >= 0)
);
CREATE INDEX core_storedanswer_tenant_id_77a1170b ON public.core_storedanswer USING btree (tenant_id);

CREATE TABLE core_team (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    name character varying(80) NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT core_team_pkey PRIMARY KEY (id),
    CONSTRAINT core_team_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT team_name_once_per_tenant UNIQUE (tenant_id, name)
);
CREATE INDEX core_team_tenant_id_ed48ab88 ON public.core_team USING btree (tenant_id);

CREATE TABLE core_teammembership (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT core_teammembership_pkey PRIMARY KEY (id),
    CONSTRAINT core_teammembership_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT membership_once_per_team UNIQUE (team_id, user_id)
);
CREATE INDEX core_teammembership_team_id_d4b14474 ON public.core_teammembership USING btree (team_id);
CREATE INDEX core_teammembership_tenant_id_af5cc39c ON public.core_teammembership USING btree (tenant_id);
CREATE INDEX core_teammembership_user_id_3c891c9a ON public.core_teammembership USING btree (user_id);

CREATE TABLE core_tenant (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    name character varying(120) NOT NULL,
    slug character varying(60) NOT NULL,
    time_zone character varying(60) NOT NULL,
    default_currency character varying(3) NOT NULL,
    redirect_hosts character varying(253)[] NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    sends_receipts boolean DEFAULT true NOT NULL,
    google_measurement_id character varying(20) DEFAULT ''::character varying NOT NULL,
    sends_alarms boolean DEFAULT true NOT NULL,
    CONSTRAINT core_tenant_pkey PRIMARY KEY (id),
    CONSTRAINT core_tenant_slug_key UNIQUE (slug),
    CONSTRAINT tenant_currency_is_upper_case CHECK (default_currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT tenant_measurement_id_is_googles CHECK (google_measurement_id::text ~ '^(G-[A-Z0-9]{4,16})?$'::text)
);
CREATE INDEX core_tenant_slug_4150dd86_like ON public.core_tenant USING btree (slug varchar_pattern_ops);

CREATE TABLE core_user (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    email character varying(254) NOT NULL,
    name character varying(120) NOT NULL,
    role character varying(12) NOT NULL,
    is_active boolean NOT NULL,
    is_staff boolean NOT NULL,
    tenant_id uuid,
    CONSTRAINT core_user_pkey PRIMARY KEY (id),
    CONSTRAINT core_user_email_key UNIQUE (email),
    CONSTRAINT core_user_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT user_has_tenant_unless_operator CHECK (tenant_id IS NOT NULL OR is_superuser),
    CONSTRAINT user_role_is_known CHECK (role::text = ANY (ARRAY['admin'::character varying, 'counselor'::character varying]::text[]))
);
CREATE INDEX core_user_email_92a71487_like ON public.core_user USING btree (email varchar_pattern_ops);
CREATE INDEX core_user_tenant_id_8a6e30cc ON public.core_user USING btree (tenant_id);

CREATE TABLE core_webhookdelivery (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    state character varying(9) NOT NULL,
    attempts integer NOT NULL,
    next_at timestamp with time zone,
    leased_until timestamp with time zone,
    last_status smallint,
    last_answer character varying(500) NOT NULL,
    tried_at timestamp with time zone,
    delivered_at timestamp with time zone,
    tenant_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    message_id uuid NOT NULL,
    CONSTRAINT core_webhookdelivery_pkey PRIMARY KEY (id),
    CONSTRAINT core_webhookdelivery_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT webhook_delivery_once_per_endpoint UNIQUE (message_id, endpoint_id),
    CONSTRAINT core_webhookdelivery_attempts_check CHECK (attempts >= 0),
    CONSTRAINT core_webhookdelivery_last_status_check CHECK (last_status >= 0),
    CONSTRAINT waiting_webhook_is_due_again CHECK (next_at IS NOT NULL AND state::text = 'waiting'::text OR NOT state::text = 'waiting'::text AND next_at IS NULL)
);
CREATE INDEX core_webhookdelivery_endpoint_id_3020c03c ON public.core_webhookdelivery USING btree (endpoint_id);
CREATE INDEX core_webhookdelivery_message_id_daec6f2d ON public.core_webhookdelivery USING btree (message_id);
CREATE INDEX core_webhookdelivery_tenant_id_ff2fbe88 ON public.core_webhookdelivery USING btree (tenant_id);
CREATE INDEX webhook_delivery_newest ON public.core_webhookdelivery USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX webhook_due ON public.core_webhookdelivery USING btree (tenant_id, next_at) WHERE ((state)::text = 'waiting'::text);

CREATE TABLE core_webhookendpoint (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    url character varying(2000) NOT NULL,
    description character varying(200) NOT NULL,
    event_types character varying(60)[] NOT NULL,
    secret text NOT NULL,
    former_secret text,
    former_secret_until timestamp with time zone,
    is_active boolean NOT NULL,
    failing_since timestamp with time zone,
    off_reason character varying(300) NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT core_webhookendpoint_pkey PRIMARY KEY (id),
    CONSTRAINT core_webhookendpoint_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT webhook_url_once UNIQUE (tenant_id, url),
    CONSTRAINT core_webhookendpoint_version_check CHECK (version >= 0),
    CONSTRAINT former_webhook_secret_has_its_end CHECK (former_secret IS NULL AND former_secret_until IS NULL OR former_secret IS NOT NULL AND former_secret_until IS NOT NULL)
);
CREATE INDEX core_webhookendpoint_tenant_id_026318b8 ON public.core_webhookendpoint USING btree (tenant_id);

CREATE TABLE core_webhookmessage (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    event_type character varying(60) NOT NULL,
    subject character varying(100) NOT NULL,
    body text NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT core_webhookmessage_pkey PRIMARY KEY (id),
    CONSTRAINT core_webhookmessage_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX core_webhookmessage_tenant_id_fa76eadb ON public.core_webhookmessage USING btree (tenant_id);
CREATE INDEX webhook_message_newest ON public.core_webhookmessage USING btree (tenant_id, created_at DESC, id DESC);

CREATE TABLE payments_cardtry (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    stripe_charge_id character varying(255) NOT NULL,
    is_paid boolean NOT NULL,
    method character varying(40) NOT NULL,
    card text NOT NULL,
    card_mark character varying(64) NOT NULL,
    email_mark character varying(64) NOT NULL,
    country character varying(2) NOT NULL,
    decline_code character varying(64) NOT NULL,
    risk_level character varying(20) NOT NULL,
    risk_score smallint,
    outcome_type character varying(30) NOT NULL,
    outcome_reason character varying(80) NOT NULL,
    seller_message character varying(500) NOT NULL,
    is_secured boolean DEFAULT false NOT NULL,
    suspicion character varying(300) DEFAULT ''::character varying NOT NULL,
    cleared_at timestamp with time zone,
    made_at timestamp with time zone NOT NULL,
    checkout_id uuid NOT NULL,
    cleared_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_cardtry_pkey PRIMARY KEY (id),
    CONSTRAINT card_try_once_per_charge UNIQUE (tenant_id, stripe_charge_id),
    CONSTRAINT payments_cardtry_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT payments_cardtry_risk_score_check CHECK (risk_score >= 0)
);
CREATE INDEX card_try_by_checkout ON public.payments_cardtry USING btree (tenant_id, checkout_id, made_at DESC);
CREATE INDEX card_try_by_email ON public.payments_cardtry USING btree (tenant_id, email_mark, made_at DESC) WHERE (NOT ((email_mark)::text = ''::text));
CREATE INDEX card_try_suspicious ON public.payments_cardtry USING btree (tenant_id, made_at) WHERE ((cleared_at IS NULL) AND is_paid AND (NOT ((suspicion)::text = ''::text)));
CREATE INDEX payments_cardtry_checkout_id_bec9657d ON public.payments_cardtry USING btree (checkout_id);
CREATE INDEX payments_cardtry_cleared_by_id_44b399d4 ON public.payments_cardtry USING btree (cleared_by_id);
CREATE INDEX payments_cardtry_tenant_id_22e82e90 ON public.payments_cardtry USING btree (tenant_id);

CREATE TABLE payments_checkout (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind character varying(32) NOT NULL,
    subject_id uuid NOT NULL,
    title character varying(120) NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    state character varying(12) NOT NULL,
    holds_slot boolean NOT NULL,
    visitor_hash character varying(64) NOT NULL,
    epoch smallint NOT NULL,
    key_used_at timestamp with time zone,
    session_expires_at timestamp with time zone NOT NULL,
    success_url text NOT NULL,
    cancel_url text NOT NULL,
    stripe_session_id character varying(255),
    stripe_payment_intent_id character varying(255),
    session_url text NOT NULL,
    decline_code character varying(64) NOT NULL,
    decline_message character varying(500) NOT NULL,
    last_error character varying(500) NOT NULL,
    checked_at timestamp with time zone,
    tenant_id uuid NOT NULL,
    link_id uuid,
    account_id uuid NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    link_version_id uuid,
    details text,
    language character varying(10) DEFAULT ''::character varying NOT NULL,
    three_d_secure character varying(10) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT payments_checkout_pkey PRIMARY KEY (id),
    CONSTRAINT payments_checkout_stripe_payment_intent_id_key UNIQUE (stripe_payment_intent_id),
    CONSTRAINT payments_checkout_stripe_session_id_key UNIQUE (stripe_session_id),
    CONSTRAINT payments_checkout_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT checkout_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT open_checkout_has_session CHECK (NOT (state::text = ANY (ARRAY['open'::character varying, 'processing'::character varying, 'succeeded'::character varying]::text[])) OR stripe_session_id IS NOT NULL),
    CONSTRAINT payments_checkout_epoch_check CHECK (epoch >= 0)
);
CREATE INDEX checkout_by_subject ON public.payments_checkout USING btree (tenant_id, kind, subject_id);
CREATE INDEX checkout_of_link_by_time ON public.payments_checkout USING btree (tenant_id, created_at) WHERE (link_id IS NOT NULL);
CREATE INDEX checkout_unsettled ON public.payments_checkout USING btree (tenant_id, state, checked_at) WHERE ((state)::text = ANY ((ARRAY['created'::character varying, 'open'::character varying, 'processing'::character varying])::text[]));
CREATE INDEX payments_checkout_account_id_b469438b ON public.payments_checkout USING btree (account_id);
CREATE INDEX payments_checkout_link_id_b11c4b0b ON public.payments_checkout USING btree (link_id);
CREATE INDEX payments_checkout_link_version_id_953bd02f ON public.payments_checkout USING btree (link_version_id);
CREATE INDEX payments_checkout_stripe_payment_intent_id_e8e811d5_like ON public.payments_checkout USING btree (stripe_payment_intent_id varchar_pattern_ops);
CREATE INDEX payments_checkout_stripe_session_id_0f9badbd_like ON public.payments_checkout USING btree (stripe_session_id varchar_pattern_ops);
CREATE INDEX payments_checkout_tenant_id_e6ba0044 ON public.payments_checkout USING btree (tenant_id);

CREATE TABLE payments_dispute (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    stripe_dispute_id character varying(255) NOT NULL,
    stripe_charge_id character varying(255) NOT NULL,
    status character varying(22) NOT NULL,
    reason character varying(60) NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    fee_minor bigint DEFAULT 0 NOT NULL,
    submissions integer DEFAULT 0 NOT NULL,
    answer_by timestamp with time zone,
    opened_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone NOT NULL,
    payment_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_dispute_pkey PRIMARY KEY (id),
    CONSTRAINT dispute_id_once UNIQUE (tenant_id, stripe_dispute_id),
    CONSTRAINT payments_dispute_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT dispute_amount_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX dispute_by_payment ON public.payments_dispute USING btree (tenant_id, payment_id);
CREATE INDEX dispute_by_status ON public.payments_dispute USING btree (tenant_id, status, answer_by);
CREATE INDEX payments_dispute_payment_id_2344937c ON public.payments_dispute USING btree (payment_id);
CREATE INDEX payments_dispute_tenant_id_dd432c84 ON public.payments_dispute USING btree (tenant_id);

CREATE TABLE payments_disputeanswer (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind character varying(6) NOT NULL,
    state character varying(7) NOT NULL,
    evidence text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    epoch smallint NOT NULL,
    attempts integer NOT NULL,
    next_at timestamp with time zone,
    last_error character varying(500) NOT NULL,
    asked_by_id uuid,
    dispute_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_disputeanswer_pkey PRIMARY KEY (id),
    CONSTRAINT payments_disputeanswer_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT payments_disputeanswer_attempts_check CHECK (attempts >= 0),
    CONSTRAINT payments_disputeanswer_epoch_check CHECK (epoch >= 0)
);
CREATE INDEX dispute_answer_to_send ON public.payments_disputeanswer USING btree (tenant_id, next_at) WHERE ((state)::text = 'asked'::text);
CREATE UNIQUE INDEX dispute_answered_once ON public.payments_disputeanswer USING btree (tenant_id, dispute_id) WHERE (NOT ((state)::text = 'refused'::text));
CREATE INDEX payments_disputeanswer_asked_by_id_e1091021 ON public.payments_disputeanswer USING btree (asked_by_id);
CREATE INDEX payments_disputeanswer_dispute_id_4b54d491 ON public.payments_disputeanswer USING btree (dispute_id);
CREATE INDEX payments_disputeanswer_tenant_id_f3942526 ON public.payments_disputeanswer USING btree (tenant_id);

CREATE TABLE payments_earlywarning (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    stripe_warning_id character varying(255) NOT NULL,
    stripe_charge_id character varying(255) NOT NULL,
    fraud_type character varying(60) NOT NULL,
    is_actionable boolean NOT NULL,
    warned_at timestamp with time zone NOT NULL,
    decision character varying(8) NOT NULL,
    decided_at timestamp with time zone,
    decided_by_id uuid,
    payment_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_earlywarning_pkey PRIMARY KEY (id),
    CONSTRAINT early_warning_id_once UNIQUE (tenant_id, stripe_warning_id),
    CONSTRAINT payments_earlywarning_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX early_warning_by_payment ON public.payments_earlywarning USING btree (tenant_id, payment_id);
CREATE INDEX early_warning_to_decide ON public.payments_earlywarning USING btree (tenant_id, warned_at) WHERE (((decision)::text = ''::text) AND is_actionable);
CREATE INDEX payments_earlywarning_decided_by_id_7abd5935 ON public.payments_earlywarning USING btree (decided_by_id);
CREATE INDEX payments_earlywarning_payment_id_7d0b3779 ON public.payments_earlywarning USING btree (payment_id);
CREATE INDEX payments_earlywarning_tenant_id_f463a0b8 ON public.payments_earlywarning USING btree (tenant_id);

CREATE TABLE payments_fraudalarm (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    step character varying(16) NOT NULL,
    reason character varying(300) NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    times bigint DEFAULT 1 NOT NULL,
    ended_at timestamp with time zone,
    ended_by_id uuid,
    link_id uuid,
    tenant_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    CONSTRAINT payments_fraudalarm_pkey PRIMARY KEY (id),
    CONSTRAINT payments_fraudalarm_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX fraud_alarm_open_once ON public.payments_fraudalarm USING btree (tenant_id, rule_id, link_id) NULLS NOT DISTINCT WHERE (ended_at IS NULL);
CREATE INDEX payments_fraudalarm_ended_by_id_c8a0d1d8 ON public.payments_fraudalarm USING btree (ended_by_id);
CREATE INDEX payments_fraudalarm_link_id_feb33632 ON public.payments_fraudalarm USING btree (link_id);
CREATE INDEX payments_fraudalarm_rule_id_2685a669 ON public.payments_fraudalarm USING btree (rule_id);
CREATE INDEX payments_fraudalarm_tenant_id_5ada31c3 ON public.payments_fraudalarm USING btree (tenant_id);

CREATE TABLE payments_fraudcount (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    mark character varying(64) NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    count bigint DEFAULT 0 NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_fraudcount_pkey PRIMARY KEY (id),
    CONSTRAINT fraud_count_once UNIQUE (tenant_id, mark, ends_at),
    CONSTRAINT payments_fraudcount_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX fraud_count_by_end ON public.payments_fraudcount USING btree (tenant_id, ends_at);
CREATE INDEX payments_fraudcount_tenant_id_847abae9 ON public.payments_fraudcount USING btree (tenant_id);

CREATE TABLE payments_frauddecision (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    outcome character varying(10) NOT NULL,
    reason character varying(300) NOT NULL,
    counted bigint DEFAULT 0 NOT NULL,
    kind character varying(32) NOT NULL,
    subject_id uuid NOT NULL,
    passed_check boolean DEFAULT false NOT NULL,
    address text NOT NULL,
    address_mark character varying(64) DEFAULT ''::character varying NOT NULL,
    email_mark character varying(64) DEFAULT ''::character varying NOT NULL,
    checkout_id uuid,
    link_id uuid,
    tenant_id uuid NOT NULL,
    rule_id uuid,
    CONSTRAINT payments_frauddecision_pkey PRIMARY KEY (id),
    CONSTRAINT payments_frauddecision_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX fraud_by_subject ON public.payments_frauddecision USING btree (tenant_id, subject_id, created_at DESC);
CREATE INDEX fraud_decision_by_checkout ON public.payments_frauddecision USING btree (tenant_id, checkout_id);
CREATE INDEX fraud_decision_newest ON public.payments_frauddecision USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX payments_frauddecision_checkout_id_c5d29a35 ON public.payments_frauddecision USING btree (checkout_id);
CREATE INDEX payments_frauddecision_link_id_ee18be04 ON public.payments_frauddecision USING btree (link_id);
CREATE INDEX payments_frauddecision_rule_id_d93ffb9b ON public.payments_frauddecision USING btree (rule_id);
CREATE INDEX payments_frauddecision_tenant_id_71e5515c ON public.payments_frauddecision USING btree (tenant_id);

CREATE TABLE payments_fraudrule (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name character varying(120) NOT NULL,
    counts character varying(16) NOT NULL,
    by character varying(8) NOT NULL,
    most bigint NOT NULL,
    window_seconds integer NOT NULL,
    currency character varying(3) DEFAULT ''::character varying NOT NULL,
    step character varying(16) NOT NULL,
    is_on boolean DEFAULT true NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_fraudrule_pkey PRIMARY KEY (id),
    CONSTRAINT fraud_rule_once UNIQUE (tenant_id, counts, by, step, currency),
    CONSTRAINT payments_fraudrule_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT fraud_rule_amount_has_currency CHECK (counts::text = 'amount_below'::text AND NOT currency::text = ''::text OR NOT counts::text = 'amount_below'::text AND currency::text = ''::text),
    CONSTRAINT fraud_rule_has_window CHECK (window_seconds >= 1 AND window_seconds <= 2592000),
    CONSTRAINT payments_fraudrule_most_check CHECK (most >= 0),
    CONSTRAINT payments_fraudrule_version_check CHECK (version >= 0),
    CONSTRAINT payments_fraudrule_window_seconds_check CHECK (window_seconds >= 0)
);
CREATE INDEX payments_fraudrule_tenant_id_d4d5f50a ON public.payments_fraudrule USING btree (tenant_id);

CREATE TABLE payments_importedlink (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    key character varying(64) NOT NULL,
    link_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_importedlink_pkey PRIMARY KEY (id),
    CONSTRAINT link_imported_once_per_row UNIQUE (tenant_id, key),
    CONSTRAINT payments_importedlink_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX payments_importedlink_link_id_dc5df2eb ON public.payments_importedlink USING btree (link_id);
CREATE INDEX payments_importedlink_tenant_id_8328acd7 ON public.payments_importedlink USING btree (tenant_id);

CREATE TABLE payments_linkimport (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    digest character varying(64) NOT NULL,
    file_name character varying(200) NOT NULL,
    keys character varying(64)[] NOT NULL,
    imported_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_linkimport_pkey PRIMARY KEY (id),
    CONSTRAINT link_import_once_per_file UNIQUE (tenant_id, digest),
    CONSTRAINT payments_linkimport_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX payments_linkimport_imported_by_id_b62df704 ON public.payments_linkimport USING btree (imported_by_id);
CREATE INDEX payments_linkimport_tenant_id_1e3d57a5 ON public.payments_linkimport USING btree (tenant_id);

CREATE TABLE payments_linkrecipient (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    email text NOT NULL,
    email_hash character varying(64) NOT NULL,
    token text NOT NULL,
    language character varying(10) NOT NULL,
    sent_on date NOT NULL,
    days_after smallint[] NOT NULL,
    days_before smallint[] NOT NULL,
    opted_out_at timestamp with time zone,
    link_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_linkrecipient_pkey PRIMARY KEY (id),
    CONSTRAINT link_recipient_once UNIQUE (link_id, email_hash),
    CONSTRAINT payments_linkrecipient_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX payments_linkrecipient_link_id_bcb8541d ON public.payments_linkrecipient USING btree (link_id);
CREATE INDEX payments_linkrecipient_tenant_id_80af3d3a ON public.payments_linkrecipient USING btree (tenant_id);

CREATE TABLE payments_linktemplate (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name character varying(80) NOT NULL,
    terms text NOT NULL,
    created_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_linktemplate_pkey PRIMARY KEY (id),
    CONSTRAINT link_template_named_once UNIQUE (tenant_id, name),
    CONSTRAINT payments_linktemplate_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT payments_linktemplate_version_check CHECK (version >= 0)
);
CREATE INDEX payments_linktemplate_created_by_id_284587d2 ON public.payments_linktemplate USING btree (created_by_id);
CREATE INDEX payments_linktemplate_tenant_id_ac029855 ON public.payments_linktemplate USING btree (tenant_id);

CREATE TABLE payments_linkversion (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    number integer NOT NULL,
    terms text NOT NULL,
    changed character varying(40)[] DEFAULT '{}'::character varying(40)[] NOT NULL,
    made_at timestamp with time zone NOT NULL,
    link_id uuid NOT NULL,
    made_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_linkversion_pkey PRIMARY KEY (id),
    CONSTRAINT link_version_numbered_once UNIQUE (tenant_id, link_id, number),
    CONSTRAINT payments_linkversion_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT link_version_counts_from_one CHECK (number > 0),
    CONSTRAINT payments_linkversion_number_check CHECK (number >= 0)
);
CREATE INDEX payments_linkversion_link_id_c57ba839 ON public.payments_linkversion USING btree (link_id);
CREATE INDEX payments_linkversion_made_by_id_ec4bcc55 ON public.payments_linkversion USING btree (made_by_id);
CREATE INDEX payments_linkversion_tenant_id_0e4e56d7 ON public.payments_linkversion USING btree (tenant_id);

CREATE TABLE payments_linkviews (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    day date NOT NULL,
    views bigint DEFAULT 0 NOT NULL,
    link_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_linkviews_pkey PRIMARY KEY (id),
    CONSTRAINT link_views_once_a_day UNIQUE (tenant_id, day, link_id),
    CONSTRAINT payments_linkviews_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT link_views_not_negative CHECK (views >= 0)
);
CREATE INDEX payments_linkviews_link_id_573f2d94 ON public.payments_linkviews USING btree (link_id);
CREATE INDEX payments_linkviews_tenant_id_68ade9b9 ON public.payments_linkviews USING btree (tenant_id);

CREATE TABLE payments_listedparty (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind character varying(5) NOT NULL,
    by character varying(8) NOT NULL,
    value text NOT NULL,
    mark character varying(64) NOT NULL,
    note character varying(300) DEFAULT ''::character varying NOT NULL,
    added_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_listedparty_pkey PRIMARY KEY (id),
    CONSTRAINT listed_party_once UNIQUE (tenant_id, mark),
    CONSTRAINT payments_listedparty_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX payments_listedparty_added_by_id_3d1d6d23 ON public.payments_listedparty USING btree (added_by_id);
CREATE INDEX payments_listedparty_tenant_id_58330710 ON public.payments_listedparty USING btree (tenant_id);

CREATE TABLE payments_movement (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    stripe_movement_id character varying(255) NOT NULL,
    kind character varying(60) NOT NULL,
    source_id character varying(255) NOT NULL,
    amount_minor bigint NOT NULL,
    fee_minor bigint DEFAULT 0 NOT NULL,
    currency character varying(3) NOT NULL,
    made_at timestamp with time zone NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_movement_pkey PRIMARY KEY (id),
    CONSTRAINT movement_id_once UNIQUE (tenant_id, stripe_movement_id),
    CONSTRAINT payments_movement_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX movement_by_source ON public.payments_movement USING btree (tenant_id, source_id);
CREATE INDEX movement_by_time ON public.payments_movement USING btree (tenant_id, made_at);
CREATE INDEX payments_movement_tenant_id_12179a9f ON public.payments_movement USING btree (tenant_id);

CREATE TABLE payments_payment (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    refunded_minor bigint NOT NULL,
    state character varying(12) NOT NULL,
    standing character varying(12) NOT NULL,
    mismatch character varying(500) NOT NULL,
    method character varying(40) NOT NULL,
    card_brand character varying(40) NOT NULL,
    last4 character varying(4) NOT NULL,
    payer text NOT NULL,
    decline_code character varying(64) NOT NULL,
    decline_message character varying(500) NOT NULL,
    stripe_payment_intent_id character varying(255),
    stripe_charge_id character varying(255) NOT NULL,
    paid_at timestamp with time zone,
    decision character varying(12) NOT NULL,
    decided_at timestamp with time zone,
    checkout_id uuid NOT NULL,
    decided_by_id uuid,
    tenant_id uuid NOT NULL,
    link_id uuid,
    CONSTRAINT payments_payment_pkey PRIMARY KEY (id),
    CONSTRAINT payment_once_per_checkout UNIQUE (checkout_id),
    CONSTRAINT payments_payment_stripe_payment_intent_id_key UNIQUE (stripe_payment_intent_id),
    CONSTRAINT payments_payment_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT payment_amount_is_not_negative CHECK (amount_minor >= 0),
    CONSTRAINT payment_refunded_at_most_once CHECK (refunded_minor >= 0 AND refunded_minor <= amount_minor),
    CONSTRAINT payment_success_has_time CHECK (NOT state::text = 'succeeded'::text OR paid_at IS NOT NULL)
);
CREATE INDEX payment_by_link ON public.payments_payment USING btree (tenant_id, link_id);
CREATE INDEX payment_by_moment ON public.payments_payment USING btree (tenant_id, COALESCE(paid_at, created_at));
CREATE INDEX payment_by_state ON public.payments_payment USING btree (tenant_id, state, paid_at DESC);
CREATE INDEX payment_needs_decision ON public.payments_payment USING btree (tenant_id, created_at) WHERE ((NOT ((standing)::text = 'expected'::text)) AND ((decision)::text = ''::text) AND ((state)::text = 'succeeded'::text));
CREATE INDEX payment_newest ON public.payments_payment USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX payments_payment_checkout_id_f0dd81e4 ON public.payments_payment USING btree (checkout_id);
CREATE INDEX payments_payment_decided_by_id_d21ad5d8 ON public.payments_payment USING btree (decided_by_id);
CREATE INDEX payments_payment_link_id_5082c9d5 ON public.payments_payment USING btree (link_id);
CREATE INDEX payments_payment_stripe_payment_intent_id_481f9973_like ON public.payments_payment USING btree (stripe_payment_intent_id varchar_pattern_ops);
CREATE INDEX payments_payment_tenant_id_4a90fb63 ON public.payments_payment USING btree (tenant_id);

CREATE TABLE payments_paymentlink (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    token text NOT NULL,
    title character varying(120) NOT NULL,
    description text NOT NULL,
    reference character varying(80) NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    starts_at timestamp with time zone,
    expires_at timestamp with time zone,
    max_payments integer,
    after_payment_message character varying(500) NOT NULL,
    redirect_url character varying(500) NOT NULL,
    slots_taken integer DEFAULT 0 NOT NULL,
    paid_count integer DEFAULT 0 NOT NULL,
    deactivated_at timestamp with time zone,
    created_by_id uuid,
    tenant_id uuid NOT NULL,
    times_off tstzrange[] DEFAULT '{}'::tstzrange[] NOT NULL,
    pricing character varying(8) DEFAULT 'fixed'::character varying NOT NULL,
    offer jsonb DEFAULT '{}'::jsonb NOT NULL,
    prefill text,
    claimed_minor bigint DEFAULT 0 NOT NULL,
    received_minor bigint DEFAULT 0 NOT NULL,
    terms_version integer DEFAULT 1 NOT NULL,
    CONSTRAINT payments_paymentlink_pkey PRIMARY KEY (id),
    CONSTRAINT payments_paymentlink_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT link_allows_a_payment CHECK (max_payments IS NULL OR max_payments > 0),
    CONSTRAINT link_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT link_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT link_parts_within_whole CHECK (NOT pricing::text = 'parts'::text OR claimed_minor <= amount_minor),
    CONSTRAINT link_slots_within_limit CHECK (max_payments IS NULL OR slots_taken <= max_payments),
    CONSTRAINT link_starts_before_it_expires CHECK (starts_at IS NULL OR expires_at IS NULL OR starts_at < expires_at),
    CONSTRAINT payments_paymentlink_max_payments_check CHECK (max_payments >= 0),
    CONSTRAINT payments_paymentlink_paid_count_check CHECK (paid_count >= 0),
    CONSTRAINT payments_paymentlink_slots_taken_check CHECK (slots_taken >= 0),
    CONSTRAINT payments_paymentlink_terms_version_check CHECK (terms_version >= 0),
    CONSTRAINT payments_paymentlink_version_check CHECK (version >= 0)
);
CREATE INDEX link_by_expiry ON public.payments_paymentlink USING btree (tenant_id, expires_at);
CREATE INDEX link_newest ON public.payments_paymentlink USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX payments_paymentlink_created_by_id_20142064 ON public.payments_paymentlink USING btree (created_by_id);
CREATE INDEX payments_paymentlink_tenant_id_062e9468 ON public.payments_paymentlink USING btree (tenant_id);

CREATE TABLE payments_receipt (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    token text NOT NULL,
    language character varying(10) NOT NULL,
    payment_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_receipt_pkey PRIMARY KEY (id),
    CONSTRAINT payments_receipt_payment_id_key UNIQUE (payment_id),
    CONSTRAINT payments_receipt_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX payments_receipt_tenant_id_4ba7f2a7 ON public.payments_receipt USING btree (tenant_id);

CREATE TABLE payments_refund (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    reason character varying(200) NOT NULL,
    state character varying(12) NOT NULL,
    stripe_refund_id character varying(255),
    epoch smallint NOT NULL,
    key_used_at timestamp with time zone,
    attempts integer NOT NULL,
    next_at timestamp with time zone,
    last_error character varying(500) NOT NULL,
    payment_id uuid NOT NULL,
    requested_by_id uuid,
    tenant_id uuid NOT NULL,
    settled_at timestamp with time zone,
    settled_by_id uuid,
    settled_note character varying(300) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT payments_refund_pkey PRIMARY KEY (id),
    CONSTRAINT payments_refund_stripe_refund_id_key UNIQUE (stripe_refund_id),
    CONSTRAINT payments_refund_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT payments_refund_attempts_check CHECK (attempts >= 0),
    CONSTRAINT payments_refund_epoch_check CHECK (epoch >= 0),
    CONSTRAINT refund_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT refund_settled_with_note CHECK (settled_at IS NULL AND settled_note::text = ''::text OR settled_at IS NOT NULL AND settled_note::text > ''::text)
);
CREATE INDEX payments_refund_payment_id_a70693f7 ON public.payments_refund USING btree (payment_id);
CREATE INDEX payments_refund_requested_by_id_bc87fa8f ON public.payments_refund USING btree (requested_by_id);
CREATE INDEX payments_refund_settled_by_id_cb9458a5 ON public.payments_refund USING btree (settled_by_id);
CREATE INDEX payments_refund_stripe_refund_id_aae1bedf_like ON public.payments_refund USING btree (stripe_refund_id varchar_pattern_ops);
CREATE INDEX payments_refund_tenant_id_88619fac ON public.payments_refund USING btree (tenant_id);
CREATE INDEX refund_by_payment ON public.payments_refund USING btree (tenant_id, payment_id);
CREATE INDEX refund_to_push ON public.payments_refund USING btree (tenant_id, next_at) WHERE ((state)::text = 'requested'::text);

CREATE TABLE payments_stripeaccount (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    stripe_account_id character varying(64) NOT NULL,
    secret_key text NOT NULL,
    webhook_secrets text NOT NULL,
    livemode boolean NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_stripeaccount_pkey PRIMARY KEY (id),
    CONSTRAINT payments_stripeaccount_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT stripe_account_once_per_tenant UNIQUE (tenant_id)
);
CREATE INDEX payments_stripeaccount_tenant_id_31b7ca1a ON public.payments_stripeaccount USING btree (tenant_id);

CREATE TABLE payments_stripeevent (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    stripe_event_id character varying(255) NOT NULL,
    type character varying(120) NOT NULL,
    object_id character varying(255) NOT NULL,
    payload text NOT NULL,
    stripe_created_at timestamp with time zone NOT NULL,
    processed_at timestamp with time zone,
    outcome character varying(40) NOT NULL,
    attempts integer NOT NULL,
    next_at timestamp with time zone,
    last_error character varying(500) NOT NULL,
    mirrored_at timestamp with time zone,
    account_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT payments_stripeevent_pkey PRIMARY KEY (id),
    CONSTRAINT payments_stripeevent_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT stripe_event_once_per_tenant UNIQUE (tenant_id, stripe_event_id),
    CONSTRAINT payments_stripeevent_attempts_check CHECK (attempts >= 0)
);
CREATE INDEX event_by_object ON public.payments_stripeevent USING btree (tenant_id, object_id);
CREATE INDEX event_newest ON public.payments_stripeevent USING btree (tenant_id, created_at DESC);
CREATE INDEX event_unprocessed ON public.payments_stripeevent USING btree (tenant_id, next_at) WHERE (processed_at IS NULL);
CREATE INDEX payments_stripeevent_account_id_be9397ed ON public.payments_stripeevent USING btree (account_id);
CREATE INDEX payments_stripeevent_tenant_id_9e55f75f ON public.payments_stripeevent USING btree (tenant_id);

-- What leads apply for.
CREATE TABLE crm_application (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    programme character varying(120) DEFAULT ''::character varying NOT NULL,
    stage character varying(40) DEFAULT 'draft'::character varying NOT NULL,  -- The key of a row of crm_applicationstage.
    stage_since timestamp with time zone DEFAULT now() NOT NULL,  -- When the stage was entered.
    fee_minor bigint,  -- The application fee in minor units; null: none.
    currency character varying(3) DEFAULT ''::character varying NOT NULL,
    fee_token text,
    tenant_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    CONSTRAINT crm_application_pkey PRIMARY KEY (id),
    CONSTRAINT application_tenant_id_id_lead UNIQUE (tenant_id, id, lead_id),
    CONSTRAINT crm_application_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT application_fee_has_a_currency CHECK (currency::text = ''::text AND fee_minor IS NULL OR currency::text ~ '^[A-Z]{3}$'::text AND fee_minor > 0),
    CONSTRAINT crm_application_version_check CHECK (version >= 0)
);
CREATE INDEX application_by_age ON public.crm_application USING btree (tenant_id, created_at, id);
CREATE INDEX application_by_lead ON public.crm_application USING btree (tenant_id, lead_id);
CREATE INDEX application_by_stage ON public.crm_application USING btree (tenant_id, stage);
CREATE INDEX application_by_stage_age ON public.crm_application USING btree (tenant_id, stage, stage_since);
CREATE INDEX crm_application_lead_id_4169e7aa ON public.crm_application USING btree (lead_id);
CREATE INDEX crm_application_tenant_id_8729e900 ON public.crm_application USING btree (tenant_id);

-- The steps an application goes through, in a company's own order and words.
CREATE TABLE crm_applicationstage (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    key character varying(40) NOT NULL,
    name character varying(60) NOT NULL,
    position smallint NOT NULL,
    outcome character varying(4) DEFAULT 'open'::character varying NOT NULL,
    deadline_days smallint,
    needs_note boolean DEFAULT false NOT NULL,
    may_go_back boolean DEFAULT true NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT crm_applicationstage_pkey PRIMARY KEY (id),
    CONSTRAINT application_stage_key_once_per_tenant UNIQUE (tenant_id, key),
    CONSTRAINT crm_applicationstage_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT application_stage_outcome_is_known CHECK (outcome::text = ANY (ARRAY['open'::character varying, 'won'::character varying, 'lost'::character varying]::text[])),
    CONSTRAINT crm_applicationstage_deadline_days_check CHECK (deadline_days >= 0),
    CONSTRAINT crm_applicationstage_position_check CHECK ("position" >= 0),
    CONSTRAINT crm_applicationstage_version_check CHECK (version >= 0)
);
CREATE INDEX crm_applicationstage_key_9dcbb0c5 ON public.crm_applicationstage USING btree (key);
CREATE INDEX crm_applicationstage_key_9dcbb0c5_like ON public.crm_applicationstage USING btree (key varchar_pattern_ops);
CREATE INDEX crm_applicationstage_tenant_id_5585dedf ON public.crm_applicationstage USING btree (tenant_id);

-- Secret addresses at which calendars read people's tasks.
CREATE TABLE crm_calendarfeed (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    token text NOT NULL,
    revoked_at timestamp with time zone,
    last_read_at timestamp with time zone,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    content_changed_at timestamp with time zone,  -- When the feed was first seen to say what it says now.
    content_hash character varying(64) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT crm_calendarfeed_pkey PRIMARY KEY (id),
    CONSTRAINT crm_calendarfeed_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX crm_calendarfeed_tenant_id_bbfaafed ON public.crm_calendarfeed USING btree (tenant_id);
CREATE INDEX crm_calendarfeed_user_id_01af58e8 ON public.crm_calendarfeed USING btree (user_id);
CREATE UNIQUE INDEX one_calendar_feed_per_person ON public.crm_calendarfeed USING btree (tenant_id, user_id) WHERE (revoked_at IS NULL);

-- People who may become customers.
CREATE TABLE crm_lead (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    team_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,  -- Teams (core_team) whose members see the lead too.
    stage character varying(40) DEFAULT 'new'::character varying NOT NULL,  -- The key of a row of crm_leadstage.
    stage_since timestamp with time zone DEFAULT now() NOT NULL,  -- When the stage was entered.
    name character varying(160) NOT NULL,
    email character varying(254) DEFAULT ''::character varying NOT NULL,
    email_normalised character varying(254) GENERATED ALWAYS AS (lower(TRIM(BOTH FROM email))) STORED,  -- For look-up: an index on an expression is not used under row-level security.
    phone character varying(40) DEFAULT ''::character varying NOT NULL,
    phone_normalised character varying(24) DEFAULT ''::character varying NOT NULL,  -- E.164 where the number can be understood, else its digits.
    source character varying(80) DEFAULT ''::character varying NOT NULL,
    source_id character varying(80),
    next_action character varying(200) DEFAULT ''::character varying NOT NULL,
    next_action_at timestamp with time zone,
    last_activity_at timestamp with time zone DEFAULT now() NOT NULL,  -- The newest entry of the timeline; quiet leads are found by it.
    merged_into_id uuid,
    owner_id uuid,  -- Who looks after the lead; the same company's, by lead_owner_same_tenant.
    tenant_id uuid NOT NULL,
    name_key character varying(8) GENERATED ALWAYS AS (("left"(translate(lower((name)::text), 'àáâãäåçèéêëìíîïñòóôõöøùúûüýÿ'::text, 'aaaaaaceeeeiiiinoooooouuuuyy'::text), 3) || COALESCE("left"(translate(lower("substring"((name)::text, '([^ ]+) *$'::text)), 'àáâãäåçèéêëìíîïñòóôõöøùúûüýÿ'::text, 'aaaaaaceeeeiiiinoooooouuuuyy'::text), 2), ''::text))) STORED,  -- How the name begins, in plain letters: the few whose names may be alike.
    name_folded character varying(160) GENERATED ALWAYS AS (lower((name)::text)) STORED,  -- For look-up by how it starts: ranges of bytes, which an index serves.
    name_tail character varying(160) GENERATED ALWAYS AS (regexp_replace(lower((name)::text), '^\S+\s+'::text, ''::text)) STORED,  -- The same without the first word.
    name_last character varying(160) GENERATED ALWAYS AS (regexp_replace(lower((name)::text), '^.*\s'::text, ''::text)) STORED,  -- The last word alone.
    CONSTRAINT crm_lead_pkey PRIMARY KEY (id),
    CONSTRAINT crm_lead_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT lead_source_id_once_per_tenant UNIQUE (tenant_id, source_id),
    CONSTRAINT crm_lead_version_check CHECK (version >= 0),
    CONSTRAINT lead_has_a_name CHECK (NOT name::text = ''::text),
    CONSTRAINT lead_not_merged_into_itself CHECK (NOT (merged_into_id = id AND merged_into_id IS NOT NULL))
);
CREATE INDEX crm_lead_merged_into_id_22a24dcc ON public.crm_lead USING btree (merged_into_id);
CREATE INDEX crm_lead_owner_id_f8fa5b1a ON public.crm_lead USING btree (owner_id);
CREATE INDEX crm_lead_tenant_id_0577694f ON public.crm_lead USING btree (tenant_id);
CREATE INDEX lead_by_activity ON public.crm_lead USING btree (tenant_id, last_activity_at);
CREATE INDEX lead_by_age ON public.crm_lead USING btree (tenant_id, created_at, id);
CREATE INDEX lead_by_email ON public.crm_lead USING btree (tenant_id, email_normalised) WHERE (NOT ((email)::text = ''::text));
CREATE INDEX lead_by_name ON public.crm_lead USING btree (tenant_id, name_folded);
CREATE INDEX lead_by_name_key ON public.crm_lead USING btree (tenant_id, name_key) WHERE (merged_into_id IS NULL);
CREATE INDEX lead_by_name_last ON public.crm_lead USING btree (tenant_id, name_last);
CREATE INDEX lead_by_name_tail ON public.crm_lead USING btree (tenant_id, name_tail);
CREATE INDEX lead_by_next_action ON public.crm_lead USING btree (tenant_id, next_action_at) WHERE (next_action_at IS NOT NULL);
CREATE INDEX lead_by_owner ON public.crm_lead USING btree (tenant_id, owner_id);
CREATE INDEX lead_by_phone ON public.crm_lead USING btree (tenant_id, phone_normalised) WHERE (NOT ((phone_normalised)::text = ''::text));
CREATE INDEX lead_by_stage ON public.crm_lead USING btree (tenant_id, stage);
CREATE INDEX lead_by_stage_age ON public.crm_lead USING btree (tenant_id, stage, stage_since);
CREATE INDEX lead_by_survivor ON public.crm_lead USING btree (merged_into_id);

-- Files of leads, with how far each was taken in.
CREATE TABLE crm_leadimport (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    file_name character varying(120) NOT NULL,
    state character varying(7) DEFAULT 'preview'::character varying NOT NULL,
    content text NOT NULL,
    total integer NOT NULL,  -- Rows of the file, without its header.
    done integer DEFAULT 0 NOT NULL,
    created integer DEFAULT 0 NOT NULL,
    changed integer DEFAULT 0 NOT NULL,
    same integer DEFAULT 0 NOT NULL,
    refused text NOT NULL,  -- Rows that were not taken, with line and reasons.
    refused_count integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    last_error character varying(300) DEFAULT ''::character varying NOT NULL,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT crm_leadimport_pkey PRIMARY KEY (id),
    CONSTRAINT crm_leadimport_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT crm_leadimport_changed_check CHECK (changed >= 0),
    CONSTRAINT crm_leadimport_created_check CHECK (created >= 0),
    CONSTRAINT crm_leadimport_done_check CHECK (done >= 0),
    CONSTRAINT crm_leadimport_refused_count_check CHECK (refused_count >= 0),
    CONSTRAINT crm_leadimport_same_check CHECK (same >= 0),
    CONSTRAINT crm_leadimport_total_check CHECK (total >= 0),
    CONSTRAINT lead_import_done_within_total CHECK (done <= total),
    CONSTRAINT lead_import_state_is_known CHECK (state::text = ANY (ARRAY['preview'::character varying, 'running'::character varying, 'done'::character varying, 'failed'::character varying]::text[]))
);
CREATE INDEX crm_leadimport_tenant_id_2fafd3ec ON public.crm_leadimport USING btree (tenant_id);
CREATE INDEX crm_leadimport_user_id_25ee1626 ON public.crm_leadimport USING btree (user_id);
CREATE INDEX lead_import_by_user ON public.crm_leadimport USING btree (tenant_id, user_id);
CREATE INDEX lead_import_running ON public.crm_leadimport USING btree (tenant_id, updated_at) WHERE ((state)::text = 'running'::text);

-- The steps a lead goes through, in a company's own order and words.
CREATE TABLE crm_leadstage (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    key character varying(40) NOT NULL,
    name character varying(60) NOT NULL,
    position smallint NOT NULL,
    outcome character varying(4) DEFAULT 'open'::character varying NOT NULL,
    deadline_days smallint,
    needs_note boolean DEFAULT false NOT NULL,
    may_go_back boolean DEFAULT true NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT crm_leadstage_pkey PRIMARY KEY (id),
    CONSTRAINT crm_leadstage_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT lead_stage_key_once_per_tenant UNIQUE (tenant_id, key),
    CONSTRAINT crm_leadstage_deadline_days_check CHECK (deadline_days >= 0),
    CONSTRAINT crm_leadstage_position_check CHECK ("position" >= 0),
    CONSTRAINT crm_leadstage_version_check CHECK (version >= 0),
    CONSTRAINT lead_stage_outcome_is_known CHECK (outcome::text = ANY (ARRAY['open'::character varying, 'won'::character varying, 'lost'::character varying]::text[]))
);
CREATE INDEX crm_leadstage_key_d2ea35ec ON public.crm_leadstage USING btree (key);
CREATE INDEX crm_leadstage_key_d2ea35ec_like ON public.crm_leadstage USING btree (key varchar_pattern_ops);
CREATE INDEX crm_leadstage_tenant_id_782ad857 ON public.crm_leadstage USING btree (tenant_id);

-- crm_lead.team_ids row by row; kept by a trigger.
CREATE TABLE crm_leadteam (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    lead_id uuid NOT NULL,
    team_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT crm_leadteam_pkey PRIMARY KEY (id),
    CONSTRAINT crm_leadteam_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT lead_once_per_team UNIQUE (tenant_id, team_id, lead_id)
);
CREATE INDEX crm_leadteam_lead_id_ebc03741 ON public.crm_leadteam USING btree (lead_id);
CREATE INDEX crm_leadteam_team_id_5d262dd0 ON public.crm_leadteam USING btree (team_id);
CREATE INDEX crm_leadteam_tenant_id_55ca7c42 ON public.crm_leadteam USING btree (tenant_id);
CREATE INDEX teams_of_lead ON public.crm_leadteam USING btree (tenant_id, lead_id);

-- Pairs of leads that look alike and are two people.
CREATE TABLE crm_notduplicate (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    by_id uuid,
    first_id uuid NOT NULL,
    second_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT crm_notduplicate_pkey PRIMARY KEY (id),
    CONSTRAINT crm_notduplicate_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT not_duplicate_once_per_pair UNIQUE (tenant_id, first_id, second_id),
    CONSTRAINT not_duplicate_in_order CHECK (first_id < second_id)
);
CREATE INDEX crm_notduplicate_by_id_71d4595a ON public.crm_notduplicate USING btree (by_id);
CREATE INDEX crm_notduplicate_first_id_51733012 ON public.crm_notduplicate USING btree (first_id);
CREATE INDEX crm_notduplicate_second_id_b8246eee ON public.crm_notduplicate USING btree (second_id);
CREATE INDEX crm_notduplicate_tenant_id_ba5f07ec ON public.crm_notduplicate USING btree (tenant_id);

-- Each try of an applicant to pay the application fee.
CREATE TABLE crm_paymentrequest (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    state character varying(8) DEFAULT 'pending'::character varying NOT NULL,
    checkout_id uuid,  -- The row of payments_checkout that this is paid by.
    stripe_session_id character varying(255),
    stripe_payment_intent_id character varying(255),
    method character varying(40) DEFAULT ''::character varying NOT NULL,
    paid_at timestamp with time zone,
    reason character varying(500) DEFAULT ''::character varying NOT NULL,  -- Why it was not paid, in words.
    attended_at timestamp with time zone,  -- When somebody took a failure off the worklist.
    application_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT crm_paymentrequest_pkey PRIMARY KEY (id),
    CONSTRAINT crm_paymentrequest_checkout_id_key UNIQUE (checkout_id),
    CONSTRAINT crm_paymentrequest_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT paid_request_says_when CHECK (NOT state::text = 'paid'::text OR paid_at IS NOT NULL),
    CONSTRAINT payment_request_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT payment_request_state_is_known CHECK (state::text = ANY (ARRAY['pending'::character varying, 'paid'::character varying, 'failed'::character varying, 'expired'::character varying]::text[]))
);
CREATE INDEX crm_paymentrequest_application_id_d02f7ba0 ON public.crm_paymentrequest USING btree (application_id);
CREATE INDEX crm_paymentrequest_lead_id_b469b700 ON public.crm_paymentrequest USING btree (lead_id);
CREATE INDEX crm_paymentrequest_tenant_id_33802b71 ON public.crm_paymentrequest USING btree (tenant_id);
CREATE UNIQUE INDEX fee_asked_once_at_a_time ON public.crm_paymentrequest USING btree (tenant_id, application_id) WHERE ((state)::text = 'pending'::text);
CREATE INDEX request_by_application ON public.crm_paymentrequest USING btree (tenant_id, application_id);
CREATE INDEX request_paid_lately ON public.crm_paymentrequest USING btree (tenant_id, paid_at) WHERE ((state)::text = 'paid'::text);
CREATE INDEX request_unattended ON public.crm_paymentrequest USING btree (tenant_id, updated_at) WHERE ((attended_at IS NULL) AND ((state)::text = ANY ((ARRAY['failed'::character varying, 'expired'::character varying])::text[])));

-- What the calendar brought up, each to one person, each once.
CREATE TABLE crm_reminder (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind character varying(14) NOT NULL,
    occasion character varying(80) NOT NULL,  -- What it is about and since when; unique for a person.
    text character varying(300) NOT NULL,
    seen_at timestamp with time zone,
    lead_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    task_id uuid,
    CONSTRAINT crm_reminder_pkey PRIMARY KEY (id),
    CONSTRAINT crm_reminder_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT reminded_once UNIQUE (tenant_id, user_id, kind, occasion)
);
CREATE INDEX crm_reminder_lead_id_f5cbcdc2 ON public.crm_reminder USING btree (lead_id);
CREATE INDEX crm_reminder_task_id_2ed76acd ON public.crm_reminder USING btree (task_id);
CREATE INDEX crm_reminder_tenant_id_6e73faa0 ON public.crm_reminder USING btree (tenant_id);
CREATE INDEX crm_reminder_user_id_fb46bb30 ON public.crm_reminder USING btree (user_id);
CREATE INDEX reminder_unseen ON public.crm_reminder USING btree (tenant_id, user_id) WHERE (seen_at IS NULL);

-- What somebody must do about an application, and when.
CREATE TABLE crm_task (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    type character varying(6) NOT NULL,
    due_at timestamp with time zone NOT NULL,
    status character varying(9) DEFAULT 'open'::character varying NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    outcome text DEFAULT ''::text NOT NULL,
    completed_at timestamp with time zone,
    application_id uuid NOT NULL,
    assignee_id uuid,  -- Who does it; null: whoever looks after the lead.
    completed_by_id uuid,
    lead_id uuid NOT NULL,  -- The application's lead, kept by a trigger.
    tenant_id uuid NOT NULL,
    CONSTRAINT crm_task_pkey PRIMARY KEY (id),
    CONSTRAINT crm_task_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT completed_task_says_when CHECK (completed_at IS NULL AND status::text = 'open'::text OR completed_at IS NOT NULL AND status::text = 'completed'::text),
    CONSTRAINT crm_task_version_check CHECK (version >= 0),
    CONSTRAINT task_due_not_before_created CHECK (due_at >= created_at),
    CONSTRAINT task_status_is_known CHECK (status::text = ANY (ARRAY['open'::character varying, 'completed'::character varying]::text[])),
    CONSTRAINT task_type_is_known CHECK (type::text = ANY (ARRAY['call'::character varying, 'email'::character varying, 'review'::character varying]::text[]))
);
CREATE INDEX crm_task_application_id_5a36f9d3 ON public.crm_task USING btree (application_id);
CREATE INDEX crm_task_assignee_id_f524aa34 ON public.crm_task USING btree (assignee_id);
CREATE INDEX crm_task_completed_by_id_30440da8 ON public.crm_task USING btree (completed_by_id);
CREATE INDEX crm_task_lead_id_d7992017 ON public.crm_task USING btree (lead_id);
CREATE INDEX crm_task_tenant_id_393257ee ON public.crm_task USING btree (tenant_id);
CREATE INDEX task_by_age ON public.crm_task USING btree (tenant_id, created_at, id);
CREATE INDEX task_by_application ON public.crm_task USING btree (tenant_id, application_id);
CREATE INDEX task_by_assignee ON public.crm_task USING btree (tenant_id, assignee_id);
CREATE INDEX task_by_due ON public.crm_task USING btree (tenant_id, due_at);
CREATE INDEX task_by_lead ON public.crm_task USING btree (tenant_id, lead_id);
CREATE INDEX task_by_status ON public.crm_task USING btree (tenant_id, status);
CREATE INDEX task_completed_lately ON public.crm_task USING btree (tenant_id, completed_at) WHERE ((status)::text = 'completed'::text);
CREATE INDEX task_open_by_due ON public.crm_task USING btree (tenant_id, due_at, id) WHERE ((status)::text = 'open'::text);

-- What happened to leads; rows are added and never changed.
CREATE TABLE crm_timelineentry (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind character varying(20) NOT NULL,
    text text NOT NULL,  -- In words, for people.
    from_stage character varying(40) DEFAULT ''::character varying NOT NULL,
    to_stage character varying(40) DEFAULT ''::character varying NOT NULL,
    facts jsonb NOT NULL,  -- What programs may want to know.
    by_words character varying(80) DEFAULT ''::character varying NOT NULL,  -- Who did it where no person did: an API key, a payment, an import.
    happened_at timestamp with time zone NOT NULL,
    application_id uuid,
    by_id uuid,
    lead_id uuid NOT NULL,
    task_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT crm_timelineentry_pkey PRIMARY KEY (id),
    CONSTRAINT crm_timelineentry_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT move_names_both_stages CHECK (NOT kind::text = 'moved'::text OR NOT from_stage::text = ''::text AND NOT to_stage::text = ''::text)
);
CREATE INDEX crm_timelineentry_application_id_282bb7b4 ON public.crm_timelineentry USING btree (application_id);
CREATE INDEX crm_timelineentry_by_id_27a87784 ON public.crm_timelineentry USING btree (by_id);
CREATE INDEX crm_timelineentry_lead_id_f1ff6870 ON public.crm_timelineentry USING btree (lead_id);
CREATE INDEX crm_timelineentry_task_id_31e8240e ON public.crm_timelineentry USING btree (task_id);
CREATE INDEX crm_timelineentry_tenant_id_7a7771ec ON public.crm_timelineentry USING btree (tenant_id);
CREATE INDEX entry_by_lead ON public.crm_timelineentry USING btree (tenant_id, lead_id, happened_at DESC, id DESC);
CREATE INDEX entry_newest ON public.crm_timelineentry USING btree (tenant_id, happened_at DESC, id DESC);

CREATE TABLE subscriptions_case (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    rent_id uuid NOT NULL,
    state character varying(6) NOT NULL,
    cause character varying(300) NOT NULL,
    owner_id uuid,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    outcome character varying(500) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT subscriptions_case_pkey PRIMARY KEY (id),
    CONSTRAINT subscriptions_case_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT closed_case_says_when_and_how CHECK (closed_at IS NULL AND state::text = 'open'::text OR closed_at IS NOT NULL AND outcome::text > ''::text AND state::text = 'closed'::text),
    CONSTRAINT subscriptions_case_version_check CHECK (version >= 0)
);
CREATE UNIQUE INDEX one_open_case_per_rent ON public.subscriptions_case USING btree (tenant_id, rent_id) WHERE ((state)::text = 'open'::text);
CREATE INDEX subscriptions_case_owner_id_0e56a2e5 ON public.subscriptions_case USING btree (owner_id);
CREATE INDEX subscriptions_case_rent_id_97c7c434 ON public.subscriptions_case USING btree (rent_id);
CREATE INDEX subscriptions_case_tenant_id_175c5131 ON public.subscriptions_case USING btree (tenant_id);

CREATE TABLE subscriptions_casenote (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    case_id uuid NOT NULL,
    by_id uuid,
    text text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    once character varying(200),
    CONSTRAINT subscriptions_casenote_pkey PRIMARY KEY (id),
    CONSTRAINT case_note_told_once UNIQUE (tenant_id, case_id, once),
    CONSTRAINT subscriptions_casenote_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX subscriptions_casenote_by_id_2e442501 ON public.subscriptions_casenote USING btree (by_id);
CREATE INDEX subscriptions_casenote_case_id_4d98febb ON public.subscriptions_casenote USING btree (case_id);
CREATE INDEX subscriptions_casenote_tenant_id_d81745b7 ON public.subscriptions_casenote USING btree (tenant_id);

CREATE TABLE subscriptions_charge (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    request_id character varying(200) NOT NULL,
    month date NOT NULL,
    customer_store_id character varying(36) NOT NULL,
    store_sku integer NOT NULL,
    state character varying(10) NOT NULL,
    cause character varying(10) NOT NULL,
    reason character varying(500) NOT NULL,
    answer jsonb,
    attempts integer NOT NULL,
    next_at timestamp with time zone,
    decided_at timestamp with time zone,
    requested_by_id uuid,
    tenant_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    CONSTRAINT subscriptions_charge_pkey PRIMARY KEY (id),
    CONSTRAINT charge_request_id_once_per_tenant UNIQUE (tenant_id, request_id),
    CONSTRAINT subscriptions_charge_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT charge_month_is_its_first_day CHECK (EXTRACT(day FROM month) = 1::numeric),
    CONSTRAINT charge_request_id_is_one_line CHECK (request_id::text ~ '^[^[:cntrl:]]+$'::text),
    CONSTRAINT charged_charge_has_answer CHECK (NOT state::text = 'charged'::text OR answer IS NOT NULL AND decided_at IS NOT NULL),
    CONSTRAINT open_charge_is_due_again CHECK (next_at IS NOT NULL AND (state::text = ANY (ARRAY['claimed'::character varying, 'unknown'::character varying]::text[])) OR NOT (state::text = ANY (ARRAY['claimed'::character varying, 'unknown'::character varying]::text[])) AND next_at IS NULL),
    CONSTRAINT subscriptions_charge_attempts_check CHECK (attempts >= 0)
);
CREATE INDEX charge_newest ON public.subscriptions_charge USING btree (tenant_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX charge_once_per_month ON public.subscriptions_charge USING btree (tenant_id, subscription_id, month) WHERE ((state)::text = ANY ((ARRAY['claimed'::character varying, 'charged'::character varying, 'unknown'::character varying])::text[]));
CREATE INDEX charge_open ON public.subscriptions_charge USING btree (tenant_id, next_at) WHERE ((state)::text = ANY ((ARRAY['claimed'::character varying, 'unknown'::character varying])::text[]));
CREATE INDEX subscriptions_charge_requested_by_id_13234072 ON public.subscriptions_charge USING btree (requested_by_id);
CREATE INDEX subscriptions_charge_subscription_id_3123d16d ON public.subscriptions_charge USING btree (subscription_id);
CREATE INDEX subscriptions_charge_tenant_id_33e58327 ON public.subscriptions_charge USING btree (tenant_id);

CREATE TABLE subscriptions_club (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    number integer NOT NULL,
    name character varying(255) NOT NULL,
    store_sku integer NOT NULL,
    time_zone character varying(60) DEFAULT ''::character varying NOT NULL,
    tenant_id uuid DEFAULT clubs.tenant_of_session() NOT NULL,
    run_day smallint DEFAULT 1 NOT NULL,
    CONSTRAINT subscriptions_club_pkey PRIMARY KEY (id),
    CONSTRAINT club_id_once_per_tenant UNIQUE (tenant_id, number),
    CONSTRAINT subscriptions_club_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT club_run_day_is_of_a_month CHECK (run_day >= 1 AND run_day <= 31),
    CONSTRAINT subscriptions_club_run_day_check CHECK (run_day >= 0),
    CONSTRAINT subscriptions_club_version_check CHECK (version >= 0)
);
CREATE INDEX subscriptions_club_tenant_id_74731104 ON public.subscriptions_club USING btree (tenant_id);

CREATE TABLE subscriptions_clubrun (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    month date NOT NULL,
    state character varying(10) NOT NULL,
    checked_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    club_id uuid NOT NULL,
    ended_by_id uuid,
    made_by_id uuid,
    started_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT subscriptions_clubrun_pkey PRIMARY KEY (id),
    CONSTRAINT subscriptions_clubrun_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT club_run_month_is_its_first_day CHECK (EXTRACT(day FROM month) = 1::numeric),
    CONSTRAINT ended_club_run_has_its_end CHECK (ended_at IS NOT NULL AND (state::text = ANY (ARRAY['done'::character varying, 'cancelled'::character varying]::text[])) OR NOT (state::text = ANY (ARRAY['done'::character varying, 'cancelled'::character varying]::text[])) AND ended_at IS NULL)
);
CREATE INDEX club_run_open ON public.subscriptions_clubrun USING btree (tenant_id, state) WHERE ((state)::text = ANY ((ARRAY['draft'::character varying, 'running'::character varying, 'stopped'::character varying, 'review'::character varying])::text[]));
CREATE UNIQUE INDEX one_open_run_per_club_and_month ON public.subscriptions_clubrun USING btree (tenant_id, club_id, month) WHERE ((state)::text = ANY ((ARRAY['draft'::character varying, 'running'::character varying, 'stopped'::character varying, 'review'::character varying])::text[]));
CREATE INDEX subscriptions_clubrun_club_id_cff33767 ON public.subscriptions_clubrun USING btree (club_id);
CREATE INDEX subscriptions_clubrun_ended_by_id_1aef4caa ON public.subscriptions_clubrun USING btree (ended_by_id);
CREATE INDEX subscriptions_clubrun_made_by_id_17267d5a ON public.subscriptions_clubrun USING btree (made_by_id);
CREATE INDEX subscriptions_clubrun_started_by_id_a3600c4f ON public.subscriptions_clubrun USING btree (started_by_id);
CREATE INDEX subscriptions_clubrun_tenant_id_28d41e5c ON public.subscriptions_clubrun USING btree (tenant_id);

CREATE TABLE subscriptions_clubrunitem (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    state character varying(10) NOT NULL,
    cause character varying(10) DEFAULT ''::character varying NOT NULL,
    reason character varying(500) DEFAULT ''::character varying NOT NULL,
    warning character varying(500) DEFAULT ''::character varying NOT NULL,
    attempt integer DEFAULT 1 NOT NULL,
    misses integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone,
    note character varying(500) DEFAULT ''::character varying NOT NULL,
    charge_id uuid,
    decided_by_id uuid,
    run_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT subscriptions_clubrunitem_pkey PRIMARY KEY (id),
    CONSTRAINT club_run_item_once_per_run UNIQUE (tenant_id, run_id, subscription_id),
    CONSTRAINT subscriptions_clubrunitem_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT club_run_item_under_way_has_its_end CHECK (NOT state::text = 'charging'::text OR due_at IS NOT NULL),
    CONSTRAINT subscriptions_clubrunitem_attempt_check CHECK (attempt >= 0),
    CONSTRAINT subscriptions_clubrunitem_misses_check CHECK (misses >= 0)
);
CREATE INDEX club_run_item_by_state ON public.subscriptions_clubrunitem USING btree (run_id, state, id);
CREATE INDEX club_run_item_of_member ON public.subscriptions_clubrunitem USING btree (tenant_id, subscription_id);
CREATE INDEX club_run_item_under_way ON public.subscriptions_clubrunitem USING btree (tenant_id, due_at) WHERE ((state)::text = ANY ((ARRAY['charging'::character varying, 'unknown'::character varying])::text[]));
CREATE INDEX club_run_item_waiting ON public.subscriptions_clubrunitem USING btree (run_id, id) WHERE ((state)::text = 'pending'::text);
CREATE INDEX subscriptions_clubrunitem_charge_id_9908f0c6 ON public.subscriptions_clubrunitem USING btree (charge_id);
CREATE INDEX subscriptions_clubrunitem_decided_by_id_dcfd1e05 ON public.subscriptions_clubrunitem USING btree (decided_by_id);
CREATE INDEX subscriptions_clubrunitem_run_id_f2e8e158 ON public.subscriptions_clubrunitem USING btree (run_id);
CREATE INDEX subscriptions_clubrunitem_subscription_id_55a9ba02 ON public.subscriptions_clubrunitem USING btree (subscription_id);
CREATE INDEX subscriptions_clubrunitem_tenant_id_e3cf863f ON public.subscriptions_clubrunitem USING btree (tenant_id);

CREATE TABLE subscriptions_clubstatus (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    number integer NOT NULL,
    name character varying(255) NOT NULL,
    tenant_id uuid DEFAULT clubs.tenant_of_session() NOT NULL,
    CONSTRAINT subscriptions_clubstatus_pkey PRIMARY KEY (id),
    CONSTRAINT club_status_id_once_per_tenant UNIQUE (tenant_id, number),
    CONSTRAINT subscriptions_clubstatus_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX subscriptions_clubstatus_tenant_id_01f32875 ON public.subscriptions_clubstatus USING btree (tenant_id);

CREATE TABLE subscriptions_clubstatuschange (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    reference character varying(36) NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    details text DEFAULT ''::text NOT NULL,
    withdrawn_at timestamp with time zone,
    status integer NOT NULL,
    club_id uuid NOT NULL,
    tenant_id uuid DEFAULT clubs.tenant_of_session() NOT NULL,
    CONSTRAINT subscriptions_clubstatuschange_pkey PRIMARY KEY (id),
    CONSTRAINT club_status_history_id_once_per_tenant UNIQUE (tenant_id, reference),
    CONSTRAINT subscriptions_clubstatuschange_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT club_status_history_create_date_in_range CHECK (recorded_at >= '1900-01-01 00:00:00+00'::timestamp with time zone AND recorded_at < '2200-01-01 00:00:00+00'::timestamp with time zone),
    CONSTRAINT club_status_history_effect_date_in_range CHECK (effective_at >= '1900-01-01 00:00:00+00'::timestamp with time zone AND effective_at < '2200-01-01 00:00:00+00'::timestamp with time zone),
    CONSTRAINT club_status_history_id_is_one_line CHECK (reference::text ~ '^[^[:cntrl:]]+$'::text)
);
CREATE INDEX club_status_newest ON public.subscriptions_clubstatuschange USING btree (club_id, effective_at DESC, recorded_at DESC, reference DESC) WHERE (withdrawn_at IS NULL);
CREATE INDEX subscriptions_clubstatuschange_club_id_3162b19b ON public.subscriptions_clubstatuschange USING btree (club_id);
CREATE INDEX subscriptions_clubstatuschange_tenant_id_408c18b1 ON public.subscriptions_clubstatuschange USING btree (tenant_id);

CREATE TABLE subscriptions_disputeact (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    epoch smallint DEFAULT 1 NOT NULL,
    key_used_at timestamp with time zone,
    leased_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone,
    last_error character varying(500) DEFAULT ''::character varying NOT NULL,
    dispute_id uuid NOT NULL,
    kind character varying(6) NOT NULL,
    state character varying(7) NOT NULL,
    evidence jsonb DEFAULT '{}'::jsonb NOT NULL,
    asked_by_id uuid,
    asked_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    CONSTRAINT subscriptions_disputeact_pkey PRIMARY KEY (id),
    CONSTRAINT subscriptions_disputeact_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT done_dispute_act_says_when CHECK (NOT state::text = 'done'::text OR done_at IS NOT NULL),
    CONSTRAINT subscriptions_disputeact_attempts_check CHECK (attempts >= 0),
    CONSTRAINT subscriptions_disputeact_epoch_check CHECK (epoch >= 0)
);
CREATE INDEX dispute_act_to_do ON public.subscriptions_disputeact USING btree (tenant_id, next_at) WHERE ((state)::text = 'asked'::text);
CREATE UNIQUE INDEX one_act_at_a_time_per_dispute ON public.subscriptions_disputeact USING btree (tenant_id, dispute_id) WHERE ((state)::text = 'asked'::text);
CREATE INDEX subscriptions_disputeact_asked_by_id_8a1041d7 ON public.subscriptions_disputeact USING btree (asked_by_id);
CREATE INDEX subscriptions_disputeact_dispute_id_1da0111d ON public.subscriptions_disputeact USING btree (dispute_id);
CREATE INDEX subscriptions_disputeact_tenant_id_f76222c6 ON public.subscriptions_disputeact USING btree (tenant_id);

CREATE TABLE subscriptions_formerstripeid (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    kind character varying(12) NOT NULL,
    stripe_id character varying(255) NOT NULL,
    reason character varying(300) DEFAULT ''::character varying NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    house_id uuid,
    resident_id uuid,
    room_id uuid,
    lease_id uuid,
    CONSTRAINT subscriptions_formerstripeid_pkey PRIMARY KEY (id),
    CONSTRAINT former_stripe_id_once UNIQUE NULLS NOT DISTINCT (tenant_id, kind, stripe_id, house_id, resident_id, room_id, lease_id),
    CONSTRAINT subscriptions_formerstripeid_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT former_stripe_id_has_one_owner CHECK ((lease_id IS NULL AND resident_id IS NOT NULL AND room_id IS NULL OR lease_id IS NULL AND resident_id IS NULL AND room_id IS NOT NULL OR lease_id IS NOT NULL AND resident_id IS NULL AND room_id IS NULL) AND house_id IS NULL OR house_id IS NOT NULL AND lease_id IS NULL AND resident_id IS NULL AND room_id IS NULL)
);
CREATE INDEX former_stripe_id_by_id ON public.subscriptions_formerstripeid USING btree (tenant_id, stripe_id);
CREATE INDEX subscriptions_formerstripeid_house_id_0ab30ad5 ON public.subscriptions_formerstripeid USING btree (house_id);
CREATE INDEX subscriptions_formerstripeid_lease_id_936156e8 ON public.subscriptions_formerstripeid USING btree (lease_id);
CREATE INDEX subscriptions_formerstripeid_resident_id_5bc24a9d ON public.subscriptions_formerstripeid USING btree (resident_id);
CREATE INDEX subscriptions_formerstripeid_room_id_d0943236 ON public.subscriptions_formerstripeid USING btree (room_id);
CREATE INDEX subscriptions_formerstripeid_tenant_id_a0c5b122 ON public.subscriptions_formerstripeid USING btree (tenant_id);

CREATE TABLE subscriptions_fraudwarning (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    rent_id uuid,
    stripe_warning_id character varying(255) NOT NULL,
    stripe_charge_id character varying(255) NOT NULL,
    fraud_type character varying(60) NOT NULL,
    is_actionable boolean NOT NULL,
    warned_at timestamp with time zone NOT NULL,
    cleared_at timestamp with time zone,
    cleared_note character varying(300) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT subscriptions_fraudwarning_pkey PRIMARY KEY (id),
    CONSTRAINT fraud_warning_id_once UNIQUE (tenant_id, stripe_warning_id),
    CONSTRAINT subscriptions_fraudwarning_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX fraud_warning_by_charge ON public.subscriptions_fraudwarning USING btree (tenant_id, stripe_charge_id);
CREATE INDEX subscriptions_fraudwarning_rent_id_3a3965d7 ON public.subscriptions_fraudwarning USING btree (rent_id);
CREATE INDEX subscriptions_fraudwarning_tenant_id_f6a9517f ON public.subscriptions_fraudwarning USING btree (tenant_id);

CREATE TABLE subscriptions_house (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    source_id character varying(32),
    source_data jsonb DEFAULT '{}'::jsonb NOT NULL,
    findings jsonb DEFAULT '[]'::jsonb NOT NULL,
    name character varying(255) DEFAULT ''::character varying NOT NULL,
    currency character varying(3) NOT NULL,
    currency_from character varying(8) DEFAULT 'staff'::character varying NOT NULL,
    time_zone character varying(60) DEFAULT ''::character varying NOT NULL,
    stripe_account_id character varying(64),
    is_active boolean DEFAULT true NOT NULL,
    is_deleted boolean DEFAULT false NOT NULL,
    is_inferred boolean DEFAULT false NOT NULL,
    checked_account_id character varying(64) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT subscriptions_house_pkey PRIMARY KEY (id),
    CONSTRAINT house_source_id_once_per_tenant UNIQUE (tenant_id, source_id),
    CONSTRAINT subscriptions_house_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT house_account_is_not_empty CHECK (stripe_account_id IS NULL OR stripe_account_id::text > ''::text),
    CONSTRAINT house_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT house_source_id_is_not_empty CHECK (source_id IS NULL OR source_id::text > ''::text),
    CONSTRAINT subscriptions_house_version_check CHECK (version >= 0)
);
CREATE INDEX subscriptions_house_tenant_id_104561a2 ON public.subscriptions_house USING btree (tenant_id);

CREATE TABLE subscriptions_houseentry (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    house_id uuid,
    rent_id uuid NOT NULL,
    kind character varying(11) NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    source character varying(255) NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    words character varying(300) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT subscriptions_houseentry_pkey PRIMARY KEY (id),
    CONSTRAINT house_entry_once UNIQUE (tenant_id, rent_id, kind, source),
    CONSTRAINT subscriptions_houseentry_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT house_entry_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text)
);
CREATE INDEX house_entry_by_house ON public.subscriptions_houseentry USING btree (tenant_id, house_id, happened_at);
CREATE INDEX subscriptions_houseentry_house_id_6ade9b1f ON public.subscriptions_houseentry USING btree (house_id);
CREATE INDEX subscriptions_houseentry_rent_id_8fcf47b8 ON public.subscriptions_houseentry USING btree (rent_id);
CREATE INDEX subscriptions_houseentry_tenant_id_c69e31ad ON public.subscriptions_houseentry USING btree (tenant_id);

CREATE TABLE subscriptions_lease (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    source_id character varying(32),
    source_data jsonb DEFAULT '{}'::jsonb NOT NULL,
    findings jsonb DEFAULT '[]'::jsonb NOT NULL,
    resident_id uuid,
    room_id uuid,
    house_id uuid,
    user_source_id character varying(64) DEFAULT ''::character varying NOT NULL,
    room_source_id character varying(64) DEFAULT ''::character varying NOT NULL,
    house_source_id character varying(32) DEFAULT ''::character varying NOT NULL,
    number bigint,
    name character varying(255) DEFAULT ''::character varying NOT NULL,
    status character varying(10) NOT NULL,
    time_zone character varying(60) DEFAULT ''::character varying NOT NULL,
    starts_on date,
    ends_on date,
    moves_out_on date,
    signed_on date,
    moved_in_on date,
    has_moved_in boolean DEFAULT false NOT NULL,
    has_moved_out boolean DEFAULT false NOT NULL,
    currency character varying(3) NOT NULL,
    rent_minor bigint,
    deposit_minor bigint,
    stripe_subscription_id character varying(64),
    stripe_price_id character varying(64),
    CONSTRAINT subscriptions_lease_pkey PRIMARY KEY (id),
    CONSTRAINT lease_source_id_once_per_tenant UNIQUE (tenant_id, source_id),
    CONSTRAINT lease_subscription_once UNIQUE (tenant_id, stripe_subscription_id),
    CONSTRAINT subscriptions_lease_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT lease_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT lease_source_id_is_not_empty CHECK (source_id IS NULL OR source_id::text > ''::text),
    CONSTRAINT subscriptions_lease_version_check CHECK (version >= 0)
);
CREATE INDEX lease_by_resident ON public.subscriptions_lease USING btree (tenant_id, resident_id);
CREATE INDEX lease_by_room ON public.subscriptions_lease USING btree (tenant_id, room_id, starts_on);
CREATE INDEX subscriptions_lease_house_id_cde8cb39 ON public.subscriptions_lease USING btree (house_id);
CREATE INDEX subscriptions_lease_resident_id_ae2de330 ON public.subscriptions_lease USING btree (resident_id);
CREATE INDEX subscriptions_lease_room_id_8e9384f4 ON public.subscriptions_lease USING btree (room_id);
CREATE INDEX subscriptions_lease_tenant_id_bb725c96 ON public.subscriptions_lease USING btree (tenant_id);

CREATE TABLE subscriptions_leaseimport (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    file_name character varying(255) NOT NULL,
    sha256 character varying(64) NOT NULL,
    columns jsonb NOT NULL,
    counts jsonb NOT NULL,
    findings jsonb NOT NULL,
    imported_at timestamp with time zone NOT NULL,
    CONSTRAINT subscriptions_leaseimport_pkey PRIMARY KEY (id),
    CONSTRAINT subscriptions_leaseimport_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX lease_import_newest ON public.subscriptions_leaseimport USING btree (tenant_id, imported_at DESC);
CREATE INDEX subscriptions_leaseimport_tenant_id_b9d1d4db ON public.subscriptions_leaseimport USING btree (tenant_id);

CREATE TABLE subscriptions_move (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    reason character varying(500) NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    joined_id uuid NOT NULL,
    left_id uuid NOT NULL,
    moved_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT subscriptions_move_pkey PRIMARY KEY (id),
    CONSTRAINT subscriptions_move_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT move_is_between_two_subscriptions CHECK (NOT left_id = joined_id)
);
CREATE INDEX subscriptions_move_joined_id_a8ad0bcf ON public.subscriptions_move USING btree (joined_id);
CREATE INDEX subscriptions_move_left_id_eb9ca860 ON public.subscriptions_move USING btree (left_id);
CREATE INDEX subscriptions_move_moved_by_id_0c7af72a ON public.subscriptions_move USING btree (moved_by_id);
CREATE INDEX subscriptions_move_tenant_id_aff17847 ON public.subscriptions_move USING btree (tenant_id);

CREATE TABLE subscriptions_rentcollection (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    epoch smallint DEFAULT 1 NOT NULL,
    key_used_at timestamp with time zone,
    leased_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone,
    last_error character varying(500) DEFAULT ''::character varying NOT NULL,
    state character varying(7) NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    stripe_customer_id character varying(255) NOT NULL,
    stripe_invoice_id character varying(255) DEFAULT ''::character varying NOT NULL,
    stripe_charge_id character varying(255) DEFAULT ''::character varying NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    asked_by_id uuid,
    rent_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT subscriptions_rentcollection_pkey PRIMARY KEY (id),
    CONSTRAINT subscriptions_rentcollection_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT done_rent_collection_says_when CHECK (NOT state::text = 'done'::text OR done_at IS NOT NULL),
    CONSTRAINT rent_collection_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT rent_collection_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT subscriptions_rentcollection_attempts_check CHECK (attempts >= 0),
    CONSTRAINT subscriptions_rentcollection_epoch_check CHECK (epoch >= 0)
);
CREATE UNIQUE INDEX one_collection_at_a_time_per_rent ON public.subscriptions_rentcollection USING btree (tenant_id, rent_id) WHERE ((state)::text = 'asked'::text);
CREATE INDEX rent_collection_to_do ON public.subscriptions_rentcollection USING btree (tenant_id, next_at) WHERE ((state)::text = 'asked'::text);
CREATE INDEX subscriptions_rentcollection_asked_by_id_2ac712ae ON public.subscriptions_rentcollection USING btree (asked_by_id);
CREATE INDEX subscriptions_rentcollection_rent_id_4d3a3761 ON public.subscriptions_rentcollection USING btree (rent_id);
CREATE INDEX subscriptions_rentcollection_tenant_id_8a9748c9 ON public.subscriptions_rentcollection USING btree (tenant_id);

CREATE TABLE subscriptions_rentdispute (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    rent_id uuid,
    stripe_dispute_id character varying(255) NOT NULL,
    stripe_charge_id character varying(255) NOT NULL,
    status character varying(22) NOT NULL,
    reason character varying(60) NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    fee_minor bigint DEFAULT 0 NOT NULL,
    is_refundable boolean DEFAULT false NOT NULL,
    answer_by timestamp with time zone,
    has_evidence boolean DEFAULT false NOT NULL,
    submissions integer DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    read_at timestamp with time zone NOT NULL,
    reminded_for jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT subscriptions_rentdispute_pkey PRIMARY KEY (id),
    CONSTRAINT rent_dispute_id_once UNIQUE (tenant_id, stripe_dispute_id),
    CONSTRAINT subscriptions_rentdispute_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT rent_dispute_amount_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX rent_dispute_by_charge ON public.subscriptions_rentdispute USING btree (tenant_id, stripe_charge_id);
CREATE INDEX rent_dispute_by_status ON public.subscriptions_rentdispute USING btree (tenant_id, status, answer_by);
CREATE INDEX subscriptions_rentdispute_rent_id_e764b655 ON public.subscriptions_rentdispute USING btree (rent_id);
CREATE INDEX subscriptions_rentdispute_tenant_id_879c235b ON public.subscriptions_rentdispute USING btree (tenant_id);

CREATE TABLE subscriptions_rentpayment (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    source_id character varying(32),
    source_data jsonb DEFAULT '{}'::jsonb NOT NULL,
    findings jsonb DEFAULT '[]'::jsonb NOT NULL,
    lease_id uuid,
    resident_id uuid,
    duplicate_of_id uuid,
    lease_source_id character varying(64) DEFAULT ''::character varying NOT NULL,
    user_source_id character varying(64) DEFAULT ''::character varying NOT NULL,
    month date,
    currency character varying(3) NOT NULL,
    amount_minor bigint,
    paid_minor bigint DEFAULT 0 NOT NULL,
    pending_minor bigint DEFAULT 0 NOT NULL,
    state character varying(12) NOT NULL,
    is_pending boolean DEFAULT false NOT NULL,
    is_disputed boolean DEFAULT false NOT NULL,
    due_on date,
    paid_on date,
    comment text DEFAULT ''::text NOT NULL,
    retries integer DEFAULT 0 NOT NULL,
    stripe_charge_id character varying(255) DEFAULT ''::character varying NOT NULL,
    stripe_invoice_id character varying(255) DEFAULT ''::character varying NOT NULL,
    stripe_payment_intent_id character varying(255) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT subscriptions_rentpayment_pkey PRIMARY KEY (id),
    CONSTRAINT rent_payment_source_id_once_per_tenant UNIQUE (tenant_id, source_id),
    CONSTRAINT subscriptions_rentpayment_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT rent_is_no_duplicate_of_itself CHECK (duplicate_of_id IS NULL OR NOT (duplicate_of_id = id AND duplicate_of_id IS NOT NULL)),
    CONSTRAINT rent_month_is_its_first_day CHECK (month IS NULL OR EXTRACT(day FROM month) = 1::numeric),
    CONSTRAINT rent_payment_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT rent_payment_source_id_is_not_empty CHECK (source_id IS NULL OR source_id::text > ''::text),
    CONSTRAINT subscriptions_rentpayment_version_check CHECK (version >= 0)
);
CREATE INDEX rent_by_charge ON public.subscriptions_rentpayment USING btree (tenant_id, stripe_charge_id) WHERE (NOT ((stripe_charge_id)::text = ''::text));
CREATE INDEX rent_by_invoice ON public.subscriptions_rentpayment USING btree (tenant_id, stripe_invoice_id) WHERE (NOT ((stripe_invoice_id)::text = ''::text));
CREATE UNIQUE INDEX rent_once_per_lease_and_month ON public.subscriptions_rentpayment USING btree (tenant_id, lease_id, month) WHERE (duplicate_of_id IS NULL);
CREATE INDEX subscriptions_rentpayment_duplicate_of_id_68e96829 ON public.subscriptions_rentpayment USING btree (duplicate_of_id);
CREATE INDEX subscriptions_rentpayment_lease_id_64fbf7cf ON public.subscriptions_rentpayment USING btree (lease_id);
CREATE INDEX subscriptions_rentpayment_resident_id_4529e966 ON public.subscriptions_rentpayment USING btree (resident_id);
CREATE INDEX subscriptions_rentpayment_tenant_id_faab7fb3 ON public.subscriptions_rentpayment USING btree (tenant_id);

CREATE TABLE subscriptions_rentposting (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind character varying(7) NOT NULL,
    stripe_id character varying(255) NOT NULL,
    stripe_charge_id character varying(255) NOT NULL,
    status character varying(30) NOT NULL,
    reason character varying(60) DEFAULT ''::character varying NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    answer_by timestamp with time zone,
    happened_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone NOT NULL,
    rent_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT subscriptions_rentposting_pkey PRIMARY KEY (id),
    CONSTRAINT rent_posting_once UNIQUE (tenant_id, stripe_id),
    CONSTRAINT subscriptions_rentposting_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT rent_posting_is_of_something CHECK (amount_minor >= 0)
);
CREATE INDEX rent_posting_by_time ON public.subscriptions_rentposting USING btree (tenant_id, happened_at);
CREATE INDEX subscriptions_rentposting_rent_id_46edc55a ON public.subscriptions_rentposting USING btree (rent_id);
CREATE INDEX subscriptions_rentposting_tenant_id_5d7c5146 ON public.subscriptions_rentposting USING btree (tenant_id);

CREATE TABLE subscriptions_renttransfer (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    epoch smallint DEFAULT 1 NOT NULL,
    key_used_at timestamp with time zone,
    leased_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone,
    last_error character varying(500) DEFAULT ''::character varying NOT NULL,
    rent_id uuid NOT NULL,
    house_id uuid,
    state character varying(8) NOT NULL,
    hold character varying(30) DEFAULT ''::character varying NOT NULL,
    hold_words character varying(500) DEFAULT ''::character varying NOT NULL,
    held_since timestamp with time zone,
    stopped_by_id uuid,
    stop_reason character varying(300) DEFAULT ''::character varying NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    destination character varying(64) DEFAULT ''::character varying NOT NULL,
    source_charge_id character varying(255) DEFAULT ''::character varying NOT NULL,
    stripe_transfer_id character varying(255),
    sent_at timestamp with time zone,
    reversed_minor bigint DEFAULT 0 NOT NULL,
    CONSTRAINT subscriptions_renttransfer_pkey PRIMARY KEY (id),
    CONSTRAINT rent_transfer_id_once UNIQUE (tenant_id, stripe_transfer_id),
    CONSTRAINT subscriptions_renttransfer_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT held_rent_transfer_says_why CHECK (NOT state::text = 'held'::text OR hold::text > ''::text AND hold_words::text > ''::text),
    CONSTRAINT rent_transfer_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT rent_transfer_comes_back_once CHECK (reversed_minor >= 0 AND reversed_minor <= amount_minor),
    CONSTRAINT rent_transfer_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT sent_rent_transfer_is_known_at_stripe CHECK (NOT (state::text = ANY (ARRAY['sent'::character varying, 'reversed'::character varying]::text[])) OR destination::text > ''::text AND sent_at IS NOT NULL AND stripe_transfer_id IS NOT NULL),
    CONSTRAINT subscriptions_renttransfer_attempts_check CHECK (attempts >= 0),
    CONSTRAINT subscriptions_renttransfer_epoch_check CHECK (epoch >= 0)
);
CREATE UNIQUE INDEX one_standing_transfer_per_rent ON public.subscriptions_renttransfer USING btree (tenant_id, rent_id) WHERE ((state)::text = ANY ((ARRAY['held'::character varying, 'ready'::character varying, 'sending'::character varying, 'sent'::character varying, 'refused'::character varying])::text[]));
CREATE INDEX rent_transfer_by_state ON public.subscriptions_renttransfer USING btree (tenant_id, state);
CREATE INDEX rent_transfer_to_send ON public.subscriptions_renttransfer USING btree (tenant_id, next_at) WHERE ((state)::text = ANY ((ARRAY['ready'::character varying, 'sending'::character varying])::text[]));
CREATE INDEX subscriptions_renttransfer_house_id_c2bd23a1 ON public.subscriptions_renttransfer USING btree (house_id);
CREATE INDEX subscriptions_renttransfer_rent_id_349749f8 ON public.subscriptions_renttransfer USING btree (rent_id);
CREATE INDEX subscriptions_renttransfer_stopped_by_id_8458f9c6 ON public.subscriptions_renttransfer USING btree (stopped_by_id);
CREATE INDEX subscriptions_renttransfer_tenant_id_9f721b76 ON public.subscriptions_renttransfer USING btree (tenant_id);

CREATE TABLE subscriptions_resident (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    source_id character varying(32),
    source_data jsonb DEFAULT '{}'::jsonb NOT NULL,
    findings jsonb DEFAULT '[]'::jsonb NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text NOT NULL,
    phone text NOT NULL,
    address text NOT NULL,
    birth_date text NOT NULL,
    details text NOT NULL,
    country character varying(2) DEFAULT ''::character varying NOT NULL,
    locale character varying(10) DEFAULT ''::character varying NOT NULL,
    search_keys character varying(32)[] NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    is_banned boolean DEFAULT false NOT NULL,
    stripe_customer_id character varying(64),
    email_key character varying(32) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT subscriptions_resident_pkey PRIMARY KEY (id),
    CONSTRAINT resident_customer_once UNIQUE (tenant_id, stripe_customer_id),
    CONSTRAINT resident_source_id_once_per_tenant UNIQUE (tenant_id, source_id),
    CONSTRAINT subscriptions_resident_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT resident_source_id_is_not_empty CHECK (source_id IS NULL OR source_id::text > ''::text),
    CONSTRAINT subscriptions_resident_version_check CHECK (version >= 0)
);
CREATE INDEX resident_by_email ON public.subscriptions_resident USING btree (tenant_id, email_key) WHERE (NOT ((email_key)::text = ''::text));
CREATE INDEX resident_search ON public.subscriptions_resident USING gin (search_keys);
CREATE INDEX subscriptions_resident_tenant_id_44e756e9 ON public.subscriptions_resident USING btree (tenant_id);

CREATE TABLE subscriptions_room (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    source_id character varying(32),
    source_data jsonb DEFAULT '{}'::jsonb NOT NULL,
    findings jsonb DEFAULT '[]'::jsonb NOT NULL,
    house_id uuid,
    house_source_id character varying(32) DEFAULT ''::character varying NOT NULL,
    number integer,
    location character varying(255) DEFAULT ''::character varying NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    currency character varying(3) NOT NULL,
    base_rent_minor bigint,
    rent_minor bigint,
    price_minor bigint,
    deposit_minor bigint,
    is_active boolean DEFAULT true NOT NULL,
    is_deleted boolean DEFAULT false NOT NULL,
    stripe_product_id character varying(64),
    stripe_price_id character varying(64),
    CONSTRAINT subscriptions_room_pkey PRIMARY KEY (id),
    CONSTRAINT room_price_once UNIQUE (tenant_id, stripe_price_id),
    CONSTRAINT room_product_once UNIQUE (tenant_id, stripe_product_id),
    CONSTRAINT room_source_id_once_per_tenant UNIQUE (tenant_id, source_id),
    CONSTRAINT subscriptions_room_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT room_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT room_price_belongs_to_product CHECK (stripe_price_id IS NULL OR stripe_product_id IS NOT NULL),
    CONSTRAINT room_source_id_is_not_empty CHECK (source_id IS NULL OR source_id::text > ''::text),
    CONSTRAINT subscriptions_room_version_check CHECK (version >= 0)
);
CREATE INDEX subscriptions_room_house_id_b0e898a1 ON public.subscriptions_room USING btree (house_id);
CREATE INDEX subscriptions_room_tenant_id_4b07e830 ON public.subscriptions_room USING btree (tenant_id);

CREATE TABLE subscriptions_shopaccount (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    api_key text NOT NULL,
    api_secret text NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT subscriptions_shopaccount_pkey PRIMARY KEY (id),
    CONSTRAINT shop_account_once_per_tenant UNIQUE (tenant_id),
    CONSTRAINT subscriptions_shopaccount_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX subscriptions_shopaccount_tenant_id_93511038 ON public.subscriptions_shopaccount USING btree (tenant_id);

CREATE TABLE subscriptions_skip (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    month date NOT NULL,
    reason character varying(500) NOT NULL,
    made_at timestamp with time zone NOT NULL,
    undone_at timestamp with time zone,
    made_by_id uuid,
    subscription_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    undone_by_id uuid,
    CONSTRAINT subscriptions_skip_pkey PRIMARY KEY (id),
    CONSTRAINT subscriptions_skip_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT skip_month_is_its_first_day CHECK (EXTRACT(day FROM month) = 1::numeric)
);
CREATE UNIQUE INDEX skip_once_per_month ON public.subscriptions_skip USING btree (tenant_id, subscription_id, month) WHERE (undone_at IS NULL);
CREATE INDEX subscriptions_skip_made_by_id_bed278e0 ON public.subscriptions_skip USING btree (made_by_id);
CREATE INDEX subscriptions_skip_subscription_id_85c16c37 ON public.subscriptions_skip USING btree (subscription_id);
CREATE INDEX subscriptions_skip_tenant_id_28025571 ON public.subscriptions_skip USING btree (tenant_id);
CREATE INDEX subscriptions_skip_undone_by_id_786e66fe ON public.subscriptions_skip USING btree (undone_by_id);

CREATE TABLE subscriptions_stripelink (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    step character varying(14) NOT NULL,
    resident_id uuid,
    room_id uuid,
    lease_id uuid,
    state character varying(8) NOT NULL,
    epoch smallint DEFAULT 1 NOT NULL,
    key_used_at timestamp with time zone,
    leased_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone,
    last_error character varying(500) DEFAULT ''::character varying NOT NULL,
    stripe_id character varying(64) DEFAULT ''::character varying NOT NULL,
    sent_digest character varying(64) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT subscriptions_stripelink_pkey PRIMARY KEY (id),
    CONSTRAINT stripe_link_once_per_lease UNIQUE (tenant_id, step, lease_id),
    CONSTRAINT stripe_link_once_per_resident UNIQUE (tenant_id, step, resident_id),
    CONSTRAINT stripe_link_once_per_room UNIQUE (tenant_id, step, room_id),
    CONSTRAINT subscriptions_stripelink_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT stripe_link_has_one_subject CHECK (lease_id IS NULL AND resident_id IS NOT NULL AND room_id IS NULL OR lease_id IS NULL AND resident_id IS NULL AND room_id IS NOT NULL OR lease_id IS NOT NULL AND resident_id IS NULL AND room_id IS NULL),
    CONSTRAINT subscriptions_stripelink_attempts_check CHECK (attempts >= 0),
    CONSTRAINT subscriptions_stripelink_epoch_check CHECK (epoch >= 0)
);
CREATE INDEX stripe_link_to_push ON public.subscriptions_stripelink USING btree (tenant_id, next_at) WHERE ((state)::text = 'waiting'::text);
CREATE INDEX subscriptions_stripelink_lease_id_2625bee2 ON public.subscriptions_stripelink USING btree (lease_id);
CREATE INDEX subscriptions_stripelink_resident_id_1770202b ON public.subscriptions_stripelink USING btree (resident_id);
CREATE INDEX subscriptions_stripelink_room_id_b2f1b2c3 ON public.subscriptions_stripelink USING btree (room_id);
CREATE INDEX subscriptions_stripelink_tenant_id_fd007baa ON public.subscriptions_stripelink USING btree (tenant_id);

CREATE TABLE subscriptions_subscription (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    reference character varying(36) NOT NULL,
    customer_store_id character varying(36) NOT NULL,
    subscribed_at timestamp with time zone DEFAULT now() NOT NULL,
    last_status integer,
    last_effective_at timestamp with time zone,
    club_id uuid NOT NULL,
    tenant_id uuid DEFAULT clubs.tenant_of_session() NOT NULL,
    CONSTRAINT subscriptions_subscription_pkey PRIMARY KEY (id),
    CONSTRAINT subscription_id_once_per_tenant UNIQUE (tenant_id, reference),
    CONSTRAINT subscription_once_per_customer_and_club UNIQUE (tenant_id, club_id, customer_store_id),
    CONSTRAINT subscriptions_subscription_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT subscription_create_date_in_range CHECK (subscribed_at >= '1900-01-01 00:00:00+00'::timestamp with time zone AND subscribed_at < '2200-01-01 00:00:00+00'::timestamp with time zone),
    CONSTRAINT subscription_customer_is_one_line CHECK (customer_store_id::text ~ '^[^[:cntrl:]]+$'::text),
    CONSTRAINT subscription_id_is_one_line CHECK (reference::text ~ '^[^[:cntrl:]]+$'::text),
    CONSTRAINT subscription_last_belongs_together CHECK (last_effective_at IS NULL AND last_status IS NULL OR last_effective_at IS NOT NULL AND last_status IS NOT NULL)
);
CREATE INDEX subscription_by_customer ON public.subscriptions_subscription USING btree (tenant_id, customer_store_id);
CREATE INDEX subscription_newest ON public.subscriptions_subscription USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX subscriptions_subscription_club_id_4f90563f ON public.subscriptions_subscription USING btree (club_id);
CREATE INDEX subscriptions_subscription_tenant_id_59e35983 ON public.subscriptions_subscription USING btree (tenant_id);

CREATE TABLE subscriptions_subscriptionstatus (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    number integer NOT NULL,
    name character varying(255) NOT NULL,
    tenant_id uuid DEFAULT clubs.tenant_of_session() NOT NULL,
    CONSTRAINT subscriptions_subscriptionstatus_pkey PRIMARY KEY (id),
    CONSTRAINT subscription_status_id_once_per_tenant UNIQUE (tenant_id, number),
    CONSTRAINT subscriptions_subscriptionstatus_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX subscriptions_subscriptionstatus_tenant_id_5bdac45f ON public.subscriptions_subscriptionstatus USING btree (tenant_id);

CREATE TABLE subscriptions_subscriptionstatuschange (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    reference character varying(36) NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    details text DEFAULT ''::text NOT NULL,
    withdrawn_at timestamp with time zone,
    status integer NOT NULL,
    origin character varying(12) DEFAULT ''::character varying NOT NULL,
    interval_days integer,
    made_by_id uuid,
    subscription_id uuid NOT NULL,
    tenant_id uuid DEFAULT clubs.tenant_of_session() NOT NULL,
    CONSTRAINT subscriptions_subscriptionstatuschange_pkey PRIMARY KEY (id),
    CONSTRAINT subscription_status_history_id_once_per_tenant UNIQUE (tenant_id, reference),
    CONSTRAINT subscriptions_subscriptionstatuschange_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT subscription_status_history_create_date_in_range CHECK (recorded_at >= '1900-01-01 00:00:00+00'::timestamp with time zone AND recorded_at < '2200-01-01 00:00:00+00'::timestamp with time zone),
    CONSTRAINT subscription_status_history_effect_date_in_range CHECK (effective_at >= '1900-01-01 00:00:00+00'::timestamp with time zone AND effective_at < '2200-01-01 00:00:00+00'::timestamp with time zone),
    CONSTRAINT subscription_status_history_id_is_one_line CHECK (reference::text ~ '^[^[:cntrl:]]+$'::text),
    CONSTRAINT subscriptions_subscriptionstatuschange_interval_days_check CHECK (interval_days >= 0)
);
CREATE INDEX subscription_status_by_effect ON public.subscriptions_subscriptionstatuschange USING btree (tenant_id, effective_at);
CREATE INDEX subscription_status_newest ON public.subscriptions_subscriptionstatuschange USING btree (subscription_id, effective_at DESC, recorded_at DESC, reference DESC) INCLUDE (status) WHERE (withdrawn_at IS NULL);
CREATE INDEX subscriptions_subscriptionstatuschange_made_by_id_4a536aaa ON public.subscriptions_subscriptionstatuschange USING btree (made_by_id);
CREATE INDEX subscriptions_subscriptionstatuschange_subscription_id_d4191076 ON public.subscriptions_subscriptionstatuschange USING btree (subscription_id);
CREATE INDEX subscriptions_subscriptionstatuschange_tenant_id_491ed68f ON public.subscriptions_subscriptionstatuschange USING btree (tenant_id);

CREATE TABLE subscriptions_transferreversal (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    epoch smallint DEFAULT 1 NOT NULL,
    key_used_at timestamp with time zone,
    leased_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone,
    last_error character varying(500) DEFAULT ''::character varying NOT NULL,
    transfer_id uuid NOT NULL,
    state character varying(8) NOT NULL,
    amount_minor bigint NOT NULL,
    reason character varying(300) NOT NULL,
    decided_by_id uuid,
    decided_at timestamp with time zone,
    stripe_reversal_id character varying(255),
    done_at timestamp with time zone,
    CONSTRAINT subscriptions_transferreversal_pkey PRIMARY KEY (id),
    CONSTRAINT subscriptions_transferreversal_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT transfer_reversal_id_once UNIQUE (tenant_id, stripe_reversal_id),
    CONSTRAINT done_transfer_reversal_is_known_at_stripe CHECK (NOT state::text = 'done'::text OR done_at IS NOT NULL AND stripe_reversal_id IS NOT NULL),
    CONSTRAINT subscriptions_transferreversal_attempts_check CHECK (attempts >= 0),
    CONSTRAINT subscriptions_transferreversal_epoch_check CHECK (epoch >= 0),
    CONSTRAINT transfer_reversal_is_positive CHECK (amount_minor > 0)
);
CREATE UNIQUE INDEX one_open_reversal_per_transfer ON public.subscriptions_transferreversal USING btree (tenant_id, transfer_id) WHERE ((state)::text = ANY ((ARRAY['proposed'::character varying, 'approved'::character varying])::text[]));
CREATE INDEX subscriptions_transferreversal_decided_by_id_325ded3b ON public.subscriptions_transferreversal USING btree (decided_by_id);
CREATE INDEX subscriptions_transferreversal_tenant_id_ed33c3a3 ON public.subscriptions_transferreversal USING btree (tenant_id);
CREATE INDEX subscriptions_transferreversal_transfer_id_ed1254fc ON public.subscriptions_transferreversal USING btree (transfer_id);

CREATE TABLE billing_alert (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    organization_id uuid NOT NULL,
    kind character varying(6) NOT NULL,
    meter_id uuid,
    amount_minor bigint,
    quantity numeric(38,12),
    set_by character varying(8) NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT billing_alert_pkey PRIMARY KEY (id),
    CONSTRAINT billing_alert_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT alert_has_its_threshold CHECK (amount_minor IS NULL AND kind::text = 'usage'::text AND meter_id IS NOT NULL AND quantity > 0::numeric OR NOT kind::text = 'usage'::text AND amount_minor > 0 AND meter_id IS NULL AND quantity IS NULL),
    CONSTRAINT billing_alert_version_check CHECK (version >= 0)
);
CREATE INDEX billing_alert_meter_id_a3840cef ON public.billing_alert USING btree (meter_id);
CREATE INDEX billing_alert_organization_id_11017d9f ON public.billing_alert USING btree (organization_id);
CREATE INDEX billing_alert_tenant_id_d298f704 ON public.billing_alert USING btree (tenant_id);
CREATE UNIQUE INDEX one_spend_limit_per_organization ON public.billing_alert USING btree (organization_id) WHERE ((ended_at IS NULL) AND ((kind)::text = 'limit'::text));

CREATE TABLE billing_alertfiring (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    period_id uuid,
    period_starts_on date NOT NULL,
    value numeric(38,12) NOT NULL,
    threshold numeric(38,12) NOT NULL,
    CONSTRAINT billing_alertfiring_pkey PRIMARY KEY (id),
    CONSTRAINT alert_fires_once UNIQUE (alert_id, period_starts_on, threshold),
    CONSTRAINT billing_alertfiring_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX billing_alertfiring_alert_id_fee7f1f0 ON public.billing_alertfiring USING btree (alert_id);
CREATE INDEX billing_alertfiring_period_id_087d617d ON public.billing_alertfiring USING btree (period_id);
CREATE INDEX billing_alertfiring_tenant_id_9ab36907 ON public.billing_alertfiring USING btree (tenant_id);

CREATE TABLE billing_assignment (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    version_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    made_by_id uuid,
    CONSTRAINT billing_assignment_pkey PRIMARY KEY (id),
    CONSTRAINT billing_assignment_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT assignment_ends_after_it_starts CHECK (ends_on IS NULL OR ends_on > starts_on),
    CONSTRAINT one_plan_at_a_time EXCLUDE USING gist (organization_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&)
);
CREATE INDEX billing_assignment_made_by_id_7cfa6e8d ON public.billing_assignment USING btree (made_by_id);
CREATE INDEX billing_assignment_organization_id_706f71f8 ON public.billing_assignment USING btree (organization_id);
CREATE INDEX billing_assignment_tenant_id_758e5e70 ON public.billing_assignment USING btree (tenant_id);
CREATE INDEX billing_assignment_version_id_ca029842 ON public.billing_assignment USING btree (version_id);

CREATE TABLE billing_auditreport (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    seconds double precision NOT NULL,
    checks integer NOT NULL,
    violations jsonb NOT NULL,
    CONSTRAINT billing_auditreport_pkey PRIMARY KEY (id),
    CONSTRAINT billing_auditreport_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT audit_report_took_time CHECK (seconds >= 0.0::double precision),
    CONSTRAINT billing_auditreport_checks_check CHECK (checks >= 0)
);
CREATE INDEX audit_report_newest ON public.billing_auditreport USING btree (tenant_id, ended_at DESC);
CREATE INDEX billing_auditreport_tenant_id_5665d129 ON public.billing_auditreport USING btree (tenant_id);

CREATE TABLE billing_billingperiod (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    month date NOT NULL,
    whole_days smallint NOT NULL,
    state character varying(8) NOT NULL,
    closed_at timestamp with time zone,
    recheck_at timestamp with time zone,
    CONSTRAINT billing_billingperiod_pkey PRIMARY KEY (id),
    CONSTRAINT billing_billingperiod_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT period_start_once UNIQUE (organization_id, starts_on),
    CONSTRAINT billing_billingperiod_whole_days_check CHECK (whole_days >= 0),
    CONSTRAINT period_ends_after_it_starts CHECK (ends_on > starts_on AND ends_at > starts_at),
    CONSTRAINT period_month_is_its_first_day CHECK (EXTRACT(day FROM month) = 1::numeric),
    CONSTRAINT periods_do_not_overlap EXCLUDE USING gist (organization_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&)
);
CREATE INDEX billing_billingperiod_organization_id_cc87521c ON public.billing_billingperiod USING btree (organization_id);
CREATE INDEX billing_billingperiod_tenant_id_2d6df634 ON public.billing_billingperiod USING btree (tenant_id);
CREATE INDEX period_to_invoice ON public.billing_billingperiod USING btree (tenant_id, month, organization_id) WHERE (NOT ((state)::text = 'invoiced'::text));
CREATE INDEX period_to_recheck ON public.billing_billingperiod USING btree (organization_id, starts_on) WHERE (recheck_at IS NOT NULL);

CREATE TABLE billing_billingrun (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    month date NOT NULL,
    state character varying(10) NOT NULL,
    stopped_in character varying(10) NOT NULL,
    made_by_id uuid,
    compiled_at timestamp with time zone,
    approved_by_id uuid,
    approved_at timestamp with time zone,
    ended_at timestamp with time zone,
    worked_at timestamp with time zone,
    CONSTRAINT billing_billingrun_pkey PRIMARY KEY (id),
    CONSTRAINT billing_billingrun_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT billing_run_month_is_its_first_day CHECK (EXTRACT(day FROM month) = 1::numeric),
    CONSTRAINT ended_billing_run_has_its_end CHECK (ended_at IS NOT NULL AND (state::text = ANY (ARRAY['done'::character varying, 'cancelled'::character varying]::text[])) OR NOT (state::text = ANY (ARRAY['done'::character varying, 'cancelled'::character varying]::text[])) AND ended_at IS NULL)
);
CREATE INDEX billing_billingrun_approved_by_id_b490456c ON public.billing_billingrun USING btree (approved_by_id);
CREATE INDEX billing_billingrun_made_by_id_92add9f9 ON public.billing_billingrun USING btree (made_by_id);
CREATE INDEX billing_billingrun_tenant_id_49b1741b ON public.billing_billingrun USING btree (tenant_id);
CREATE UNIQUE INDEX one_open_billing_run ON public.billing_billingrun USING btree (tenant_id) WHERE ((state)::text = ANY ((ARRAY['compiling'::character varying, 'review'::character varying, 'finalizing'::character varying, 'stopped'::character varying])::text[]));

CREATE TABLE billing_billingsettings (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    grace_hours smallint DEFAULT 24 NOT NULL,
    oldest_usage_days smallint,
    net_days smallint DEFAULT 14 NOT NULL,
    below_minimum character varying(5) DEFAULT 'carry'::character varying NOT NULL,
    CONSTRAINT billing_billingsettings_pkey PRIMARY KEY (id),
    CONSTRAINT billing_billingsettings_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT billing_settings_once_per_tenant UNIQUE (tenant_id),
    CONSTRAINT billing_billingsettings_grace_hours_check CHECK (grace_hours >= 0),
    CONSTRAINT billing_billingsettings_net_days_check CHECK (net_days >= 0),
    CONSTRAINT billing_billingsettings_oldest_usage_days_check CHECK (oldest_usage_days >= 0),
    CONSTRAINT billing_billingsettings_version_check CHECK (version >= 0),
    CONSTRAINT billing_grace_is_at_most_a_month CHECK (grace_hours <= 744),
    CONSTRAINT billing_net_days_is_at_most_a_year CHECK (net_days <= 365),
    CONSTRAINT oldest_usage_is_of_some_days CHECK (oldest_usage_days >= 1 AND oldest_usage_days <= 400)
);
CREATE INDEX billing_billingsettings_tenant_id_64d53079 ON public.billing_billingsettings USING btree (tenant_id);

CREATE TABLE billing_creditnote (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    number character varying(26) NOT NULL,
    state character varying(6) NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    reason character varying(300) NOT NULL,
    settled_by character varying(11) NOT NULL,
    idempotency_key character varying(200),
    issued_on date NOT NULL,
    issued_by_id uuid,
    content_sha256 character varying(64) NOT NULL,
    voided_at timestamp with time zone,
    CONSTRAINT billing_creditnote_pkey PRIMARY KEY (id),
    CONSTRAINT billing_creditnote_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT credit_note_key_once UNIQUE (tenant_id, idempotency_key),
    CONSTRAINT credit_note_number_once UNIQUE (tenant_id, number),
    CONSTRAINT credit_note_amount_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX billing_creditnote_invoice_id_38246c17 ON public.billing_creditnote USING btree (invoice_id);
CREATE INDEX billing_creditnote_issued_by_id_7c9103d1 ON public.billing_creditnote USING btree (issued_by_id);
CREATE INDEX billing_creditnote_tenant_id_a0ece271 ON public.billing_creditnote USING btree (tenant_id);

CREATE TABLE billing_creditnoteline (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    credit_note_id uuid NOT NULL,
    line_id uuid,
    description character varying(500) NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT billing_creditnoteline_pkey PRIMARY KEY (id),
    CONSTRAINT billing_creditnoteline_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT credit_note_line_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX billing_creditnoteline_credit_note_id_7a4ffaff ON public.billing_creditnoteline USING btree (credit_note_id);
CREATE INDEX billing_creditnoteline_line_id_09094741 ON public.billing_creditnoteline USING btree (line_id);
CREATE INDEX billing_creditnoteline_tenant_id_814a01c1 ON public.billing_creditnoteline USING btree (tenant_id);

CREATE TABLE billing_invoice (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    period_id uuid NOT NULL,
    run_id uuid,
    state character varying(5) NOT NULL,
    number character varying(26),
    currency character varying(3) NOT NULL,
    payer text NOT NULL,
    collection character varying(20) NOT NULL,
    tax_name character varying(60) NOT NULL,
    tax_percentage numeric(9,6) NOT NULL,
    tax_is_inclusive boolean NOT NULL,
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    lines_count integer NOT NULL,
    compiled_at timestamp with time zone NOT NULL,
    issued_on date,
    due_on date,
    finalized_at timestamp with time zone,
    content_sha256 character varying(64) NOT NULL,
    voided_at timestamp with time zone,
    void_reason character varying(300) NOT NULL,
    voided_by_id uuid,
    CONSTRAINT billing_invoice_pkey PRIMARY KEY (id),
    CONSTRAINT billing_invoice_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT invoice_number_once UNIQUE (tenant_id, number),
    CONSTRAINT final_invoice_has_number_and_hash CHECK (finalized_at IS NULL AND number IS NULL AND state::text = 'draft'::text OR NOT state::text = 'draft'::text AND content_sha256::text > ''::text AND due_on IS NOT NULL AND finalized_at IS NOT NULL AND issued_on IS NOT NULL AND number IS NOT NULL),
    CONSTRAINT invoice_total_is_not_negative CHECK (total_minor >= 0),
    CONSTRAINT void_invoice_says_when_and_why CHECK (state::text = 'void'::text AND void_reason::text > ''::text AND voided_at IS NOT NULL OR NOT state::text = 'void'::text AND voided_at IS NULL)
);
CREATE INDEX billing_invoice_organization_id_244f1474 ON public.billing_invoice USING btree (organization_id);
CREATE INDEX billing_invoice_period_id_97136eef ON public.billing_invoice USING btree (period_id);
CREATE INDEX billing_invoice_run_id_2254c136 ON public.billing_invoice USING btree (run_id);
CREATE INDEX billing_invoice_tenant_id_0888f9df ON public.billing_invoice USING btree (tenant_id);
CREATE INDEX billing_invoice_voided_by_id_ebc2a908 ON public.billing_invoice USING btree (voided_by_id);
CREATE INDEX invoice_newest ON public.billing_invoice USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX invoice_of_organization ON public.billing_invoice USING btree (organization_id, created_at DESC);
CREATE INDEX invoice_of_run ON public.billing_invoice USING btree (run_id, organization_id);
CREATE UNIQUE INDEX invoice_once_per_period ON public.billing_invoice USING btree (period_id) WHERE (NOT ((state)::text = 'void'::text));

CREATE TABLE billing_invoiceline (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    position integer NOT NULL,
    kind character varying(9) NOT NULL,
    source character varying(11) NOT NULL,
    source_id uuid NOT NULL,
    charged_from date NOT NULL,
    product character varying(120) NOT NULL,
    description character varying(500) NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    quantity numeric(38,12),
    unit character varying(40) NOT NULL,
    exact numeric(38,12) NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT billing_invoiceline_pkey PRIMARY KEY (id),
    CONSTRAINT billing_invoiceline_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT line_once_per_source UNIQUE (invoice_id, source, source_id, charged_from),
    CONSTRAINT line_ends_after_it_starts CHECK (ends_on > starts_on)
);
CREATE INDEX billing_invoiceline_invoice_id_ff507e12 ON public.billing_invoiceline USING btree (invoice_id);
CREATE INDEX line_carried_out ON public.billing_invoiceline USING btree (organization_id) WHERE ((source)::text = 'carried_out'::text);
CREATE INDEX line_of_source ON public.billing_invoiceline USING btree (organization_id, charged_from, source_id);

CREATE TABLE billing_invoiceposting (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind character varying(7) NOT NULL,
    stripe_id character varying(255) NOT NULL,
    stripe_charge_id character varying(255) NOT NULL,
    status character varying(30) NOT NULL,
    reason character varying(60) DEFAULT ''::character varying NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    answer_by timestamp with time zone,
    happened_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone NOT NULL,
    invoice_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT billing_invoiceposting_pkey PRIMARY KEY (id),
    CONSTRAINT billing_invoiceposting_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT invoice_posting_once UNIQUE (tenant_id, stripe_id),
    CONSTRAINT invoice_posting_is_of_something CHECK (amount_minor >= 0)
);
CREATE INDEX billing_invoiceposting_invoice_id_2a77f20f ON public.billing_invoiceposting USING btree (invoice_id);
CREATE INDEX billing_invoiceposting_tenant_id_b03ee966 ON public.billing_invoiceposting USING btree (tenant_id);
CREATE INDEX invoice_posting_by_time ON public.billing_invoiceposting USING btree (tenant_id, happened_at);

CREATE TABLE billing_invoicestanding (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    state character varying(13) NOT NULL,
    paid_minor bigint NOT NULL,
    credited_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL,
    paid_at timestamp with time zone,
    is_paid_out_of_band boolean NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamp with time zone,
    failed_at timestamp with time zone,
    failure character varying(500) NOT NULL,
    overdue_at timestamp with time zone,
    stripe_status character varying(20) NOT NULL,
    read_at timestamp with time zone,
    CONSTRAINT billing_invoicestanding_pkey PRIMARY KEY (id),
    CONSTRAINT billing_invoicestanding_invoice_id_key UNIQUE (invoice_id),
    CONSTRAINT billing_invoicestanding_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT paid_standing_has_its_time CHECK (NOT state::text = 'paid'::text OR paid_at IS NOT NULL),
    CONSTRAINT standing_amounts_are_not_negative CHECK (credited_minor >= 0 AND paid_minor >= 0 AND refunded_minor >= 0)
);
CREATE INDEX billing_invoicestanding_tenant_id_919f6ac6 ON public.billing_invoicestanding USING btree (tenant_id);
CREATE INDEX standing_by_state ON public.billing_invoicestanding USING btree (tenant_id, state);

CREATE TABLE billing_meter (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    code character varying(64) NOT NULL,
    name character varying(120) NOT NULL,
    product character varying(120) NOT NULL,
    unit character varying(40) NOT NULL,
    aggregation character varying(6) NOT NULL,
    dimensions character varying(40)[] NOT NULL,
    unique_by character varying(40) NOT NULL,
    allows_negative boolean NOT NULL,
    is_archived boolean NOT NULL,
    CONSTRAINT billing_meter_pkey PRIMARY KEY (id),
    CONSTRAINT billing_meter_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT meter_code_once UNIQUE (tenant_id, code),
    CONSTRAINT meter_code_is_plain CHECK (code::text ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$'::text),
    CONSTRAINT only_sums_may_be_negative CHECK (NOT allows_negative OR aggregation::text = 'sum'::text),
    CONSTRAINT unique_meter_says_by_what CHECK (aggregation::text = 'unique'::text AND unique_by::text > ''::text OR NOT aggregation::text = 'unique'::text AND unique_by::text = ''::text)
);
CREATE INDEX billing_meter_tenant_id_648c2524 ON public.billing_meter USING btree (tenant_id);

CREATE TABLE billing_notice (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    invoice_id uuid,
    kind character varying(40) NOT NULL,
    once character varying(200) NOT NULL,
    title character varying(200) NOT NULL,
    text character varying(1000) NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT billing_notice_pkey PRIMARY KEY (id),
    CONSTRAINT billing_notice_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT notice_told_once UNIQUE (organization_id, once)
);
CREATE INDEX billing_notice_invoice_id_156cb9ac ON public.billing_notice USING btree (invoice_id);
CREATE INDEX billing_notice_organization_id_fcec65c6 ON public.billing_notice USING btree (organization_id);
CREATE INDEX billing_notice_tenant_id_82796586 ON public.billing_notice USING btree (tenant_id);

CREATE TABLE billing_numberseries (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    kind character varying(11) NOT NULL,
    prefix character varying(12) NOT NULL,
    next_number bigint NOT NULL,
    CONSTRAINT billing_numberseries_pkey PRIMARY KEY (id),
    CONSTRAINT billing_numberseries_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT number_prefix_once UNIQUE (tenant_id, prefix),
    CONSTRAINT number_series_once_per_kind UNIQUE (tenant_id, kind),
    CONSTRAINT number_prefix_is_plain CHECK (prefix::text ~ '^[A-Z0-9-]{1,12}$'::text)
);
CREATE INDEX billing_numberseries_tenant_id_8a5fabcb ON public.billing_numberseries USING btree (tenant_id);

CREATE TABLE billing_oneoffitem (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    description character varying(300) NOT NULL,
    product character varying(120) NOT NULL,
    amount_minor bigint NOT NULL,
    due_on date NOT NULL,
    idempotency_key character varying(200),
    made_by_id uuid,
    cancelled_at timestamp with time zone,
    CONSTRAINT billing_oneoffitem_pkey PRIMARY KEY (id),
    CONSTRAINT billing_oneoffitem_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT item_key_once UNIQUE (tenant_id, idempotency_key),
    CONSTRAINT item_is_an_amount CHECK (NOT amount_minor = 0)
);
CREATE INDEX billing_oneoffitem_made_by_id_08a37abb ON public.billing_oneoffitem USING btree (made_by_id);
CREATE INDEX billing_oneoffitem_organization_id_80f55ad9 ON public.billing_oneoffitem USING btree (organization_id);
CREATE INDEX billing_oneoffitem_tenant_id_5b49f66b ON public.billing_oneoffitem USING btree (tenant_id);
CREATE INDEX item_by_due_day ON public.billing_oneoffitem USING btree (organization_id, due_on);

CREATE TABLE billing_organization (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    code character varying(64) NOT NULL,
    name character varying(200) NOT NULL,
    payer text NOT NULL,
    currency character varying(3) NOT NULL,
    time_zone character varying(60) NOT NULL,
    anchor_day smallint NOT NULL,
    billing_starts_on date NOT NULL,
    closed_through date,
    net_days smallint NOT NULL,
    collection character varying(20) NOT NULL,
    below_minimum character varying(5) NOT NULL,
    tax_rate_id uuid,
    state character varying(6) NOT NULL,
    stripe_customer_id character varying(255),
    portal_token text NOT NULL,
    email_key character varying(32) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT billing_organization_pkey PRIMARY KEY (id),
    CONSTRAINT billing_organization_stripe_customer_id_key UNIQUE (stripe_customer_id),
    CONSTRAINT billing_organization_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT organization_code_once UNIQUE (tenant_id, code),
    CONSTRAINT billing_organization_anchor_day_check CHECK (anchor_day >= 0),
    CONSTRAINT billing_organization_net_days_check CHECK (net_days >= 0),
    CONSTRAINT billing_organization_version_check CHECK (version >= 0),
    CONSTRAINT organization_anchor_is_a_day CHECK (anchor_day >= 1 AND anchor_day <= 31),
    CONSTRAINT organization_code_is_plain CHECK (code::text ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$'::text),
    CONSTRAINT organization_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT organization_net_days_is_at_most_a_year CHECK (net_days <= 365)
);
CREATE INDEX billing_organization_stripe_customer_id_10053bc2_like ON public.billing_organization USING btree (stripe_customer_id varchar_pattern_ops);
CREATE INDEX billing_organization_tax_rate_id_2bfbae21 ON public.billing_organization USING btree (tax_rate_id);
CREATE INDEX billing_organization_tenant_id_a92c1fd0 ON public.billing_organization USING btree (tenant_id);
CREATE INDEX organization_by_email ON public.billing_organization USING btree (tenant_id, email_key) WHERE (NOT ((email_key)::text = ''::text));

CREATE TABLE billing_plan (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    code character varying(64) NOT NULL,
    name character varying(120) NOT NULL,
    currency character varying(3) NOT NULL,
    CONSTRAINT billing_plan_pkey PRIMARY KEY (id),
    CONSTRAINT billing_plan_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT plan_code_once UNIQUE (tenant_id, code),
    CONSTRAINT plan_code_is_plain CHECK (code::text ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$'::text),
    CONSTRAINT plan_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text)
);
CREATE INDEX billing_plan_tenant_id_fccdc8f9 ON public.billing_plan USING btree (tenant_id);

CREATE TABLE billing_planversion (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    number integer NOT NULL,
    note character varying(300) NOT NULL,
    published_at timestamp with time zone,
    published_by_id uuid,
    CONSTRAINT billing_planversion_pkey PRIMARY KEY (id),
    CONSTRAINT billing_planversion_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT plan_version_number_once UNIQUE (plan_id, number),
    CONSTRAINT billing_planversion_number_check CHECK (number >= 0)
);
CREATE INDEX billing_planversion_plan_id_177980c8 ON public.billing_planversion USING btree (plan_id);
CREATE INDEX billing_planversion_published_by_id_c56f3948 ON public.billing_planversion USING btree (published_by_id);
CREATE INDEX billing_planversion_tenant_id_000d9d65 ON public.billing_planversion USING btree (tenant_id);

CREATE TABLE billing_price (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version_id uuid NOT NULL,
    meter_id uuid NOT NULL,
    model character varying(9) NOT NULL,
    filter_dimension character varying(40) NOT NULL,
    filter_value character varying(200) NOT NULL,
    included numeric(38,12) NOT NULL,
    package_size numeric(38,12),
    minimum_minor bigint NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    CONSTRAINT billing_price_pkey PRIMARY KEY (id),
    CONSTRAINT billing_price_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT package_price_has_its_size CHECK (model::text = 'package'::text AND package_size > 0::numeric OR NOT model::text = 'package'::text AND package_size IS NULL),
    CONSTRAINT price_ends_after_it_starts CHECK (ends_on IS NULL OR ends_on > starts_on),
    CONSTRAINT price_filter_has_dimension CHECK (NOT filter_dimension::text = ''::text OR filter_value::text = ''::text),
    CONSTRAINT price_includes_no_less_than_nothing CHECK (included >= 0::numeric),
    CONSTRAINT price_minimum_is_not_negative CHECK (minimum_minor >= 0),
    CONSTRAINT price_filters_use_one_dimension EXCLUDE USING gist (version_id WITH =, meter_id WITH =, filter_dimension WITH <>, daterange(starts_on, ends_on, '[)'::text) WITH &&) WHERE (NOT filter_dimension::text = ''::text),
    CONSTRAINT price_ranges_do_not_overlap EXCLUDE USING gist (version_id WITH =, meter_id WITH =, filter_dimension WITH =, filter_value WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&)
);
CREATE INDEX billing_price_meter_id_96e8589a ON public.billing_price USING btree (meter_id);
CREATE INDEX billing_price_tenant_id_bb3960f1 ON public.billing_price USING btree (tenant_id);
CREATE INDEX billing_price_version_id_5ac5cc03 ON public.billing_price USING btree (version_id);

CREATE TABLE billing_pricetier (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    price_id uuid NOT NULL,
    position smallint NOT NULL,
    above numeric(38,12) NOT NULL,
    up_to numeric(38,12),
    rate numeric(38,12) NOT NULL,
    flat numeric(38,12) NOT NULL,
    CONSTRAINT billing_pricetier_pkey PRIMARY KEY (id),
    CONSTRAINT billing_pricetier_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT tier_position_once UNIQUE (price_id, "position"),
    CONSTRAINT billing_pricetier_position_check CHECK ("position" >= 0),
    CONSTRAINT tier_ends_above_its_start CHECK (above >= 0::numeric AND (up_to IS NULL OR up_to > above)),
    CONSTRAINT tier_rates_are_not_negative CHECK (rate >= 0::numeric AND flat >= 0::numeric)
);
CREATE INDEX billing_pricetier_price_id_10b38ac0 ON public.billing_pricetier USING btree (price_id);
CREATE INDEX billing_pricetier_tenant_id_743194ee ON public.billing_pricetier USING btree (tenant_id);

CREATE TABLE billing_push (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    invoice_id uuid,
    credit_note_id uuid,
    step character varying(8) NOT NULL,
    state character varying(8) NOT NULL,
    stripe_id character varying(255),
    generation integer NOT NULL,
    key_used_at timestamp with time zone,
    lines_sent integer NOT NULL,
    is_collapsed boolean NOT NULL,
    sending jsonb NOT NULL,
    differences jsonb NOT NULL,
    calls integer NOT NULL,
    attempts integer NOT NULL,
    next_at timestamp with time zone,
    leased_until timestamp with time zone,
    last_error character varying(500) NOT NULL,
    done_at timestamp with time zone,
    hosted_url character varying(500) NOT NULL,
    pdf_url character varying(500) NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    CONSTRAINT billing_push_pkey PRIMARY KEY (id),
    CONSTRAINT billing_push_credit_note_id_key UNIQUE (credit_note_id),
    CONSTRAINT billing_push_invoice_id_key UNIQUE (invoice_id),
    CONSTRAINT billing_push_stripe_id_key UNIQUE (stripe_id),
    CONSTRAINT billing_push_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT billing_push_generation_check CHECK (generation >= 0),
    CONSTRAINT open_push_is_due_again CHECK (NOT (state::text = ANY (ARRAY['queued'::character varying, 'waiting'::character varying]::text[])) OR next_at IS NOT NULL),
    CONSTRAINT push_is_of_one_thing CHECK (invoice_id IS NULL OR credit_note_id IS NULL)
);
CREATE INDEX billing_push_organization_id_fc7b5595 ON public.billing_push USING btree (organization_id);
CREATE INDEX billing_push_stripe_id_b6da1137_like ON public.billing_push USING btree (stripe_id varchar_pattern_ops);
CREATE INDEX billing_push_tenant_id_83e7678e ON public.billing_push USING btree (tenant_id);
CREATE UNIQUE INDEX customer_push_once_per_organization ON public.billing_push USING btree (organization_id) WHERE ((credit_note_id IS NULL) AND (invoice_id IS NULL));
CREATE INDEX push_by_state ON public.billing_push USING btree (tenant_id, state, created_at);
CREATE INDEX push_due ON public.billing_push USING btree (tenant_id, next_at) WHERE ((state)::text = ANY ((ARRAY['queued'::character varying, 'waiting'::character varying])::text[]));
CREATE INDEX push_under_way ON public.billing_push USING btree (tenant_id, leased_until) WHERE (leased_until IS NOT NULL);

CREATE TABLE billing_pushdesk (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    paused_at timestamp with time zone,
    paused_by_id uuid,
    pause_reason character varying(300) NOT NULL,
    down_since timestamp with time zone,
    answered_at timestamp with time zone,
    CONSTRAINT billing_pushdesk_pkey PRIMARY KEY (id),
    CONSTRAINT billing_pushdesk_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT push_desk_once_per_tenant UNIQUE (tenant_id)
);
CREATE INDEX billing_pushdesk_paused_by_id_1d6f06ef ON public.billing_pushdesk USING btree (paused_by_id);
CREATE INDEX billing_pushdesk_tenant_id_89974a8f ON public.billing_pushdesk USING btree (tenant_id);

CREATE TABLE billing_recurringfee (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    version_id uuid NOT NULL,
    name character varying(120) NOT NULL,
    product character varying(120) NOT NULL,
    amount_minor bigint NOT NULL,
    timing character varying(7) NOT NULL,
    is_prorated boolean NOT NULL,
    CONSTRAINT billing_recurringfee_pkey PRIMARY KEY (id),
    CONSTRAINT billing_recurringfee_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT recurring_fee_name_once UNIQUE (version_id, name),
    CONSTRAINT recurring_fee_is_not_negative CHECK (amount_minor >= 0)
);
CREATE INDEX billing_recurringfee_tenant_id_b2700508 ON public.billing_recurringfee USING btree (tenant_id);
CREATE INDEX billing_recurringfee_version_id_46c64025 ON public.billing_recurringfee USING btree (version_id);

CREATE TABLE billing_stripecall (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    push_id uuid NOT NULL,
    step character varying(8) NOT NULL,
    idempotency_key character varying(255) NOT NULL,
    outcome character varying(12) NOT NULL,
    detail character varying(500) NOT NULL,
    CONSTRAINT billing_stripecall_pkey PRIMARY KEY (id),
    CONSTRAINT billing_stripecall_tenant_id_id UNIQUE (tenant_id, id)
);
CREATE INDEX billing_stripecall_push_id_e7850deb ON public.billing_stripecall USING btree (push_id);
CREATE INDEX billing_stripecall_tenant_id_63d243b6 ON public.billing_stripecall USING btree (tenant_id);

CREATE TABLE billing_taxrate (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    name character varying(60) NOT NULL,
    percentage numeric(9,6) NOT NULL,
    is_inclusive boolean NOT NULL,
    CONSTRAINT billing_taxrate_pkey PRIMARY KEY (id),
    CONSTRAINT billing_taxrate_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT tax_rate_name_once UNIQUE (tenant_id, name),
    CONSTRAINT tax_rate_is_a_percentage CHECK (percentage >= 0::numeric AND percentage <= 100::numeric)
);
CREATE INDEX billing_taxrate_tenant_id_d02ba69e ON public.billing_taxrate USING btree (tenant_id);

CREATE TABLE billing_usagebucket (
    id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    day date NOT NULL,
    meter_id uuid NOT NULL,
    dimensions jsonb NOT NULL,
    quantity numeric(38,12) NOT NULL,
    events integer NOT NULL,
    last_at timestamp with time zone,
    CONSTRAINT billing_usagebucket_pkey PRIMARY KEY (id),
    CONSTRAINT billing_usagebucket_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT bucket_once_per_day UNIQUE (organization_id, day, meter_id, dimensions)
);
CREATE INDEX billing_usagebucket_meter_id_0d30be13 ON public.billing_usagebucket USING btree (meter_id);
CREATE INDEX billing_usagebucket_organization_id_97720d7a ON public.billing_usagebucket USING btree (organization_id);
CREATE INDEX billing_usagebucket_tenant_id_a9b650a0 ON public.billing_usagebucket USING btree (tenant_id);
CREATE INDEX bucket_by_meter ON public.billing_usagebucket USING btree (meter_id, day);

CREATE TABLE billing_usageevent (
    tenant_id uuid NOT NULL,
    bucket_id bigint NOT NULL,
    time timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    idempotency_key character varying(200) NOT NULL,
    quantity numeric(38,12) NOT NULL,
    kind character varying(7) NOT NULL,
    value character varying(200),
    corrects character varying(200),
    reason character varying(300),
    CONSTRAINT billing_usageevent_pkey PRIMARY KEY (tenant_id, idempotency_key),
    CONSTRAINT correcting_event_has_reason CHECK (corrects IS NULL AND kind::text = 'usage'::text AND reason IS NULL OR NOT kind::text = 'usage'::text AND corrects IS NOT NULL AND reason IS NOT NULL)
);
CREATE INDEX event_by_bucket_and_time ON public.billing_usageevent USING btree (bucket_id, "time");
CREATE INDEX event_by_value ON public.billing_usageevent USING btree (bucket_id, value) WHERE (value IS NOT NULL);
CREATE UNIQUE INDEX event_corrected_once ON public.billing_usageevent USING btree (tenant_id, corrects) WHERE (corrects IS NOT NULL);

CREATE TABLE billing_walletentry (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind character varying(11) NOT NULL,
    amount_minor bigint NOT NULL,
    invoice_id uuid,
    note character varying(300) NOT NULL,
    idempotency_key character varying(200),
    made_by_id uuid,
    CONSTRAINT billing_walletentry_pkey PRIMARY KEY (id),
    CONSTRAINT billing_walletentry_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT wallet_key_once UNIQUE (tenant_id, idempotency_key),
    CONSTRAINT wallet_entry_has_its_sign CHECK (amount_minor < 0 AND (kind::text = ANY (ARRAY['used'::character varying, 'withdrawn'::character varying]::text[])) OR NOT (kind::text = ANY (ARRAY['used'::character varying, 'withdrawn'::character varying]::text[])) AND amount_minor > 0)
);
CREATE INDEX billing_walletentry_invoice_id_2fe93f03 ON public.billing_walletentry USING btree (invoice_id);
CREATE INDEX billing_walletentry_made_by_id_2fe013fb ON public.billing_walletentry USING btree (made_by_id);
CREATE INDEX billing_walletentry_organization_id_a9ce2768 ON public.billing_walletentry USING btree (organization_id);
CREATE INDEX billing_walletentry_tenant_id_436b8155 ON public.billing_walletentry USING btree (tenant_id);
CREATE UNIQUE INDEX wallet_used_once_per_invoice ON public.billing_walletentry USING btree (invoice_id, kind) WHERE ((invoice_id IS NOT NULL) AND ((kind)::text = ANY ((ARRAY['used'::character varying, 'returned'::character varying])::text[])));

ALTER TABLE core_apikey
    ADD CONSTRAINT core_apikey_created_by_id_9aafb450_fk_core_user_id FOREIGN KEY (created_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_apikey_tenant_id_b3bfd62e_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_auditentry
    ADD CONSTRAINT core_auditentry_tenant_id_4c3109e9_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_auditentry_user_id_83c44605_fk_core_user_id FOREIGN KEY (user_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_entry
    ADD CONSTRAINT core_entry_tenant_id_ff947168_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_letter
    ADD CONSTRAINT core_letter_sent_by_id_ea20825d_fk_core_user_id FOREIGN KEY (sent_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_letter_tenant_id_06f10e0e_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_storedanswer
    ADD CONSTRAINT core_storedanswer_tenant_id_77a1170b_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_team
    ADD CONSTRAINT core_team_tenant_id_ed48ab88_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_teammembership
    ADD CONSTRAINT core_teammembership_team_id_d4b14474_fk_core_team_id FOREIGN KEY (team_id) REFERENCES core_team(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_teammembership_team_id_same_tenant FOREIGN KEY (tenant_id, team_id) REFERENCES core_team(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_teammembership_tenant_id_af5cc39c_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_teammembership_user_id_3c891c9a_fk_core_user_id FOREIGN KEY (user_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_user
    ADD CONSTRAINT core_user_tenant_id_8a6e30cc_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_webhookdelivery
    ADD CONSTRAINT core_webhookdelivery_endpoint_id_3020c03c_fk_core_webh FOREIGN KEY (endpoint_id) REFERENCES core_webhookendpoint(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_webhookdelivery_endpoint_id_same_tenant FOREIGN KEY (tenant_id, endpoint_id) REFERENCES core_webhookendpoint(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_webhookdelivery_message_id_daec6f2d_fk_core_webh FOREIGN KEY (message_id) REFERENCES core_webhookmessage(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_webhookdelivery_message_id_same_tenant FOREIGN KEY (tenant_id, message_id) REFERENCES core_webhookmessage(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_webhookdelivery_tenant_id_ff2fbe88_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_webhookendpoint
    ADD CONSTRAINT core_webhookendpoint_tenant_id_026318b8_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_webhookmessage
    ADD CONSTRAINT core_webhookmessage_tenant_id_fa76eadb_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_cardtry
    ADD CONSTRAINT payments_cardtry_checkout_id_bec9657d_fk_payments_checkout_id FOREIGN KEY (checkout_id) REFERENCES payments_checkout(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_cardtry_checkout_id_same_tenant FOREIGN KEY (tenant_id, checkout_id) REFERENCES payments_checkout(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_cardtry_cleared_by_id_44b399d4_fk_core_user_id FOREIGN KEY (cleared_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_cardtry_tenant_id_22e82e90_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_checkout
    ADD CONSTRAINT payments_checkout_account_id_b469438b_fk_payments_ FOREIGN KEY (account_id) REFERENCES payments_stripeaccount(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_account_id_same_tenant FOREIGN KEY (tenant_id, account_id) REFERENCES payments_stripeaccount(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_link_id_b11c4b0b_fk_payments_paymentlink_id FOREIGN KEY (link_id) REFERENCES payments_paymentlink(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_link_id_same_tenant FOREIGN KEY (tenant_id, link_id) REFERENCES payments_paymentlink(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_link_version_id_953bd02f_fk_payments_ FOREIGN KEY (link_version_id) REFERENCES payments_linkversion(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_link_version_id_same_tenant FOREIGN KEY (tenant_id, link_version_id) REFERENCES payments_linkversion(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_tenant_id_e6ba0044_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_dispute
    ADD CONSTRAINT payments_dispute_payment_id_2344937c_fk_payments_payment_id FOREIGN KEY (payment_id) REFERENCES payments_payment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_dispute_payment_id_same_tenant FOREIGN KEY (tenant_id, payment_id) REFERENCES payments_payment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_dispute_tenant_id_dd432c84_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_disputeanswer
    ADD CONSTRAINT payments_disputeansw_dispute_id_4b54d491_fk_payments_ FOREIGN KEY (dispute_id) REFERENCES payments_dispute(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_disputeanswer_asked_by_id_e1091021_fk_core_user_id FOREIGN KEY (asked_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_disputeanswer_dispute_id_same_tenant FOREIGN KEY (tenant_id, dispute_id) REFERENCES payments_dispute(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_disputeanswer_tenant_id_f3942526_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_earlywarning
    ADD CONSTRAINT payments_earlywarnin_payment_id_7d0b3779_fk_payments_ FOREIGN KEY (payment_id) REFERENCES payments_payment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_earlywarning_decided_by_id_7abd5935_fk_core_user_id FOREIGN KEY (decided_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_earlywarning_payment_id_same_tenant FOREIGN KEY (tenant_id, payment_id) REFERENCES payments_payment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_earlywarning_tenant_id_f463a0b8_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_fraudalarm
    ADD CONSTRAINT payments_fraudalarm_ended_by_id_c8a0d1d8_fk_core_user_id FOREIGN KEY (ended_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_fraudalarm_link_id_feb33632_fk_payments_paymentlink_id FOREIGN KEY (link_id) REFERENCES payments_paymentlink(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_fraudalarm_link_id_same_tenant FOREIGN KEY (tenant_id, link_id) REFERENCES payments_paymentlink(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_fraudalarm_rule_id_2685a669_fk_payments_fraudrule_id FOREIGN KEY (rule_id) REFERENCES payments_fraudrule(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_fraudalarm_rule_id_same_tenant FOREIGN KEY (tenant_id, rule_id) REFERENCES payments_fraudrule(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_fraudalarm_tenant_id_5ada31c3_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_fraudcount
    ADD CONSTRAINT payments_fraudcount_tenant_id_847abae9_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_frauddecision
    ADD CONSTRAINT payments_frauddecisi_checkout_id_c5d29a35_fk_payments_ FOREIGN KEY (checkout_id) REFERENCES payments_checkout(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_frauddecisi_link_id_ee18be04_fk_payments_ FOREIGN KEY (link_id) REFERENCES payments_paymentlink(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_frauddecisi_rule_id_d93ffb9b_fk_payments_ FOREIGN KEY (rule_id) REFERENCES payments_fraudrule(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_frauddecision_checkout_id_same_tenant FOREIGN KEY (tenant_id, checkout_id) REFERENCES payments_checkout(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_frauddecision_link_id_same_tenant FOREIGN KEY (tenant_id, link_id) REFERENCES payments_paymentlink(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_frauddecision_rule_id_same_tenant FOREIGN KEY (tenant_id, rule_id) REFERENCES payments_fraudrule(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_frauddecision_tenant_id_71e5515c_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_fraudrule
    ADD CONSTRAINT payments_fraudrule_tenant_id_d4d5f50a_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_importedlink
    ADD CONSTRAINT payments_importedlin_link_id_dc5df2eb_fk_payments_ FOREIGN KEY (link_id) REFERENCES payments_paymentlink(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_importedlink_link_id_same_tenant FOREIGN KEY (tenant_id, link_id) REFERENCES payments_paymentlink(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_importedlink_tenant_id_8328acd7_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_linkimport
    ADD CONSTRAINT payments_linkimport_imported_by_id_b62df704_fk_core_user_id FOREIGN KEY (imported_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_linkimport_tenant_id_1e3d57a5_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_linkrecipient
    ADD CONSTRAINT payments_linkrecipie_link_id_bcb8541d_fk_payments_ FOREIGN KEY (link_id) REFERENCES payments_paymentlink(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_linkrecipient_link_id_same_tenant FOREIGN KEY (tenant_id, link_id) REFERENCES payments_paymentlink(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_linkrecipient_tenant_id_80af3d3a_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_linktemplate
    ADD CONSTRAINT payments_linktemplate_created_by_id_284587d2_fk_core_user_id FOREIGN KEY (created_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_linktemplate_tenant_id_ac029855_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_linkversion
    ADD CONSTRAINT payments_linkversion_link_id_c57ba839_fk_payments_ FOREIGN KEY (link_id) REFERENCES payments_paymentlink(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_linkversion_link_id_same_tenant FOREIGN KEY (tenant_id, link_id) REFERENCES payments_paymentlink(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_linkversion_made_by_id_ec4bcc55_fk_core_user_id FOREIGN KEY (made_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_linkversion_tenant_id_0e4e56d7_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_linkviews
    ADD CONSTRAINT payments_linkviews_link_id_573f2d94_fk_payments_paymentlink_id FOREIGN KEY (link_id) REFERENCES payments_paymentlink(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_linkviews_link_id_same_tenant FOREIGN KEY (tenant_id, link_id) REFERENCES payments_paymentlink(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_linkviews_tenant_id_68ade9b9_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_listedparty
    ADD CONSTRAINT payments_listedparty_added_by_id_3d1d6d23_fk_core_user_id FOREIGN KEY (added_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_listedparty_tenant_id_58330710_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_movement
    ADD CONSTRAINT payments_movement_tenant_id_12179a9f_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_payment
    ADD CONSTRAINT payments_payment_checkout_id_f0dd81e4_fk_payments_checkout_id FOREIGN KEY (checkout_id) REFERENCES payments_checkout(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_payment_checkout_id_same_tenant FOREIGN KEY (tenant_id, checkout_id) REFERENCES payments_checkout(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_payment_decided_by_id_d21ad5d8_fk_core_user_id FOREIGN KEY (decided_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_payment_link_id_5082c9d5_fk_payments_paymentlink_id FOREIGN KEY (link_id) REFERENCES payments_paymentlink(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_payment_link_id_same_tenant FOREIGN KEY (tenant_id, link_id) REFERENCES payments_paymentlink(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_payment_tenant_id_4a90fb63_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_paymentlink
    ADD CONSTRAINT payments_paymentlink_created_by_id_20142064_fk_core_user_id FOREIGN KEY (created_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_paymentlink_tenant_id_062e9468_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_receipt
    ADD CONSTRAINT payments_receipt_payment_id_5c31062a_fk_payments_payment_id FOREIGN KEY (payment_id) REFERENCES payments_payment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_receipt_payment_id_same_tenant FOREIGN KEY (tenant_id, payment_id) REFERENCES payments_payment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_receipt_tenant_id_4ba7f2a7_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_refund
    ADD CONSTRAINT payments_refund_payment_id_a70693f7_fk_payments_payment_id FOREIGN KEY (payment_id) REFERENCES payments_payment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_refund_payment_id_same_tenant FOREIGN KEY (tenant_id, payment_id) REFERENCES payments_payment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_refund_requested_by_id_bc87fa8f_fk_core_user_id FOREIGN KEY (requested_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_refund_settled_by_id_cb9458a5_fk_core_user_id FOREIGN KEY (settled_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_refund_tenant_id_88619fac_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_stripeaccount
    ADD CONSTRAINT payments_stripeaccount_tenant_id_31b7ca1a_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE payments_stripeevent
    ADD CONSTRAINT payments_stripeevent_account_id_be9397ed_fk_payments_ FOREIGN KEY (account_id) REFERENCES payments_stripeaccount(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_stripeevent_account_id_same_tenant FOREIGN KEY (tenant_id, account_id) REFERENCES payments_stripeaccount(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_stripeevent_tenant_id_9e55f75f_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE crm_application
    ADD CONSTRAINT application_stage_known FOREIGN KEY (tenant_id, stage) REFERENCES crm_applicationstage(tenant_id, key) DEFERRABLE,
    ADD CONSTRAINT crm_application_lead_id_4169e7aa_fk_crm_lead_id FOREIGN KEY (lead_id) REFERENCES crm_lead(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_application_lead_id_same_tenant FOREIGN KEY (tenant_id, lead_id) REFERENCES crm_lead(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_application_tenant_id_8729e900_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE crm_applicationstage
    ADD CONSTRAINT crm_applicationstage_tenant_id_5585dedf_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE crm_calendarfeed
    ADD CONSTRAINT crm_calendarfeed_tenant_id_bbfaafed_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_calendarfeed_user_id_01af58e8_fk_core_user_id FOREIGN KEY (user_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE crm_lead
    ADD CONSTRAINT crm_lead_merged_into_id_22a24dcc_fk_crm_lead_id FOREIGN KEY (merged_into_id) REFERENCES crm_lead(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_lead_merged_into_id_same_tenant FOREIGN KEY (tenant_id, merged_into_id) REFERENCES crm_lead(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_lead_owner_id_f8fa5b1a_fk_core_user_id FOREIGN KEY (owner_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_lead_tenant_id_0577694f_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT lead_owner_same_tenant FOREIGN KEY (tenant_id, owner_id) REFERENCES core_user(tenant_id, id) DEFERRABLE,
    ADD CONSTRAINT lead_stage_known FOREIGN KEY (tenant_id, stage) REFERENCES crm_leadstage(tenant_id, key) DEFERRABLE;

ALTER TABLE crm_leadimport
    ADD CONSTRAINT crm_leadimport_tenant_id_2fafd3ec_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_leadimport_user_id_25ee1626_fk_core_user_id FOREIGN KEY (user_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE crm_leadstage
    ADD CONSTRAINT crm_leadstage_tenant_id_782ad857_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE crm_leadteam
    ADD CONSTRAINT crm_leadteam_lead_id_ebc03741_fk_crm_lead_id FOREIGN KEY (lead_id) REFERENCES crm_lead(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_leadteam_lead_id_same_tenant FOREIGN KEY (tenant_id, lead_id) REFERENCES crm_lead(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_leadteam_team_id_5d262dd0_fk_core_team_id FOREIGN KEY (team_id) REFERENCES core_team(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_leadteam_team_id_same_tenant FOREIGN KEY (tenant_id, team_id) REFERENCES core_team(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_leadteam_tenant_id_55ca7c42_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE crm_notduplicate
    ADD CONSTRAINT crm_notduplicate_by_id_71d4595a_fk_core_user_id FOREIGN KEY (by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_notduplicate_first_id_51733012_fk_crm_lead_id FOREIGN KEY (first_id) REFERENCES crm_lead(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_notduplicate_first_id_same_tenant FOREIGN KEY (tenant_id, first_id) REFERENCES crm_lead(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_notduplicate_second_id_b8246eee_fk_crm_lead_id FOREIGN KEY (second_id) REFERENCES crm_lead(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_notduplicate_second_id_same_tenant FOREIGN KEY (tenant_id, second_id) REFERENCES crm_lead(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_notduplicate_tenant_id_ba5f07ec_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE crm_paymentrequest
    ADD CONSTRAINT crm_paymentrequest_application_id_d02f7ba0_fk_crm_appli FOREIGN KEY (application_id) REFERENCES crm_application(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_paymentrequest_application_id_same_tenant FOREIGN KEY (tenant_id, application_id) REFERENCES crm_application(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_paymentrequest_lead_id_b469b700_fk_crm_lead_id FOREIGN KEY (lead_id) REFERENCES crm_lead(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_paymentrequest_lead_id_same_tenant FOREIGN KEY (tenant_id, lead_id) REFERENCES crm_lead(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_paymentrequest_tenant_id_33802b71_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT request_lead_is_the_applications FOREIGN KEY (tenant_id, application_id, lead_id) REFERENCES crm_application(tenant_id, id, lead_id) ON UPDATE CASCADE;

ALTER TABLE crm_reminder
    ADD CONSTRAINT crm_reminder_lead_id_f5cbcdc2_fk_crm_lead_id FOREIGN KEY (lead_id) REFERENCES crm_lead(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_reminder_lead_id_same_tenant FOREIGN KEY (tenant_id, lead_id) REFERENCES crm_lead(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_reminder_task_id_2ed76acd_fk_crm_task_id FOREIGN KEY (task_id) REFERENCES crm_task(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_reminder_task_id_same_tenant FOREIGN KEY (tenant_id, task_id) REFERENCES crm_task(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_reminder_tenant_id_6e73faa0_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_reminder_user_id_fb46bb30_fk_core_user_id FOREIGN KEY (user_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE crm_task
    ADD CONSTRAINT crm_task_application_id_5a36f9d3_fk_crm_application_id FOREIGN KEY (application_id) REFERENCES crm_application(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_task_application_id_same_tenant FOREIGN KEY (tenant_id, application_id) REFERENCES crm_application(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_task_assignee_id_f524aa34_fk_core_user_id FOREIGN KEY (assignee_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_task_completed_by_id_30440da8_fk_core_user_id FOREIGN KEY (completed_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_task_lead_id_d7992017_fk_crm_lead_id FOREIGN KEY (lead_id) REFERENCES crm_lead(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_task_lead_id_same_tenant FOREIGN KEY (tenant_id, lead_id) REFERENCES crm_lead(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_task_tenant_id_393257ee_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT task_assignee_same_tenant FOREIGN KEY (tenant_id, assignee_id) REFERENCES core_user(tenant_id, id) DEFERRABLE,
    ADD CONSTRAINT task_lead_is_the_applications FOREIGN KEY (tenant_id, application_id, lead_id) REFERENCES crm_application(tenant_id, id, lead_id) ON UPDATE CASCADE;

ALTER TABLE crm_timelineentry
    ADD CONSTRAINT crm_timelineentry_application_id_282bb7b4_fk_crm_application_id FOREIGN KEY (application_id) REFERENCES crm_application(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_timelineentry_application_id_same_tenant FOREIGN KEY (tenant_id, application_id) REFERENCES crm_application(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_timelineentry_by_id_27a87784_fk_core_user_id FOREIGN KEY (by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_timelineentry_lead_id_f1ff6870_fk_crm_lead_id FOREIGN KEY (lead_id) REFERENCES crm_lead(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_timelineentry_lead_id_same_tenant FOREIGN KEY (tenant_id, lead_id) REFERENCES crm_lead(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_timelineentry_task_id_31e8240e_fk_crm_task_id FOREIGN KEY (task_id) REFERENCES crm_task(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_timelineentry_task_id_same_tenant FOREIGN KEY (tenant_id, task_id) REFERENCES crm_task(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT crm_timelineentry_tenant_id_7a7771ec_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_case
    ADD CONSTRAINT subscriptions_case_owner_id_0e56a2e5_fk_core_user_id FOREIGN KEY (owner_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_case_rent_id_97c7c434_fk_subscript FOREIGN KEY (rent_id) REFERENCES subscriptions_rentpayment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_case_rent_id_same_tenant FOREIGN KEY (tenant_id, rent_id) REFERENCES subscriptions_rentpayment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_case_tenant_id_175c5131_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_casenote
    ADD CONSTRAINT subscriptions_caseno_case_id_4d98febb_fk_subscript FOREIGN KEY (case_id) REFERENCES subscriptions_case(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_casenote_by_id_2e442501_fk_core_user_id FOREIGN KEY (by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_casenote_case_id_same_tenant FOREIGN KEY (tenant_id, case_id) REFERENCES subscriptions_case(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_casenote_tenant_id_d81745b7_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_charge
    ADD CONSTRAINT subscriptions_charge_requested_by_id_13234072_fk_core_user_id FOREIGN KEY (requested_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_charge_subscription_id_3123d16d_fk_subscript FOREIGN KEY (subscription_id) REFERENCES subscriptions_subscription(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_charge_subscription_id_same_tenant FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions_subscription(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_charge_tenant_id_33e58327_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_club
    ADD CONSTRAINT subscriptions_club_tenant_id_74731104_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_clubrun
    ADD CONSTRAINT subscriptions_clubrun_club_id_cff33767_fk_subscriptions_club_id FOREIGN KEY (club_id) REFERENCES subscriptions_club(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubrun_club_id_same_tenant FOREIGN KEY (tenant_id, club_id) REFERENCES subscriptions_club(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubrun_ended_by_id_1aef4caa_fk_core_user_id FOREIGN KEY (ended_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubrun_made_by_id_17267d5a_fk_core_user_id FOREIGN KEY (made_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubrun_started_by_id_a3600c4f_fk_core_user_id FOREIGN KEY (started_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubrun_tenant_id_28d41e5c_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_clubrunitem
    ADD CONSTRAINT subscriptions_clubru_charge_id_9908f0c6_fk_subscript FOREIGN KEY (charge_id) REFERENCES subscriptions_charge(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubru_decided_by_id_dcfd1e05_fk_core_user FOREIGN KEY (decided_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubru_run_id_f2e8e158_fk_subscript FOREIGN KEY (run_id) REFERENCES subscriptions_clubrun(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubru_subscription_id_55a9ba02_fk_subscript FOREIGN KEY (subscription_id) REFERENCES subscriptions_subscription(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubrunitem_charge_id_same_tenant FOREIGN KEY (tenant_id, charge_id) REFERENCES subscriptions_charge(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubrunitem_run_id_same_tenant FOREIGN KEY (tenant_id, run_id) REFERENCES subscriptions_clubrun(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubrunitem_subscription_id_same_tenant FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions_subscription(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubrunitem_tenant_id_e3cf863f_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_clubstatus
    ADD CONSTRAINT subscriptions_clubstatus_tenant_id_01f32875_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_clubstatuschange
    ADD CONSTRAINT club_status_history_status_is_known FOREIGN KEY (tenant_id, status) REFERENCES subscriptions_clubstatus(tenant_id, number),
    ADD CONSTRAINT subscriptions_clubst_club_id_3162b19b_fk_subscript FOREIGN KEY (club_id) REFERENCES subscriptions_club(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubst_tenant_id_408c18b1_fk_core_tena FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_clubstatuschange_club_id_same_tenant FOREIGN KEY (tenant_id, club_id) REFERENCES subscriptions_club(tenant_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_disputeact
    ADD CONSTRAINT subscriptions_disput_dispute_id_1da0111d_fk_subscript FOREIGN KEY (dispute_id) REFERENCES subscriptions_rentdispute(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_disputeact_asked_by_id_8a1041d7_fk_core_user_id FOREIGN KEY (asked_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_disputeact_dispute_id_same_tenant FOREIGN KEY (tenant_id, dispute_id) REFERENCES subscriptions_rentdispute(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_disputeact_tenant_id_f76222c6_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_formerstripeid
    ADD CONSTRAINT subscriptions_former_house_id_0ab30ad5_fk_subscript FOREIGN KEY (house_id) REFERENCES subscriptions_house(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_former_lease_id_936156e8_fk_subscript FOREIGN KEY (lease_id) REFERENCES subscriptions_lease(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_former_resident_id_5bc24a9d_fk_subscript FOREIGN KEY (resident_id) REFERENCES subscriptions_resident(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_former_room_id_d0943236_fk_subscript FOREIGN KEY (room_id) REFERENCES subscriptions_room(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_former_tenant_id_a0c5b122_fk_core_tena FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_formerstripeid_house_id_same_tenant FOREIGN KEY (tenant_id, house_id) REFERENCES subscriptions_house(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_formerstripeid_lease_id_same_tenant FOREIGN KEY (tenant_id, lease_id) REFERENCES subscriptions_lease(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_formerstripeid_resident_id_same_tenant FOREIGN KEY (tenant_id, resident_id) REFERENCES subscriptions_resident(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_formerstripeid_room_id_same_tenant FOREIGN KEY (tenant_id, room_id) REFERENCES subscriptions_room(tenant_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_fraudwarning
    ADD CONSTRAINT subscriptions_fraudw_rent_id_3a3965d7_fk_subscript FOREIGN KEY (rent_id) REFERENCES subscriptions_rentpayment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_fraudwarning_rent_id_same_tenant FOREIGN KEY (tenant_id, rent_id) REFERENCES subscriptions_rentpayment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_fraudwarning_tenant_id_f6a9517f_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_house
    ADD CONSTRAINT subscriptions_house_tenant_id_104561a2_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_houseentry
    ADD CONSTRAINT subscriptions_housee_house_id_6ade9b1f_fk_subscript FOREIGN KEY (house_id) REFERENCES subscriptions_house(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_housee_rent_id_8fcf47b8_fk_subscript FOREIGN KEY (rent_id) REFERENCES subscriptions_rentpayment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_houseentry_house_id_same_tenant FOREIGN KEY (tenant_id, house_id) REFERENCES subscriptions_house(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_houseentry_rent_id_same_tenant FOREIGN KEY (tenant_id, rent_id) REFERENCES subscriptions_rentpayment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_houseentry_tenant_id_c69e31ad_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_lease
    ADD CONSTRAINT subscriptions_lease_house_id_cde8cb39_fk_subscriptions_house_id FOREIGN KEY (house_id) REFERENCES subscriptions_house(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_lease_house_id_same_tenant FOREIGN KEY (tenant_id, house_id) REFERENCES subscriptions_house(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_lease_resident_id_ae2de330_fk_subscript FOREIGN KEY (resident_id) REFERENCES subscriptions_resident(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_lease_resident_id_same_tenant FOREIGN KEY (tenant_id, resident_id) REFERENCES subscriptions_resident(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_lease_room_id_8e9384f4_fk_subscriptions_room_id FOREIGN KEY (room_id) REFERENCES subscriptions_room(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_lease_room_id_same_tenant FOREIGN KEY (tenant_id, room_id) REFERENCES subscriptions_room(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_lease_tenant_id_bb725c96_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_leaseimport
    ADD CONSTRAINT subscriptions_leaseimport_tenant_id_b9d1d4db_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_move
    ADD CONSTRAINT subscriptions_move_joined_id_a8ad0bcf_fk_subscript FOREIGN KEY (joined_id) REFERENCES subscriptions_subscription(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_joined_id_same_tenant FOREIGN KEY (tenant_id, joined_id) REFERENCES subscriptions_subscription(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_left_id_eb9ca860_fk_subscript FOREIGN KEY (left_id) REFERENCES subscriptions_subscription(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_left_id_same_tenant FOREIGN KEY (tenant_id, left_id) REFERENCES subscriptions_subscription(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_moved_by_id_0c7af72a_fk_core_user_id FOREIGN KEY (moved_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_tenant_id_aff17847_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_rentcollection
    ADD CONSTRAINT subscriptions_rentco_asked_by_id_2ac712ae_fk_core_user FOREIGN KEY (asked_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentco_rent_id_4d3a3761_fk_subscript FOREIGN KEY (rent_id) REFERENCES subscriptions_rentpayment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentco_tenant_id_8a9748c9_fk_core_tena FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentcollection_rent_id_same_tenant FOREIGN KEY (tenant_id, rent_id) REFERENCES subscriptions_rentpayment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_rentdispute
    ADD CONSTRAINT subscriptions_rentdi_rent_id_e764b655_fk_subscript FOREIGN KEY (rent_id) REFERENCES subscriptions_rentpayment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentdispute_rent_id_same_tenant FOREIGN KEY (tenant_id, rent_id) REFERENCES subscriptions_rentpayment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentdispute_tenant_id_879c235b_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_rentpayment
    ADD CONSTRAINT subscriptions_rentpa_duplicate_of_id_68e96829_fk_subscript FOREIGN KEY (duplicate_of_id) REFERENCES subscriptions_rentpayment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentpa_lease_id_64fbf7cf_fk_subscript FOREIGN KEY (lease_id) REFERENCES subscriptions_lease(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentpa_resident_id_4529e966_fk_subscript FOREIGN KEY (resident_id) REFERENCES subscriptions_resident(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentpayment_duplicate_of_id_same_tenant FOREIGN KEY (tenant_id, duplicate_of_id) REFERENCES subscriptions_rentpayment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentpayment_lease_id_same_tenant FOREIGN KEY (tenant_id, lease_id) REFERENCES subscriptions_lease(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentpayment_resident_id_same_tenant FOREIGN KEY (tenant_id, resident_id) REFERENCES subscriptions_resident(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentpayment_tenant_id_faab7fb3_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_rentposting
    ADD CONSTRAINT subscriptions_rentpo_rent_id_46edc55a_fk_subscript FOREIGN KEY (rent_id) REFERENCES subscriptions_rentpayment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentposting_rent_id_same_tenant FOREIGN KEY (tenant_id, rent_id) REFERENCES subscriptions_rentpayment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_rentposting_tenant_id_5d7c5146_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_renttransfer
    ADD CONSTRAINT subscriptions_renttr_house_id_c2bd23a1_fk_subscript FOREIGN KEY (house_id) REFERENCES subscriptions_house(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_renttr_rent_id_349749f8_fk_subscript FOREIGN KEY (rent_id) REFERENCES subscriptions_rentpayment(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_renttr_stopped_by_id_8458f9c6_fk_core_user FOREIGN KEY (stopped_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_renttransfer_house_id_same_tenant FOREIGN KEY (tenant_id, house_id) REFERENCES subscriptions_house(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_renttransfer_rent_id_same_tenant FOREIGN KEY (tenant_id, rent_id) REFERENCES subscriptions_rentpayment(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_renttransfer_tenant_id_9f721b76_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_resident
    ADD CONSTRAINT subscriptions_resident_tenant_id_44e756e9_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_room
    ADD CONSTRAINT subscriptions_room_house_id_b0e898a1_fk_subscriptions_house_id FOREIGN KEY (house_id) REFERENCES subscriptions_house(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_room_house_id_same_tenant FOREIGN KEY (tenant_id, house_id) REFERENCES subscriptions_house(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_room_tenant_id_4b07e830_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_shopaccount
    ADD CONSTRAINT subscriptions_shopaccount_tenant_id_93511038_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_skip
    ADD CONSTRAINT subscriptions_skip_made_by_id_bed278e0_fk_core_user_id FOREIGN KEY (made_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_skip_subscription_id_85c16c37_fk_subscript FOREIGN KEY (subscription_id) REFERENCES subscriptions_subscription(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_skip_subscription_id_same_tenant FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions_subscription(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_skip_tenant_id_28025571_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_skip_undone_by_id_786e66fe_fk_core_user_id FOREIGN KEY (undone_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_stripelink
    ADD CONSTRAINT subscriptions_stripe_lease_id_2625bee2_fk_subscript FOREIGN KEY (lease_id) REFERENCES subscriptions_lease(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_stripe_resident_id_1770202b_fk_subscript FOREIGN KEY (resident_id) REFERENCES subscriptions_resident(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_stripe_room_id_b2f1b2c3_fk_subscript FOREIGN KEY (room_id) REFERENCES subscriptions_room(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_stripelink_lease_id_same_tenant FOREIGN KEY (tenant_id, lease_id) REFERENCES subscriptions_lease(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_stripelink_resident_id_same_tenant FOREIGN KEY (tenant_id, resident_id) REFERENCES subscriptions_resident(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_stripelink_room_id_same_tenant FOREIGN KEY (tenant_id, room_id) REFERENCES subscriptions_room(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_stripelink_tenant_id_fd007baa_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_subscription
    ADD CONSTRAINT subscriptions_subscr_club_id_4f90563f_fk_subscript FOREIGN KEY (club_id) REFERENCES subscriptions_club(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_subscription_club_id_same_tenant FOREIGN KEY (tenant_id, club_id) REFERENCES subscriptions_club(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_subscription_tenant_id_59e35983_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_subscriptionstatus
    ADD CONSTRAINT subscriptions_subscr_tenant_id_5bdac45f_fk_core_tena FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_subscriptionstatuschange
    ADD CONSTRAINT subscription_status_history_status_is_known FOREIGN KEY (tenant_id, status) REFERENCES subscriptions_subscriptionstatus(tenant_id, number),
    ADD CONSTRAINT subscriptions_subscr_made_by_id_4a536aaa_fk_core_user FOREIGN KEY (made_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_subscr_subscription_id_d4191076_fk_subscript FOREIGN KEY (subscription_id) REFERENCES subscriptions_subscription(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_subscr_tenant_id_491ed68f_fk_core_tena FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_subscriptionstatuschange_subscription_id_same_ten FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions_subscription(tenant_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_transferreversal
    ADD CONSTRAINT subscriptions_transf_decided_by_id_325ded3b_fk_core_user FOREIGN KEY (decided_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_transf_tenant_id_ed33c3a3_fk_core_tena FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_transf_transfer_id_ed1254fc_fk_subscript FOREIGN KEY (transfer_id) REFERENCES subscriptions_renttransfer(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_transferreversal_transfer_id_same_tenant FOREIGN KEY (tenant_id, transfer_id) REFERENCES subscriptions_renttransfer(tenant_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_alert
    ADD CONSTRAINT billing_alert_meter_id_a3840cef_fk_billing_meter_id FOREIGN KEY (meter_id) REFERENCES billing_meter(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_alert_meter_id_same_tenant FOREIGN KEY (tenant_id, meter_id) REFERENCES billing_meter(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_alert_organization_id_11017d9f_fk_billing_o FOREIGN KEY (organization_id) REFERENCES billing_organization(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_alert_organization_id_same_tenant FOREIGN KEY (tenant_id, organization_id) REFERENCES billing_organization(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_alert_tenant_id_d298f704_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_alertfiring
    ADD CONSTRAINT billing_alertfiring_alert_id_fee7f1f0_fk_billing_alert_id FOREIGN KEY (alert_id) REFERENCES billing_alert(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_alertfiring_alert_id_same_tenant FOREIGN KEY (tenant_id, alert_id) REFERENCES billing_alert(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_alertfiring_period_id_087d617d_fk_billing_b FOREIGN KEY (period_id) REFERENCES billing_billingperiod(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_alertfiring_period_id_same_tenant FOREIGN KEY (tenant_id, period_id) REFERENCES billing_billingperiod(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_alertfiring_tenant_id_9ab36907_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_assignment
    ADD CONSTRAINT billing_assignment_made_by_id_7cfa6e8d_fk_core_user_id FOREIGN KEY (made_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_assignment_organization_id_706f71f8_fk_billing_o FOREIGN KEY (organization_id) REFERENCES billing_organization(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_assignment_organization_id_same_tenant FOREIGN KEY (tenant_id, organization_id) REFERENCES billing_organization(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_assignment_tenant_id_758e5e70_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_assignment_version_id_ca029842_fk_billing_p FOREIGN KEY (version_id) REFERENCES billing_planversion(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_assignment_version_id_same_tenant FOREIGN KEY (tenant_id, version_id) REFERENCES billing_planversion(tenant_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_auditreport
    ADD CONSTRAINT billing_auditreport_tenant_id_5665d129_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_billingperiod
    ADD CONSTRAINT billing_billingperio_organization_id_cc87521c_fk_billing_o FOREIGN KEY (organization_id) REFERENCES billing_organization(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_billingperiod_organization_id_same_tenant FOREIGN KEY (tenant_id, organization_id) REFERENCES billing_organization(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_billingperiod_tenant_id_2d6df634_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_billingrun
    ADD CONSTRAINT billing_billingrun_approved_by_id_b490456c_fk_core_user_id FOREIGN KEY (approved_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_billingrun_made_by_id_92add9f9_fk_core_user_id FOREIGN KEY (made_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_billingrun_tenant_id_49b1741b_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_billingsettings
    ADD CONSTRAINT billing_billingsettings_tenant_id_64d53079_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_creditnote
    ADD CONSTRAINT billing_creditnote_invoice_id_38246c17_fk_billing_invoice_id FOREIGN KEY (invoice_id) REFERENCES billing_invoice(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_creditnote_invoice_id_same_tenant FOREIGN KEY (tenant_id, invoice_id) REFERENCES billing_invoice(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_creditnote_issued_by_id_7c9103d1_fk_core_user_id FOREIGN KEY (issued_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_creditnote_tenant_id_a0ece271_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_creditnoteline
    ADD CONSTRAINT billing_creditnoteli_credit_note_id_7a4ffaff_fk_billing_c FOREIGN KEY (credit_note_id) REFERENCES billing_creditnote(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_creditnoteli_line_id_09094741_fk_billing_i FOREIGN KEY (line_id) REFERENCES billing_invoiceline(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_creditnoteline_credit_note_id_same_tenant FOREIGN KEY (tenant_id, credit_note_id) REFERENCES billing_creditnote(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_creditnoteline_line_id_same_tenant FOREIGN KEY (tenant_id, line_id) REFERENCES billing_invoiceline(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_creditnoteline_tenant_id_814a01c1_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_invoice
    ADD CONSTRAINT billing_invoice_organization_id_244f1474_fk_billing_o FOREIGN KEY (organization_id) REFERENCES billing_organization(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoice_organization_id_same_tenant FOREIGN KEY (tenant_id, organization_id) REFERENCES billing_organization(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoice_period_id_97136eef_fk_billing_billingperiod_id FOREIGN KEY (period_id) REFERENCES billing_billingperiod(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoice_period_id_same_tenant FOREIGN KEY (tenant_id, period_id) REFERENCES billing_billingperiod(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoice_run_id_2254c136_fk_billing_billingrun_id FOREIGN KEY (run_id) REFERENCES billing_billingrun(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoice_run_id_same_tenant FOREIGN KEY (tenant_id, run_id) REFERENCES billing_billingrun(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoice_tenant_id_0888f9df_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoice_voided_by_id_ebc2a908_fk_core_user_id FOREIGN KEY (voided_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_invoiceline
    ADD CONSTRAINT billing_invoiceline_invoice_id_same_tenant FOREIGN KEY (tenant_id, invoice_id) REFERENCES billing_invoice(tenant_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_invoiceposting
    ADD CONSTRAINT billing_invoiceposti_invoice_id_2a77f20f_fk_billing_i FOREIGN KEY (invoice_id) REFERENCES billing_invoice(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoiceposting_invoice_id_same_tenant FOREIGN KEY (tenant_id, invoice_id) REFERENCES billing_invoice(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoiceposting_tenant_id_b03ee966_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_invoicestanding
    ADD CONSTRAINT billing_invoicestand_invoice_id_2d25c819_fk_billing_i FOREIGN KEY (invoice_id) REFERENCES billing_invoice(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoicestanding_invoice_id_same_tenant FOREIGN KEY (tenant_id, invoice_id) REFERENCES billing_invoice(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_invoicestanding_tenant_id_919f6ac6_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_meter
    ADD CONSTRAINT billing_meter_tenant_id_648c2524_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_notice
    ADD CONSTRAINT billing_notice_invoice_id_156cb9ac_fk_billing_invoice_id FOREIGN KEY (invoice_id) REFERENCES billing_invoice(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_notice_invoice_id_same_tenant FOREIGN KEY (tenant_id, invoice_id) REFERENCES billing_invoice(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_notice_organization_id_fcec65c6_fk_billing_o FOREIGN KEY (organization_id) REFERENCES billing_organization(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_notice_organization_id_same_tenant FOREIGN KEY (tenant_id, organization_id) REFERENCES billing_organization(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_notice_tenant_id_82796586_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_numberseries
    ADD CONSTRAINT billing_numberseries_tenant_id_8a5fabcb_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_oneoffitem
    ADD CONSTRAINT billing_oneoffitem_made_by_id_08a37abb_fk_core_user_id FOREIGN KEY (made_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_oneoffitem_organization_id_80f55ad9_fk_billing_o FOREIGN KEY (organization_id) REFERENCES billing_organization(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_oneoffitem_organization_id_same_tenant FOREIGN KEY (tenant_id, organization_id) REFERENCES billing_organization(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_oneoffitem_tenant_id_5b49f66b_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_organization
    ADD CONSTRAINT billing_organization_tax_rate_id_2bfbae21_fk_billing_taxrate_id FOREIGN KEY (tax_rate_id) REFERENCES billing_taxrate(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_organization_tax_rate_id_same_tenant FOREIGN KEY (tenant_id, tax_rate_id) REFERENCES billing_taxrate(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_organization_tenant_id_a92c1fd0_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_plan
    ADD CONSTRAINT billing_plan_tenant_id_fccdc8f9_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_planversion
    ADD CONSTRAINT billing_planversion_plan_id_177980c8_fk_billing_plan_id FOREIGN KEY (plan_id) REFERENCES billing_plan(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_planversion_plan_id_same_tenant FOREIGN KEY (tenant_id, plan_id) REFERENCES billing_plan(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_planversion_published_by_id_c56f3948_fk_core_user_id FOREIGN KEY (published_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_planversion_tenant_id_000d9d65_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_price
    ADD CONSTRAINT billing_price_meter_id_96e8589a_fk_billing_meter_id FOREIGN KEY (meter_id) REFERENCES billing_meter(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_price_meter_id_same_tenant FOREIGN KEY (tenant_id, meter_id) REFERENCES billing_meter(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_price_tenant_id_bb3960f1_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_price_version_id_5ac5cc03_fk_billing_planversion_id FOREIGN KEY (version_id) REFERENCES billing_planversion(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_price_version_id_same_tenant FOREIGN KEY (tenant_id, version_id) REFERENCES billing_planversion(tenant_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_pricetier
    ADD CONSTRAINT billing_pricetier_price_id_10b38ac0_fk_billing_price_id FOREIGN KEY (price_id) REFERENCES billing_price(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_pricetier_price_id_same_tenant FOREIGN KEY (tenant_id, price_id) REFERENCES billing_price(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_pricetier_tenant_id_743194ee_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_push
    ADD CONSTRAINT billing_push_credit_note_id_c0ff5397_fk_billing_creditnote_id FOREIGN KEY (credit_note_id) REFERENCES billing_creditnote(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_push_credit_note_id_same_tenant FOREIGN KEY (tenant_id, credit_note_id) REFERENCES billing_creditnote(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_push_invoice_id_ea9b2136_fk_billing_invoice_id FOREIGN KEY (invoice_id) REFERENCES billing_invoice(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_push_invoice_id_same_tenant FOREIGN KEY (tenant_id, invoice_id) REFERENCES billing_invoice(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_push_organization_id_fc7b5595_fk_billing_o FOREIGN KEY (organization_id) REFERENCES billing_organization(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_push_organization_id_same_tenant FOREIGN KEY (tenant_id, organization_id) REFERENCES billing_organization(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_push_tenant_id_83e7678e_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_pushdesk
    ADD CONSTRAINT billing_pushdesk_paused_by_id_1d6f06ef_fk_core_user_id FOREIGN KEY (paused_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_pushdesk_tenant_id_89974a8f_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_recurringfee
    ADD CONSTRAINT billing_recurringfee_tenant_id_b2700508_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_recurringfee_version_id_46c64025_fk_billing_p FOREIGN KEY (version_id) REFERENCES billing_planversion(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_recurringfee_version_id_same_tenant FOREIGN KEY (tenant_id, version_id) REFERENCES billing_planversion(tenant_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_stripecall
    ADD CONSTRAINT billing_stripecall_push_id_e7850deb_fk_billing_push_id FOREIGN KEY (push_id) REFERENCES billing_push(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_stripecall_push_id_same_tenant FOREIGN KEY (tenant_id, push_id) REFERENCES billing_push(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_stripecall_tenant_id_63d243b6_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_taxrate
    ADD CONSTRAINT billing_taxrate_tenant_id_d02ba69e_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_usagebucket
    ADD CONSTRAINT billing_usagebucket_meter_id_0d30be13_fk_billing_meter_id FOREIGN KEY (meter_id) REFERENCES billing_meter(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_usagebucket_meter_id_same_tenant FOREIGN KEY (tenant_id, meter_id) REFERENCES billing_meter(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_usagebucket_organization_id_97720d7a_fk_billing_o FOREIGN KEY (organization_id) REFERENCES billing_organization(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_usagebucket_organization_id_same_tenant FOREIGN KEY (tenant_id, organization_id) REFERENCES billing_organization(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_usagebucket_tenant_id_a9b650a0_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE billing_walletentry
    ADD CONSTRAINT billing_walletentry_invoice_id_2fe93f03_fk_billing_invoice_id FOREIGN KEY (invoice_id) REFERENCES billing_invoice(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_walletentry_invoice_id_same_tenant FOREIGN KEY (tenant_id, invoice_id) REFERENCES billing_invoice(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_walletentry_made_by_id_2fe013fb_fk_core_user_id FOREIGN KEY (made_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_walletentry_organization_id_a9ce2768_fk_billing_o FOREIGN KEY (organization_id) REFERENCES billing_organization(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_walletentry_organization_id_same_tenant FOREIGN KEY (tenant_id, organization_id) REFERENCES billing_organization(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT billing_walletentry_tenant_id_436b8155_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

CREATE VIEW clubs.club WITH (security_barrier=true, check_option=cascaded)
AS SELECT number AS id,
    name,
    store_sku
   FROM subscriptions_club
  WHERE tenant_id = (( SELECT clubs.tenant_of_session() AS tenant_of_session));
ALTER VIEW clubs.club ALTER COLUMN id SET DEFAULT clubs.next_club_id();

CREATE VIEW clubs.club_status WITH (security_barrier=true, check_option=cascaded)
AS SELECT number AS id,
    name
   FROM subscriptions_clubstatus
  WHERE tenant_id = (( SELECT clubs.tenant_of_session() AS tenant_of_session));

CREATE VIEW clubs.status WITH (security_barrier=true, check_option=cascaded)
AS SELECT number AS id,
    name
   FROM subscriptions_subscriptionstatus
  WHERE tenant_id = (( SELECT clubs.tenant_of_session() AS tenant_of_session));

CREATE VIEW clubs.club_status_history WITH (security_barrier=true)
AS SELECT h.reference AS id,
    c.number AS club_id,
    h.status AS club_status_id,
    (h.effective_at AT TIME ZONE 'UTC'::text) AS effect_date,
    (h.recorded_at AT TIME ZONE 'UTC'::text) AS create_date,
    NULLIF(h.details, ''::text) AS details
   FROM subscriptions_clubstatuschange h
     JOIN subscriptions_club c ON c.id = h.club_id
  WHERE h.tenant_id = (( SELECT clubs.tenant_of_session() AS tenant_of_session)) AND h.withdrawn_at IS NULL;

CREATE TRIGGER write INSTEAD OF INSERT OR DELETE OR UPDATE ON clubs.club_status_history FOR EACH ROW EXECUTE FUNCTION clubs.write_club_status_history();

CREATE VIEW clubs.subscription WITH (security_barrier=true)
AS SELECT s.reference AS id,
    c.number AS club_id,
    s.customer_store_id,
    (s.subscribed_at AT TIME ZONE 'UTC'::text) AS create_date
   FROM subscriptions_subscription s
     JOIN subscriptions_club c ON c.id = s.club_id
  WHERE s.tenant_id = (( SELECT clubs.tenant_of_session() AS tenant_of_session));

CREATE TRIGGER write INSTEAD OF INSERT OR DELETE OR UPDATE ON clubs.subscription FOR EACH ROW EXECUTE FUNCTION clubs.write_subscription();

CREATE VIEW clubs.subscription_status_history WITH (security_barrier=true)
AS SELECT h.reference AS id,
    s.reference AS subscription_id,
    h.status AS status_id,
    (h.effective_at AT TIME ZONE 'UTC'::text) AS effect_date,
    (h.recorded_at AT TIME ZONE 'UTC'::text) AS create_date,
    NULLIF(h.details, ''::text) AS details
   FROM subscriptions_subscriptionstatuschange h
     JOIN subscriptions_subscription s ON s.id = h.subscription_id
  WHERE h.tenant_id = (( SELECT clubs.tenant_of_session() AS tenant_of_session)) AND h.withdrawn_at IS NULL;

CREATE TRIGGER write INSTEAD OF INSERT OR DELETE OR UPDATE ON clubs.subscription_status_history FOR EACH ROW EXECUTE FUNCTION clubs.write_subscription_status_history();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_apikey FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON core_auditentry FOR EACH ROW EXECUTE FUNCTION core_refuse_change('audit_entry_is_append_only');

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_auditentry FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_letter FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_storedanswer FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER forget_team AFTER DELETE ON core_team FOR EACH ROW EXECUTE FUNCTION crm_forget_team();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_team FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_teammembership FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER give_club_statuses AFTER INSERT ON core_tenant FOR EACH ROW EXECUTE FUNCTION subscriptions_statuses_of_new_tenant();

CREATE TRIGGER make_first_stages AFTER INSERT ON core_tenant FOR EACH ROW EXECUTE FUNCTION crm_stages_of_new_tenant();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_tenant FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER keep_roles BEFORE UPDATE ON core_user FOR EACH ROW WHEN (old.role::text IS DISTINCT FROM new.role::text OR old.tenant_id IS DISTINCT FROM new.tenant_id OR old.is_superuser IS DISTINCT FROM new.is_superuser) EXECUTE FUNCTION core_keep_roles();

CREATE TRIGGER keep_roles_of_new BEFORE INSERT ON core_user FOR EACH ROW EXECUTE FUNCTION core_keep_roles();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_user FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_webhookdelivery FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_webhookendpoint FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON core_webhookmessage FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_cardtry FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_checkout FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_dispute FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_disputeanswer FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_earlywarning FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_fraudalarm FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_fraudcount FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON payments_frauddecision FOR EACH ROW EXECUTE FUNCTION payments_refuse_change('fraud_decision_is_append_only');

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_frauddecision FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_fraudrule FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_importedlink FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_linkimport FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_linkrecipient FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_linktemplate FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_linkversion FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_linkviews FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_listedparty FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_movement FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_payment FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_paymentlink FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_receipt FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_refund FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_stripeaccount FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_stripeevent FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_application FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_applicationstage FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_calendarfeed FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER check_teams BEFORE INSERT OR UPDATE OF team_ids ON crm_lead FOR EACH ROW EXECUTE FUNCTION crm_check_lead_teams();

CREATE TRIGGER keep_teams_on_insert AFTER INSERT ON crm_lead FOR EACH ROW WHEN (new.team_ids <> '{}'::uuid[]) EXECUTE FUNCTION crm_keep_lead_teams();

CREATE TRIGGER keep_teams_on_update AFTER UPDATE OF team_ids ON crm_lead FOR EACH ROW WHEN (new.team_ids IS DISTINCT FROM old.team_ids) EXECUTE FUNCTION crm_keep_lead_teams();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_lead FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_leadimport FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_leadstage FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_leadteam FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_notduplicate FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER lead_of_application BEFORE INSERT OR UPDATE OF application_id ON crm_paymentrequest FOR EACH ROW EXECUTE FUNCTION crm_lead_of_application('request_lead_is_the_applications');

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_paymentrequest FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_reminder FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER lead_of_application BEFORE INSERT OR UPDATE OF application_id ON crm_task FOR EACH ROW EXECUTE FUNCTION crm_lead_of_application('task_lead_is_the_applications');

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_task FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crm_timelineentry FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_case FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER append_only BEFORE DELETE ON subscriptions_casenote FOR EACH ROW EXECUTE FUNCTION subscriptions_refuse_change('case_note_is_append_only');

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_casenote FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_charge FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_club FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_clubrun FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_clubrunitem FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_clubstatus FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_clubstatuschange FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_disputeact FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_formerstripeid FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_fraudwarning FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_house FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON subscriptions_houseentry FOR EACH ROW EXECUTE FUNCTION subscriptions_refuse_change('house_entry_is_append_only');

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_houseentry FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_lease FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_leaseimport FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_move FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_rentcollection FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_rentdispute FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_rentpayment FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_rentposting FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_renttransfer FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_resident FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_room FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_shopaccount FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_skip FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_stripelink FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_subscription FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_subscriptionstatus FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER keep_last_deleted AFTER DELETE ON subscriptions_subscriptionstatuschange REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_rows_deleted();

CREATE TRIGGER keep_last_inserted AFTER INSERT ON subscriptions_subscriptionstatuschange REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_rows_inserted();

CREATE TRIGGER keep_last_updated AFTER UPDATE ON subscriptions_subscriptionstatuschange REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_rows_updated();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_subscriptionstatuschange FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_transferreversal FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_alert FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_alertfiring FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_assignment FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_auditreport FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_billingperiod FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_billingrun FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_billingsettings FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_creditnote FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_creditnoteline FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER stays_fixed BEFORE DELETE OR UPDATE ON billing_invoice FOR EACH ROW EXECUTE FUNCTION billing_freeze_invoice();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_invoice FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER final_lines_stay_new AFTER INSERT ON billing_invoiceline REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_freeze_lines();

CREATE TRIGGER final_lines_stay_old AFTER DELETE ON billing_invoiceline REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_freeze_lines();

CREATE TRIGGER never_updated BEFORE UPDATE ON billing_invoiceline FOR EACH ROW EXECUTE FUNCTION billing_refuse_change('final_invoice_never_changes');

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_invoiceposting FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_invoicestanding FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER stays_fixed BEFORE UPDATE ON billing_meter FOR EACH ROW EXECUTE FUNCTION billing_freeze_meter();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_meter FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_notice FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_numberseries FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_oneoffitem FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER stays_fixed BEFORE UPDATE ON billing_organization FOR EACH ROW EXECUTE FUNCTION billing_freeze_organization();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_organization FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_plan FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_planversion FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER stays_fixed BEFORE DELETE OR UPDATE ON billing_price FOR EACH ROW EXECUTE FUNCTION billing_freeze_price();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_price FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER stays_fixed BEFORE DELETE OR UPDATE ON billing_pricetier FOR EACH ROW EXECUTE FUNCTION billing_freeze_price();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_pricetier FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_push FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_pushdesk FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER stays_fixed BEFORE DELETE OR UPDATE ON billing_recurringfee FOR EACH ROW EXECUTE FUNCTION billing_freeze_price();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_recurringfee FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_stripecall FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_taxrate FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER never_deleted BEFORE DELETE ON billing_usagebucket FOR EACH ROW EXECUTE FUNCTION billing_refuse_change('usage_bucket_is_kept');

CREATE TRIGGER stays_what_it_is BEFORE UPDATE OF id, tenant_id, organization_id, day, meter_id, dimensions ON billing_usagebucket FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change('usage_bucket_is_kept');

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON billing_usageevent FOR EACH ROW EXECUTE FUNCTION billing_refuse_change('usage_event_is_append_only');

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON billing_walletentry FOR EACH ROW EXECUTE FUNCTION billing_refuse_change('wallet_entry_is_append_only');

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON billing_walletentry FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();
