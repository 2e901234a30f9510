"""Statuses of each tenant, the last row of each history, and the schema `clubs` for SQL."""

from django.db import migrations

# Every tenant has the statuses that the code knows, from its first moment on.
STATUSES = """
CREATE FUNCTION subscriptions_give_statuses(tenant uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
REVOKE EXECUTE ON FUNCTION subscriptions_give_statuses(uuid) FROM PUBLIC;

CREATE FUNCTION subscriptions_statuses_of_new_tenant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.subscriptions_give_statuses(NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER give_club_statuses AFTER INSERT ON core_tenant
    FOR EACH ROW EXECUTE FUNCTION subscriptions_statuses_of_new_tenant();
SELECT subscriptions_give_statuses(id) FROM core_tenant;
-- A table with rows that still have to be checked cannot be altered.
SET CONSTRAINTS ALL IMMEDIATE;

ALTER TABLE subscriptions_clubstatuschange
    ADD CONSTRAINT club_status_history_status_is_known FOREIGN KEY (tenant_id, status)
    REFERENCES subscriptions_clubstatus (tenant_id, number);
ALTER TABLE subscriptions_subscriptionstatuschange
    ADD CONSTRAINT subscription_status_history_status_is_known FOREIGN KEY (tenant_id, status)
    REFERENCES subscriptions_subscriptionstatus (tenant_id, number);
"""

# Which row of a history comes last depends on the rows alone, so no passing of time makes it
# untrue; triggers on the table hear of every writer. The rows are locked before the history is
# read: the read that follows has a snapshot of its own and sees what a rival has committed. The
# update is made also when it changes nothing: a rival whose whole transaction has one snapshot
# (REPEATABLE READ) cannot see what was committed since, and fails on the new version instead.
LAST_ROW = """
CREATE FUNCTION subscriptions_keep_last(touched uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

CREATE FUNCTION subscriptions_rows_inserted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.subscriptions_keep_last(
        ARRAY(SELECT DISTINCT subscription_id FROM new_rows));
    RETURN NULL;
END $$;

CREATE FUNCTION subscriptions_rows_deleted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.subscriptions_keep_last(
        ARRAY(SELECT DISTINCT subscription_id FROM old_rows));
    RETURN NULL;
END $$;

CREATE FUNCTION subscriptions_rows_updated() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.subscriptions_keep_last(ARRAY(
        SELECT subscription_id FROM new_rows UNION SELECT subscription_id FROM old_rows));
    RETURN NULL;
END $$;

CREATE TRIGGER keep_last_inserted AFTER INSERT ON subscriptions_subscriptionstatuschange
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_rows_inserted();
CREATE TRIGGER keep_last_deleted AFTER DELETE ON subscriptions_subscriptionstatuschange
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_rows_deleted();
CREATE TRIGGER keep_last_updated AFTER UPDATE ON subscriptions_subscriptionstatuschange
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_rows_updated();
"""

# The list of a million ids is cut into pieces by this expression (queries.eligible).
PIECES = """
CREATE STATISTICS subscription_pieces ON (get_byte(uuid_send(id), 0))
    FROM subscriptions_subscription;
"""

# The tenant of an SQL role is part of its name. `session_user` is who logged in: unlike a setting
# or `current_user`, only a superuser can change it.
SCHEMA = """
CREATE SCHEMA clubs;
CREATE FUNCTION clubs.tenant_of_session() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN session_user ~ '^clubs_[0-9a-f]{32}$'
                THEN substr(session_user::text, 7)::uuid END
$$;
"""

TABLES = (
    "subscriptions_club",
    "subscriptions_clubstatus",
    "subscriptions_clubstatuschange",
    "subscriptions_subscription",
    "subscriptions_subscriptionstatus",
    "subscriptions_subscriptionstatuschange",
)

# The views read as their owner, which the tables' policies bind as well. The first policy opens
# the rows of the session's tenant to it; the second shuts all others, whatever was set.
POLICY = """
CREATE POLICY sql_role ON "{table}" TO CURRENT_USER
    USING (tenant_id = (SELECT clubs.tenant_of_session()))
    WITH CHECK (tenant_id = (SELECT clubs.tenant_of_session()));
CREATE POLICY sql_role_alone ON "{table}" AS RESTRICTIVE TO CURRENT_USER
    USING ((SELECT clubs.tenant_of_session()) IS NULL
           OR tenant_id = (SELECT clubs.tenant_of_session()));
ALTER TABLE "{table}" ALTER COLUMN tenant_id SET DEFAULT clubs.tenant_of_session();
"""

