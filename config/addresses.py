"""Turn the addresses of the environment into what each library wants to be given."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

# So many uses of a statement that psycopg prepares none by itself, but those it is asked to.
ONLY_WHEN_ASKED = 2**31 - 1


def database(url: str, *, prepared: bool = True) -> dict[str, Any]:
    """Return Django's settings for `postgresql://role:password@host:port/name?host=/socket/dir`.

    Connections persist, since opening one costs more than most requests; each is checked before
    its first use in a request, so that a restarted server is not met with an error. `prepared`:
    statements may be prepared, which a pooler between us and PostgreSQL must know how to follow.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL must be a postgresql:// address, not {parts.scheme!r}")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "core.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            "prepare_threshold": ONLY_WHEN_ASKED if prepared else None,
            **query,
        },
    }


def celery_broker_url(redis_url: str) -> str:
    """Return the broker address: Celery spells a socket `redis+socket:///path?virtual_host=0`."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={number}"
