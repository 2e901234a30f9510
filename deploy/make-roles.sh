#!/bin/sh
# Run by the PostgreSQL image when it makes its data directory: the roles, then their passwords.
set -eu

as_superuser() {
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}

as_superuser --file /taproom/roles.sql
as_superuser --set owner="$OWNER_DATABASE_PASSWORD" --set app="$APP_DATABASE_PASSWORD" <<'SQL'
ALTER ROLE taproom_owner PASSWORD :'owner';
ALTER ROLE taproom_app PASSWORD :'app';
SQL
