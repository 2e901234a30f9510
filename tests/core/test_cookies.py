"""Cookies of people who signed in, as a site with a certificate gives them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PRINT = """
import json
from django.conf import settings as s
print(json.dumps([s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE,
                  s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY,
                  s.SESSION_COOKIE_PATH, s.SESSION_COOKIE_DOMAIN]))
"""


@pytest.mark.parametrize(
    ("scheme", "names", "secure"),
    [
        ("https", ["__Host-sessionid", "__Host-csrftoken"], True),
        ("http", ["sessionid", "csrftoken"], False),
    ],
)
def test_session_cookies_are_bound_to_this_host_under_tls(
    scheme: str, names: list[str], secure: bool
) -> None:
    env = {
        **os.environ,
        "PUBLIC_URL": f"{scheme}://taproom.example",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }

    told = subprocess.run(
        [sys.executable, "-c", PRINT], env=env, capture_output=True, text=True, check=True
    )

    assert json.loads(told.stdout) == [*names, secure, secure, True, True, "/", None]
