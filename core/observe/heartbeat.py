"""The heartbeat: proof that beat, broker and a worker are alive, all three at once."""

from __future__ import annotations

from datetime import datetime

from core.observe.counts import client

_KEY = "taproom:heartbeat"


def beat(*, now: datetime) -> None:
    """Note that a worker ran what beat sent."""
    client().set(_KEY, now.timestamp())


def age(*, now: datetime) -> float | None:
    """Return the seconds since the last beat; None if there never was one. Raises RedisError."""
    raw = client().get(_KEY)
    return None if raw is None else max(0.0, now.timestamp() - float(str(raw)))
