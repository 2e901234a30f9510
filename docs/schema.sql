-- The tables of Taproom. Written by `manage.py write_schema`; the migrations make them.
-- Who may see which row: rls_policies.sql.

SET check_function_bodies = off;  -- functions come first: columns have defaults by them

CREATE SCHEMA clubs;
CREATE SCHEMA taproom;

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
    CONSTRAINT core_tenant_pkey PRIMARY KEY (id),
    CONSTRAINT core_tenant_slug_key UNIQUE (slug),
    CONSTRAINT tenant_currency_is_upper_case CHECK (default_currency::text ~ '^[A-Z]{3}$'::text)
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
    CONSTRAINT payments_checkout_pkey PRIMARY KEY (id),
    CONSTRAINT payments_checkout_stripe_payment_intent_id_key UNIQUE (stripe_payment_intent_id),
    CONSTRAINT payments_checkout_stripe_session_id_key UNIQUE (stripe_session_id),
    CONSTRAINT payments_checkout_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT checkout_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT open_checkout_has_session CHECK (NOT (state::text = ANY (ARRAY['open'::character varying, 'processing'::character varying, 'succeeded'::character varying]::text[])) OR stripe_session_id IS NOT NULL),
    CONSTRAINT payments_checkout_epoch_check CHECK (epoch >= 0)
);
CREATE INDEX checkout_by_subject ON public.payments_checkout USING btree (tenant_id, kind, subject_id);
CREATE INDEX checkout_unsettled ON public.payments_checkout USING btree (tenant_id, state, checked_at) WHERE ((state)::text = ANY ((ARRAY['created'::character varying, 'open'::character varying, 'processing'::character varying])::text[]));
CREATE INDEX payments_checkout_account_id_b469438b ON public.payments_checkout USING btree (account_id);
CREATE INDEX payments_checkout_link_id_b11c4b0b ON public.payments_checkout USING btree (link_id);
CREATE INDEX payments_checkout_stripe_payment_intent_id_e8e811d5_like ON public.payments_checkout USING btree (stripe_payment_intent_id varchar_pattern_ops);
CREATE INDEX payments_checkout_stripe_session_id_0f9badbd_like ON public.payments_checkout USING btree (stripe_session_id varchar_pattern_ops);
CREATE INDEX payments_checkout_tenant_id_e6ba0044 ON public.payments_checkout USING btree (tenant_id);

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
    CONSTRAINT payments_paymentlink_pkey PRIMARY KEY (id),
    CONSTRAINT payments_paymentlink_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT link_allows_a_payment CHECK (max_payments IS NULL OR max_payments > 0),
    CONSTRAINT link_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT link_currency_is_upper_case CHECK (currency::text ~ '^[A-Z]{3}$'::text),
    CONSTRAINT link_slots_within_limit CHECK (max_payments IS NULL OR slots_taken <= max_payments),
    CONSTRAINT link_starts_before_it_expires CHECK (starts_at IS NULL OR expires_at IS NULL OR starts_at < expires_at),
    CONSTRAINT payments_paymentlink_max_payments_check CHECK (max_payments >= 0),
    CONSTRAINT payments_paymentlink_paid_count_check CHECK (paid_count >= 0),
    CONSTRAINT payments_paymentlink_slots_taken_check CHECK (slots_taken >= 0),
    CONSTRAINT payments_paymentlink_version_check CHECK (version >= 0)
);
CREATE INDEX link_by_expiry ON public.payments_paymentlink USING btree (tenant_id, expires_at);
CREATE INDEX link_newest ON public.payments_paymentlink USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX payments_paymentlink_created_by_id_20142064 ON public.payments_paymentlink USING btree (created_by_id);
CREATE INDEX payments_paymentlink_tenant_id_062e9468 ON public.payments_paymentlink USING btree (tenant_id);

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

ALTER TABLE core_apikey
    ADD CONSTRAINT core_apikey_created_by_id_9aafb450_fk_core_user_id FOREIGN KEY (created_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT core_apikey_tenant_id_b3bfd62e_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE core_entry
    ADD CONSTRAINT core_entry_tenant_id_ff947168_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

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

ALTER TABLE payments_checkout
    ADD CONSTRAINT payments_checkout_account_id_b469438b_fk_payments_ FOREIGN KEY (account_id) REFERENCES payments_stripeaccount(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_account_id_same_tenant FOREIGN KEY (tenant_id, account_id) REFERENCES payments_stripeaccount(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_link_id_b11c4b0b_fk_payments_paymentlink_id FOREIGN KEY (link_id) REFERENCES payments_paymentlink(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_link_id_same_tenant FOREIGN KEY (tenant_id, link_id) REFERENCES payments_paymentlink(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT payments_checkout_tenant_id_e6ba0044_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

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

ALTER TABLE subscriptions_move
    ADD CONSTRAINT subscriptions_move_joined_id_a8ad0bcf_fk_subscript FOREIGN KEY (joined_id) REFERENCES subscriptions_subscription(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_joined_id_same_tenant FOREIGN KEY (tenant_id, joined_id) REFERENCES subscriptions_subscription(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_left_id_eb9ca860_fk_subscript FOREIGN KEY (left_id) REFERENCES subscriptions_subscription(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_left_id_same_tenant FOREIGN KEY (tenant_id, left_id) REFERENCES subscriptions_subscription(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_moved_by_id_0c7af72a_fk_core_user_id FOREIGN KEY (moved_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_move_tenant_id_aff17847_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_shopaccount
    ADD CONSTRAINT subscriptions_shopaccount_tenant_id_93511038_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE subscriptions_skip
    ADD CONSTRAINT subscriptions_skip_made_by_id_bed278e0_fk_core_user_id FOREIGN KEY (made_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_skip_subscription_id_85c16c37_fk_subscript FOREIGN KEY (subscription_id) REFERENCES subscriptions_subscription(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_skip_subscription_id_same_tenant FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions_subscription(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_skip_tenant_id_28025571_fk_core_tenant_id FOREIGN KEY (tenant_id) REFERENCES core_tenant(id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT subscriptions_skip_undone_by_id_786e66fe_fk_core_user_id FOREIGN KEY (undone_by_id) REFERENCES core_user(id) DEFERRABLE INITIALLY DEFERRED;

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

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_checkout FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_payment FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payments_paymentlink FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

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

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_charge FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_club FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_clubrun FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_clubrunitem FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_clubstatus FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_clubstatuschange FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_move FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_shopaccount FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_skip FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_subscription FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_subscriptionstatus FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();

CREATE TRIGGER keep_last_deleted AFTER DELETE ON subscriptions_subscriptionstatuschange REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_rows_deleted();

CREATE TRIGGER keep_last_inserted AFTER INSERT ON subscriptions_subscriptionstatuschange REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_rows_inserted();

CREATE TRIGGER keep_last_updated AFTER UPDATE ON subscriptions_subscriptionstatuschange REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_rows_updated();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON subscriptions_subscriptionstatuschange FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();
