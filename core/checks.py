"""System checks: refuse bad configuration at start, in words that say how to mend it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from core.database_role import unsafe_reason


@register(Tags.security)
def check_encryption_keys(**kwargs: Any) -> list[CheckMessage]:
    """Demand Fernet keys that can be read: without them no secret could be."""
    if not settings.FIELD_ENCRYPTION_KEYS:
        return [
            Error(
                "FIELD_ENCRYPTION_KEYS is empty.",
                hint="Make one with: python -c 'from cryptography.fernet import Fernet; "
                "print(Fernet.generate_key().decode())'",
                id="taproom.E001",
            )
        ]
    try:
        for key in settings.FIELD_ENCRYPTION_KEYS:
            Fernet(key)
    except ValueError:
        return [
            Error(
                "FIELD_ENCRYPTION_KEYS has an entry that is not a Fernet key.",
                hint="Keys are 32 bytes in URL-safe base64, separated by commas, newest first.",
                id="taproom.E002",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_public_url(**kwargs: Any) -> list[CheckMessage]:
    """Warn of a public address without TLS: cookies and payment pages would travel in clear."""
    if settings.IS_HTTPS:
        return []
    return [
        checks.Warning(
            f"PUBLIC_URL is {settings.PUBLIC_URL}, without TLS.",
            hint="Set PUBLIC_URL to the https:// address that customers and Stripe use.",
            id="taproom.W001",
        )
    ]


@register()
def check_error_reports(**kwargs: Any) -> list[CheckMessage]:
    """Warn of a DSN that nothing is sent to, so that nobody waits for reports."""
    if not settings.SENTRY_DSN or find_spec("sentry_sdk") is not None:
        return []
    return [
        checks.Warning(
            "SENTRY_DSN is set, but the package sentry-sdk is missing: no error is reported.",
            hint="Install sentry-sdk beside Taproom, or leave SENTRY_DSN empty.",
            id="taproom.W002",
        )
    ]


@register(Tags.database)
def check_database_role(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a serving role that row-level security does not bind."""
    databases = kwargs.get("databases")
    if not databases or "default" not in databases:
        return []
    reason = unsafe_reason(connections["default"])
    return [Error(reason, id="taproom.E003")] if reason else []
