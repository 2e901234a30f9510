#!/bin/sh
# Dump the database of Taproom into a directory: DIRECTORY/taproom-TIME.dump and .roles.sql.
# usage: backup.sh DIRECTORY      BACKUP_DATABASE_URL: the address as taproom_backup
# A dump that did not end well is never given its final name. KEEP_DAYS (35) later it is deleted.
set -eu
umask 077

directory=${1:?usage: backup.sh DIRECTORY}
url=${BACKUP_DATABASE_URL:?the address of the database as taproom_backup}
mkdir -p "$directory"
name=$directory/taproom-$(date -u +%Y%m%dT%H%M%SZ)

pg_dump --format custom --no-password --file "$name.dump.unfinished" "$url"
pg_restore --list "$name.dump.unfinished" | grep -q 'TABLE DATA public payments_payment '
pg_dumpall --roles-only --no-role-passwords --no-password --file "$name.roles.sql" --dbname "$url"
mv "$name.dump.unfinished" "$name.dump"
find "$directory" -name 'taproom-*' -type f -mtime +"${KEEP_DAYS:-35}" -delete
echo "$name.dump"
