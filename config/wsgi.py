"""The web entry: `granian --interface wsgi config.wsgi:application`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from core.database_role import refuse_unsafe_role_at_start  # noqa: E402 - needs the apps

refuse_unsafe_role_at_start()