VIEWS = """
CREATE VIEW clubs.club WITH (security_barrier) AS
    SELECT number AS id, name, store_sku FROM public.subscriptions_club
    WHERE tenant_id = (SELECT clubs.tenant_of_session()) WITH CHECK OPTION;
CREATE FUNCTION clubs.next_club_id() RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(max(id), 0) + 1 FROM clubs.club
$$;
ALTER VIEW clubs.club ALTER COLUMN id SET DEFAULT clubs.next_club_id();

CREATE VIEW clubs.club_status WITH (security_barrier) AS
    SELECT number AS id, name FROM public.subscriptions_clubstatus
    WHERE tenant_id = (SELECT clubs.tenant_of_session()) WITH CHECK OPTION;

CREATE VIEW clubs.status WITH (security_barrier) AS
    SELECT number AS id, name FROM public.subscriptions_subscriptionstatus
    WHERE tenant_id = (SELECT clubs.tenant_of_session()) WITH CHECK OPTION;

CREATE VIEW clubs.club_status_history WITH (security_barrier) AS
    SELECT h.reference AS id, c.number AS club_id, h.status AS club_status_id,
           h.effective_at AT TIME ZONE 'UTC' AS effect_date,
           h.recorded_at AT TIME ZONE 'UTC' AS create_date,
           nullif(h.details, '') AS details
    FROM public.subscriptions_clubstatuschange AS h
    JOIN public.subscriptions_club AS c ON c.id = h.club_id
    WHERE h.tenant_id = (SELECT clubs.tenant_of_session()) AND h.withdrawn_at IS NULL;

CREATE VIEW clubs.subscription WITH (security_barrier) AS
    SELECT s.reference AS id, c.number AS club_id, s.customer_store_id,
           s.subscribed_at AT TIME ZONE 'UTC' AS create_date
    FROM public.subscriptions_subscription AS s
    JOIN public.subscriptions_club AS c ON c.id = s.club_id
    WHERE s.tenant_id = (SELECT clubs.tenant_of_session());

CREATE VIEW clubs.subscription_status_history WITH (security_barrier) AS
    SELECT h.reference AS id, s.reference AS subscription_id, h.status AS status_id,
           h.effective_at AT TIME ZONE 'UTC' AS effect_date,
           h.recorded_at AT TIME ZONE 'UTC' AS create_date,
           nullif(h.details, '') AS details
    FROM public.subscriptions_subscriptionstatuschange AS h
    JOIN public.subscriptions_subscription AS s ON s.id = h.subscription_id
    WHERE h.tenant_id = (SELECT clubs.tenant_of_session()) AND h.withdrawn_at IS NULL;
"""

# The three views that join need to be told what writing them means. Times come in without a zone
# and are UTC.
LOOKUPS = """
CREATE FUNCTION clubs.club_called(wanted integer) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

CREATE FUNCTION clubs.subscription_called(wanted text) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
"""

WRITERS = """
CREATE FUNCTION clubs.write_subscription() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
CREATE TRIGGER write INSTEAD OF INSERT OR UPDATE OR DELETE ON clubs.subscription
    FOR EACH ROW EXECUTE FUNCTION clubs.write_subscription();
"""

HISTORY_WRITER = """
CREATE FUNCTION clubs.write_{view}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := clubs.tenant_of_session();
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM public.{table}
        WHERE tenant_id = me AND reference = OLD.id AND withdrawn_at IS NULL;
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    NEW.id := coalesce(NEW.id, gen_random_uuid()::text);
    NEW.create_date := coalesce(NEW.create_date, clock_timestamp() AT TIME ZONE 'UTC');
    NEW.effect_date := coalesce(NEW.effect_date, NEW.create_date);
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.{table}
            (tenant_id, reference, {noun}_id, status, effective_at, recorded_at, details)
        VALUES (me, NEW.id, clubs.{noun}_called(NEW.{noun}_id), NEW.{status},
                NEW.effect_date AT TIME ZONE 'UTC', NEW.create_date AT TIME ZONE 'UTC',
                coalesce(NEW.details, ''));
        RETURN NEW;
    END IF;
    UPDATE public.{table}
    SET reference = NEW.id, {noun}_id = clubs.{noun}_called(NEW.{noun}_id), status = NEW.{status},
        effective_at = NEW.effect_date AT TIME ZONE 'UTC',
        recorded_at = NEW.create_date AT TIME ZONE 'UTC', details = coalesce(NEW.details, '')
    WHERE tenant_id = me AND reference = OLD.id AND withdrawn_at IS NULL;
    RETURN CASE WHEN FOUND THEN NEW END;
END $$;
CREATE TRIGGER write INSTEAD OF INSERT OR UPDATE OR DELETE ON clubs.{view}
    FOR EACH ROW EXECUTE FUNCTION clubs.write_{view}();
"""

# The two lookups would tell a role the uuid behind an id; only the triggers call them.
SHUT = """
REVOKE EXECUTE ON FUNCTION clubs.club_called(integer) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION clubs.subscription_called(text) FROM PUBLIC;
"""

UNDO = """
DROP SCHEMA clubs CASCADE;
DROP STATISTICS subscription_pieces;
DROP TRIGGER give_club_statuses ON core_tenant;
DROP FUNCTION subscriptions_statuses_of_new_tenant();
DROP FUNCTION subscriptions_give_statuses(uuid);
ALTER TABLE subscriptions_clubstatuschange DROP CONSTRAINT club_status_history_status_is_known;
ALTER TABLE subscriptions_subscriptionstatuschange
    DROP CONSTRAINT subscription_status_history_status_is_known;
DROP TRIGGER keep_last_inserted ON subscriptions_subscriptionstatuschange;
DROP TRIGGER keep_last_deleted ON subscriptions_subscriptionstatuschange;
DROP TRIGGER keep_last_updated ON subscriptions_subscriptionstatuschange;
DROP FUNCTION subscriptions_rows_inserted();
DROP FUNCTION subscriptions_rows_deleted();
DROP FUNCTION subscriptions_rows_updated();
DROP FUNCTION subscriptions_keep_last(uuid[]);
"""

HISTORIES = (
    {
        "view": "club_status_history",
        "table": "subscriptions_clubstatuschange",
        "noun": "club",
        "status": "club_status_id",
    },
    {
        "view": "subscription_status_history",
        "table": "subscriptions_subscriptionstatuschange",
        "noun": "subscription",
        "status": "status_id",
    },
)


def surface() -> str:
    """Return all SQL of the migration, in an order that works."""
    policies = "".join(POLICY.format(table=table) for table in TABLES)
    histories = "".join(HISTORY_WRITER.format(**names) for names in HISTORIES)
    parts = (STATUSES, LAST_ROW, PIECES, SCHEMA, policies, VIEWS, LOOKUPS, WRITERS, histories, SHUT)
    return "".join(parts)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial")]

    operations = [migrations.RunSQL(surface(), UNDO)]
