#!/bin/sh
# Restore a dump of backup.sh into a database that does not exist yet.
# usage: restore.sh DUMP DATABASE      SUPERUSER_URL: the server's database `postgres` as superuser
# Roles that are missing are made without passwords: set those of taproom_owner and taproom_app
# afterwards, and those of outside programs with manage.py clubs_sql_role.
set -eu

dump=${1:?usage: restore.sh DUMP DATABASE}
database=${2:?usage: restore.sh DUMP DATABASE}
url=${SUPERUSER_URL:?the address of the database postgres as superuser}
here=$(dirname "$0")
# The same server, another database.
target=$(printf '%s' "$url" | sed -E "s|/postgres([?]\|\$)|/$database\1|")

run() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }

run --file "$here/roles.sql" "$url"
# Roles of outside programs; those that are there already stay as they are.
sed -n 's/^CREATE ROLE \(clubs_[0-9a-f]\{32\}\);$/\1/p' "${dump%.dump}.roles.sql" |
    while read -r role; do
        run --command "DO \$\$ BEGIN CREATE ROLE $role; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$" "$url"
    done
grep -E '^ALTER ROLE clubs_[0-9a-f]{32} ' "${dump%.dump}.roles.sql" | run "$url"
run --command "CREATE DATABASE \"$database\" TEMPLATE template0 ENCODING UTF8" "$url"
pg_restore --exit-on-error --no-password --dbname "$target" "$dump"
# What a dump does not hold: who may connect, and what outside programs may not call.
run --file "$here/roles.sql" "$target"
echo "$database is restored"
