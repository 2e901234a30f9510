#!/bin/sh
# Run a management command with the settings of the services: taproom-manage doctor
# As root it runs as the user taproom, after reading the files named in TAPROOM_ENV.
set -eu
set -a
for file in ${TAPROOM_ENV:-/etc/taproom/taproom.env}; do
    # shellcheck source=/dev/null
    . "$file"
done
set +a
cd "${TAPROOM_HOME:-/opt/taproom}/app"
python=${TAPROOM_HOME:-/opt/taproom}/venv/bin/python
if [ "$(id -u)" -eq 0 ]; then
    exec runuser -u taproom -- "$python" manage.py "$@"
fi
exec "$python" manage.py "$@"
