"""Whether this process can do its work: each part it needs, asked at the same time.

Every part has the same short time, since a balancer that waits for a probe is one more outage.
What is told is made for people and names no address and no secret.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic

from django.db import Error as DatabaseError
from django.db import connection
from redis.exceptions import RedisError

from core.observe import heartbeat, pending_migrations
from core.observe.counts import client

TIME_LIMIT_SECONDS = 1.5
BEAT_AT_LEAST_EVERY_SECONDS = 90

# A part that hangs keeps its thread until its own time-out; the rest are enough for later probes.
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="readiness")


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is needed, and how it is."""

    is_ok: bool
    detail: str


def check(*, now: datetime) -> dict[str, Part]:
    """Return all parts by name, within TIME_LIMIT_SECONDS."""
    asked = {name: _pool.submit(look) for name, look in _looks(now).items()}
    ends = monotonic() + TIME_LIMIT_SECONDS
    parts = {}
    for name, future in asked.items():
        try:
            parts[name] = future.result(timeout=max(0.0, ends - monotonic()))
        except OutOfTime:
            parts[name] = Part(is_ok=False, detail="does not answer in time")
    return parts


def _looks(now: datetime) -> dict[str, Callable[[], Part]]:
    return {
        "database": partial(_of_database, _look_at_database),
        "redis": _look_at_redis,
        "migrations": partial(_of_database, _look_at_migrations),
        "beat": partial(_look_at_beat, now),
    }


def _of_database(look: Callable[[], Part]) -> Part:
    """Run a look on this thread's own connection, and close it: threads of a pool live on."""
    try:
        return look()
    except DatabaseError as error:
        return Part(is_ok=False, detail=f"does not answer ({type(error).__name__})")
    finally:
        connection.close()


def _look_at_database() -> Part:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Part(is_ok=True, detail="answers")


def _look_at_migrations() -> Part:
    count = pending_migrations.count()
    if count:
        return Part(is_ok=False, detail=f"{count} not applied; run manage.py migrate")
    return Part(is_ok=True, detail="all applied")


def _look_at_redis() -> Part:
    try:
        client().ping()
    except (RedisError, OSError) as error:
        return Part(is_ok=False, detail=f"does not answer ({type(error).__name__})")
    return Part(is_ok=True, detail="answers")


def _look_at_beat(now: datetime) -> Part:
    try:
        seconds = heartbeat.age(now=now)
    except (RedisError, OSError):
        return Part(is_ok=False, detail="cannot be seen without Redis")
    if seconds is None:
        return Part(is_ok=False, detail="never came; are beat and a worker running?")
    is_ok = seconds < BEAT_AT_LEAST_EVERY_SECONDS
    advice = "" if is_ok else "; are beat and a worker running?"
    return Part(is_ok=is_ok, detail=f"{seconds:.0f} s ago{advice}")
