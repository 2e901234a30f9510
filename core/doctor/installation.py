"""Settings: secrets, addresses, proxies, mail, and what guards the back office."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings

from core.doctor.checks import Finding, Visit, broken, fine, warning

SHORTEST_KEY = 50
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def look_at_secrets(visit: Visit) -> Iterable[Finding]:
    """Judge the secrets without showing them."""
    key, keys = settings.SECRET_KEY, settings.FIELD_ENCRYPTION_KEYS
    if len(key) < SHORTEST_KEY or len(set(key)) < 5 or key.startswith("django-insecure-"):
        yield broken(
            "SECRET_KEY is short or guessable: whoever guesses it can sign in as anybody",
            "Set a random text of 50 characters or more; everybody signs in again.",
        )
    else:
        yield fine("SECRET_KEY is long")
    yield from _encryption_keys(keys)


def _encryption_keys(keys: list[str]) -> Iterator[Finding]:
    make = "Make one as docs/configuration.md says; keep the old ones after it in the list."
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        yield broken("FIELD_ENCRYPTION_KEYS has an entry that is no Fernet key", make)
        return
    if not keys:
        yield broken("FIELD_ENCRYPTION_KEYS is empty: no stored secret can be read", make)
    elif len(keys) > 1:
        yield warning(
            f"FIELD_ENCRYPTION_KEYS has {len(keys)} keys: a rotation is not finished",
            "Run manage.py rotate_encryption; when it ends without errors, drop the old keys.",
        )
    else:
        yield fine("FIELD_ENCRYPTION_KEYS has one key")


def look_at_addresses(visit: Visit) -> Iterable[Finding]:
    """Judge what browsers, proxies and Stripe need to find their way."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if settings.IS_HTTPS:
        yield fine(f"PUBLIC_URL is {settings.PUBLIC_URL}")
    elif host in LOOPBACK:
        yield fine(f"PUBLIC_URL is {settings.PUBLIC_URL}, for this machine alone")
    else:
        yield broken(
            f"PUBLIC_URL is {settings.PUBLIC_URL}, without TLS: cookies travel in clear",
            "Put a proxy with a certificate in front and set PUBLIC_URL to https://.",
        )
    yield from _hosts(host)
    if settings.IS_HTTPS and settings.TRUSTED_PROXY_COUNT == 0:
        yield warning(
            "PUBLIC_URL is https, but TRUSTED_PROXY_COUNT is 0: requests that a proxy passes on "
            "in clear are redirected for ever, and every client has the proxy's address",
            "Set TRUSTED_PROXY_COUNT to the number of proxies in front, mostly 1.",
        )


def _hosts(host: str) -> Iterator[Finding]:
    allowed = settings.ALLOWED_HOSTS
    if "*" in allowed:
        yield broken("ALLOWED_HOSTS allows every name", "List your own host names.")
    elif host not in allowed and not any(
        name.startswith(".") and f".{host}".endswith(name) for name in allowed
    ):
        yield broken(
            f"ALLOWED_HOSTS does not hold {host}, the host of PUBLIC_URL: it is refused",
            "Add it, or leave ALLOWED_HOSTS out.",
        )
    else:
        yield fine("ALLOWED_HOSTS holds the host of PUBLIC_URL")


def look_at_guards(visit: Visit) -> Iterable[Finding]:
    """Judge what a demo may do without and a company may not."""
    is_public = urlsplit(settings.PUBLIC_URL).hostname not in LOOPBACK
    if settings.DEBUG:
        found = broken if is_public else warning
        yield found("DEBUG is on: error pages show settings and rows", "Set DEBUG to false.")
    if not is_public:
        yield fine("an installation for this machine alone: mail and second factor not judged")
        return
    if not settings.MFA_REQUIRED:
        yield warning(
            "MFA_REQUIRED is off: a stolen password opens the back office",
            "Set MFA_REQUIRED to true.",
        )
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        yield warning("mail is printed, not sent", "Set EMAIL_URL to your mail server.")
    if not settings.METRICS_TOKEN:
        yield warning("nobody but this machine can read /metrics", "Set METRICS_TOKEN.")
    if settings.SENTRY_DSN and find_spec("sentry_sdk") is None:
        yield warning(
            "SENTRY_DSN is set, but no error is reported: sentry-sdk is missing",
            "Install the extra `sentry`, or leave SENTRY_DSN empty.",
        )
    if settings.WEBHOOKS_TO_LOOPBACK:
        yield broken(
            "WEBHOOKS_TO_LOOPBACK is on: outgoing webhooks may reach this machine's own ports",
            "Leave WEBHOOKS_TO_LOOPBACK out.",
        )
    yield fine("DEBUG, second factor, mail, metrics and webhooks were looked at")
