#!/bin/sh
# Make the secrets of an installation and the files that hold them. It never overwrites one.
# usage: make-env.sh https://taproom.example      TAPROOM_ETC: where to (/etc/taproom)
set -eu

public_url=${1:?usage: make-env.sh https://taproom.example}
directory=${TAPROOM_ETC:-/etc/taproom}
python=${PYTHON:-/opt/taproom/venv/bin/python}
for name in taproom owner backup; do
    if [ -e "$directory/$name.env" ]; then
        echo "$directory/$name.env is there already: its secrets are in use" >&2
        exit 1
    fi
done

secret() { "$python" -c 'import secrets; print(secrets.token_hex(32))'; }
app=$(secret) owner=$(secret) backup=$(secret)
umask 027
cat > "$directory/taproom.env" <<ENV
SECRET_KEY=$("$python" -c 'import secrets; print(secrets.token_urlsafe(64))')
FIELD_ENCRYPTION_KEYS=$("$python" -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')
PUBLIC_URL=$public_url
TRUSTED_PROXY_COUNT=1
DATABASE_URL=postgresql://taproom_app:$app@127.0.0.1:5432/taproom
REDIS_URL=redis://127.0.0.1:6379/0
STRIPE_LIVE_MODE=false
MFA_REQUIRED=true
METRICS_TOKEN=$(secret)
STATIC_ROOT=/var/lib/taproom/static
# Where mail goes, such as smtp+tls://user:password@mail.example:587
EMAIL_URL=consolemail://
ENV
umask 077
echo "DATABASE_OWNER_URL=postgresql://taproom_owner:$owner@127.0.0.1:5432/taproom" > "$directory/owner.env"
echo "BACKUP_DATABASE_URL=postgresql://taproom_backup:$backup@127.0.0.1:5432/taproom" > "$directory/backup.env"
cat > "$directory/passwords.sql" <<SQL
ALTER ROLE taproom_owner PASSWORD '$owner';
ALTER ROLE taproom_app PASSWORD '$app';
ALTER ROLE taproom_backup PASSWORD '$backup';
SQL
# The services' group reads its file; the other two are root's, and systemd reads them as root.
if [ "$(id -u)" -eq 0 ]; then chgrp taproom "$directory/taproom.env"; fi
echo "made taproom.env, owner.env, backup.env and passwords.sql in $directory"
