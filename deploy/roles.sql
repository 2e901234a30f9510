-- The two roles of Taproom and what each may do in the database this file is run in.
-- Run it as a superuser; running it again changes nothing. Passwords are set elsewhere.
-- taproom_owner owns the tables and runs the migrations; taproom_app only reads and writes rows,
-- so that row-level security binds it. The owner may make roles: `manage.py clubs_sql_role` does.
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

ALTER ROLE taproom_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB CREATEROLE NOREPLICATION;
ALTER ROLE taproom_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;

-- The template databases stay the superuser's, so that this file may be run there too.
DO $$
BEGIN
    IF current_database() NOT IN ('template0', 'template1', 'postgres') THEN
        EXECUTE format('ALTER DATABASE %I OWNER TO taproom_owner', current_database());
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO taproom_app', current_database());
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
