"""Redis, queues, workers, beat and the clock."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from celery import current_app
from django.conf import settings
from django.db import connection
from redis.exceptions import RedisError

from core.doctor.checks import Finding, Visit, broken, fine, warning
from core.observe import gauges, heartbeat
from core.observe.counts import client

INSPECT_SECONDS = 2.0
MANY, TOO_MANY = 500, 5000
BEAT_LATE, GAUGES_LATE = 90, 300
CLOCK_OFF, CLOCK_WRONG = 2.0, 30.0

_START = "Start Valkey or Redis, and see that REDIS_URL leads to it. No money is lost meanwhile."
_WORKERS = "Start workers (docs/hosting.md says which); beat must run exactly once."


def look_at_redis(visit: Visit) -> Iterable[Finding]:
    """Judge the broker: reachable, and not one that throws messages away."""
    try:
        found = client().info()
    except (RedisError, OSError) as error:
        yield broken(f"does not answer ({type(error).__name__})", _START)
        return
    policy = str(found.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        yield warning(
            f"maxmemory-policy is {policy}: waiting jobs may be thrown away",
            "Set maxmemory-policy noeviction.",
        )
    yield fine(f"answers, {found.get('used_memory_human', '?')} in use")


def look_at_queues(visit: Visit) -> Iterable[Finding]:
    """Judge that each queue has a worker and that none grows."""
    try:
        waiting = {queue: int(str(client().llen(queue))) for queue in settings.QUEUE_NAMES}
    except (RedisError, OSError) as error:
        yield broken(f"cannot be seen without Redis ({type(error).__name__})", _START)
        return
    answers = current_app.control.inspect(timeout=INSPECT_SECONDS).active_queues() or {}
    served = [queue["name"] for queues in answers.values() for queue in queues]
    for name, count in waiting.items():
        yield from _queue(name, count, served.count(name))


def _queue(name: str, count: int, workers: int) -> Iterator[Finding]:
    told = f"{name}: {workers} {'worker' if workers == 1 else 'workers'}, {count} waiting"
    if not workers:
        yield broken(told, _WORKERS)
    elif count >= TOO_MANY:
        yield broken(told, f"Start more workers of the queue `{name}`; see what its log repeats.")
    elif count >= MANY:
        yield warning(told, f"Start more workers of the queue `{name}` if it stays so.")
    else:
        yield fine(told)


def look_at_beat(visit: Visit) -> Iterable[Finding]:
    """Judge by what beat's jobs left behind: the heartbeat and the counted rows."""
    try:
        seconds, (at, _) = heartbeat.age(now=visit.now), gauges.last()
    except (RedisError, OSError) as error:
        yield broken(f"cannot be seen without Redis ({type(error).__name__})", _START)
        return
    if seconds is None or seconds >= BEAT_LATE:
        told = "never came" if seconds is None else f"came {seconds:.0f} s ago"
        yield broken(f"the heartbeat {told}: forgotten work is not swept up", _WORKERS)
    else:
        yield fine(f"the heartbeat came {seconds:.0f} s ago")
    age = None if at is None else visit.now.timestamp() - at
    if age is None or age >= GAUGES_LATE:
        yield warning("rows were not counted for /metrics for 5 minutes", _WORKERS)


def look_at_clock(visit: Visit) -> Iterable[Finding]:
    """Compare this machine's clock with PostgreSQL's."""
    with connection.cursor() as cursor:
        before = time.time()
        cursor.execute("SELECT clock_timestamp()")
        theirs: datetime = cursor.fetchone()[0]
        after = time.time()
    yield judged_clock("PostgreSQL's", theirs, before, after)


def judged_clock(whose: str, theirs: datetime, before: float, after: float) -> Finding:
    """Return what a clock, asked between two moments of ours, says about ours."""
    stamp = theirs.astimezone(UTC).timestamp()
    off = max(before - stamp, stamp - after, 0.0)
    told = f"{off:.1f} s away from {whose}"
    mend = "Run a time daemon (chrony, systemd-timesyncd) on every machine."
    if off >= CLOCK_WRONG:
        return broken(f"{told}: signatures of webhooks and sessions stop to fit", mend)
    return warning(told, mend) if off >= CLOCK_OFF else fine(told)
