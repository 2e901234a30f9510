-- The role that makes backups: it reads every row of every company, and writes none.
-- Run it as a superuser, in the database, after deploy/roles.sql; running it again changes nothing.
-- Row-level security is forced on the owner too, so that pg_dump as taproom_owner stops with an
-- error. Keep this role's password on the machine that makes backups and nowhere else.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'taproom_backup') THEN
        CREATE ROLE taproom_backup;
    END IF;
END
$$;

ALTER ROLE taproom_backup LOGIN BYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE taproom_backup SET default_transaction_read_only = on;
GRANT pg_read_all_data TO taproom_backup;

DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO taproom_backup', current_database());
END
$$;
