-- The two roles of Taproom and what each may do in the database this file is run in.
-- Run it as a superuser; running it again changes nothing. Passwords are set elsewhere.
-- taproom_owner owns the tables and runs the migrations; taproom_app only reads and writes rows,
-- so that row-level security binds it. Neither may make roles. What `manage.py clubs_sql_role` needs
-- is done by the two functions below, which make and drop the roles of outside programs alone.
-- Needs PostgreSQL 15 or newer.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'taproom_owner') THEN
        CREATE ROLE taproom_owner;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'taproom_app') THEN
        CREATE ROLE taproom_app;
    END IF;
END
$$;

ALTER ROLE taproom_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE taproom_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;

-- After each checkpoint PostgreSQL writes pages in full into its log; of usage that comes in these
-- are a third of all that is written. Compressed (pglz, which each build has) they take half as much.
-- An administrator that is no superuser may have no right to set it: then the provider's settings do.
DO $$
BEGIN
    ALTER ROLE taproom_app SET wal_compression = on;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'wal_compression is left as it is: %', SQLERRM;
END
$$;

-- The template databases stay the superuser's, so that this file may be run there too.
-- Locks that programs agree on and large objects know no tenant: outside programs get neither.
DO $$
DECLARE
    found regprocedure;
BEGIN
    IF current_database() NOT IN ('template0', 'template1', 'postgres') THEN
        EXECUTE format('ALTER DATABASE %I OWNER TO taproom_owner', current_database());
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO taproom_app', current_database());
        FOR found IN
            SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
            AND proname ~ '^(pg_(try_)?advisory_|lo_(creat|from_bytea))'
        LOOP
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', found);
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO taproom_owner, taproom_app', found);
        END LOOP;
    END IF;
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM taproom_app;
GRANT USAGE ON SCHEMA public TO taproom_app;
GRANT USAGE, CREATE ON SCHEMA public TO taproom_owner;

ALTER DEFAULT PRIVILEGES FOR ROLE taproom_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO taproom_app;
ALTER DEFAULT PRIVILEGES FOR ROLE taproom_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO taproom_app;

-- The right to make roles is nearly a superuser's on PostgreSQL 15, so nobody gets it. A role made
-- here has the tenant in its name (the schema `clubs` reads it there) and can log in, no more;
-- `verifier` is a password as PostgreSQL keeps it, never the password itself.
CREATE SCHEMA IF NOT EXISTS taproom;
GRANT USAGE ON SCHEMA taproom TO taproom_owner;

CREATE OR REPLACE FUNCTION taproom.make_clubs_role(tenant uuid, verifier text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

CREATE OR REPLACE FUNCTION taproom.drop_clubs_role(tenant uuid)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'clubs_' || replace(tenant::text, '-', '');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('taproom_clubs_role', 0));
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = name;
    EXECUTE format('DROP OWNED BY %I', name);
    EXECUTE format('DROP ROLE %I', name);
END $$;

ALTER FUNCTION taproom.make_clubs_role(uuid, text) OWNER TO CURRENT_USER;
ALTER FUNCTION taproom.drop_clubs_role(uuid) OWNER TO CURRENT_USER;
REVOKE ALL ON FUNCTION taproom.make_clubs_role(uuid, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION taproom.drop_clubs_role(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION taproom.make_clubs_role(uuid, text) TO taproom_owner;
GRANT EXECUTE ON FUNCTION taproom.drop_clubs_role(uuid) TO taproom_owner;
