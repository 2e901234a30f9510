"""The web entry: `granian --interface wsgi config.wsgi:application`."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from core.database_role import refuse_unsafe_role_at_start  # noqa: E402 - needs the apps

refuse_unsafe_role_at_start()

# What is loaded now stays for ever: the garbage collector need not walk through it for each request
# that makes many objects, nor begin anew after each few hundred of them.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
