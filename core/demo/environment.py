"""The environment that every process of the demo gets: one place, so that no two differ."""

import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.fernet import Fernet

from core.demo.layout import Layout, read_json, write_json, write_private

# What a caller's shell may hold that would make our Python start differently.
UNWANTED = frozenset(
    {
        "DATABASE_OWNER_URL",  # given only to commands that need it
        "DJANGO_SETTINGS_MODULE",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PYTHONWARNINGS",
    }
)
MARKER = "TAPROOM_DEMO"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """Where everything is."""

    web: str
    database_app: str
    database_owner: str
    redis: str
    stripe_api_base: str
    shop: str
    sandbox: str


def keys(layout: Layout) -> dict[str, str]:
    """Return the secrets of this demo; they are made at the first start and then kept."""
    found = read_json(layout.secrets)
    if not {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS"} <= found.keys():
        found = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        }
        write_json(layout.secrets, found)
    return {name: str(value) for name, value in found.items()}


def demo_settings(layout: Layout, addresses: Addresses) -> dict[str, str]:
    """Return the variables that Taproom's settings read, without the owner's address."""
    made = {
        **keys(layout),
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
        "LOG_FORMAT": "console",
        "PUBLIC_URL": addresses.web,
        "STATIC_FROM_SOURCE": "1",
        "WEBHOOKS_TO_LOOPBACK": "1",
    }
    given = {name: os.environ[name] for name in made if os.environ.get(name)}
    return {
        **made,
        **given,
        "DATABASE_URL": addresses.database_app,
        "REDIS_URL": addresses.redis,
        "SHOP_URL": addresses.shop,
        "STRIPE_API_BASE": addresses.stripe_api_base,
        **_mail(addresses),
    }


def _mail(addresses: Addresses) -> dict[str, str]:
    """Return where letters go: to the sandbox's page, unless the caller has a mail server."""
    if os.environ.get("EMAIL_URL") or not addresses.sandbox:
        return {}
    return {"MAIL_INTAKE_URL": f"{addresses.sandbox}/mail"}


def child_environment(layout: Layout, addresses: Addresses, *, marker: str) -> dict[str, str]:
    """Return the whole environment of a child that serves or works."""
    return {
        **_inherited(os.environ),
        **demo_settings(layout, addresses),
        "NO_COLOR": "1",  # it writes to a file
        "PYTHONUNBUFFERED": "1",
        "PYTHON_COLORS": "0",
        MARKER: marker,
    }


def owner_environment(layout: Layout, addresses: Addresses, *, marker: str) -> dict[str, str]:
    """Return the environment of a command that may change tables."""
    return {
        **child_environment(layout, addresses, marker=marker),
        "DATABASE_OWNER_URL": addresses.database_owner,
    }


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Keep the caller's variables except those that change Python or send us to a proxy."""
    kept = {name: value for name, value in environ.items() if name not in UNWANTED}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, [kept.get(name), HOST, "localhost"]))
    return kept


def write_environment(layout: Layout, addresses: Addresses) -> None:
    """Leave the settings for `run.py manage ...`, one shell-quoted NAME=value a line."""
    settings = demo_settings(layout, addresses)
    settings["DATABASE_OWNER_URL"] = addresses.database_owner
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(settings.items())]
    write_private(layout.environment, "".join(lines))
