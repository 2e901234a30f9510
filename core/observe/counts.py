"""Counters and durations that all processes share, on however many machines, kept in Redis.

Files shared by the processes of one machine would miss workers elsewhere and mix up containers,
in which process ids repeat. A process collects what it counts and sends it once a second, so that
no request waits for it; one that is killed loses that second.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import cast

import redis
from django.conf import settings
from redis.exceptions import RedisError

from core.outage import Outage

_PREFIX = "taproom:metrics:"
# Upper bounds in seconds; what took longer falls into +Inf.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

SEND_AFTER_SECONDS = 1.0

_outage = Outage(began="nothing_is_counted", ended="counting_again")


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, decode_responses=True, socket_connect_timeout=0.5, socket_timeout=0.5
    )


def client() -> redis.Redis:
    """Return a client of the Redis that broker and cache use too; it times out in half a second."""
    return _client(settings.REDIS_URL)


class _Tally:
    """What this process has counted and Redis has not heard of: amounts by metric and field."""

    def __init__(self) -> None:
        self.start_anew()

    def start_anew(self) -> None:
        """Forget everything; in a forked process, where the counts are still the parent's.

        Its lock may have been held, and its thread is not there.
        """
        self._lock = threading.Lock()
        self._amounts: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._is_timer_set = False

    def add(self, amounts: Mapping[tuple[str, str], float]) -> None:
        """Keep amounts, and have them sent soon, also when no request comes after this one."""
        with self._lock:
            for key, amount in amounts.items():
                self._amounts[key] += amount
            is_first, self._is_timer_set = not self._is_timer_set, True
        if is_first:
            timer = threading.Timer(SEND_AFTER_SECONDS, send)
            timer.daemon = True
            timer.start()

    def take(self) -> Mapping[tuple[str, str], float]:
        """Return what has to be sent, and forget it; the next `add` sets the timer again."""
        with self._lock:
            taken, self._amounts = self._amounts, defaultdict(float)
            self._is_timer_set = False
        return taken


_tally = _Tally()
os.register_at_fork(after_in_child=_tally.start_anew)


def count(name: str, labels: Iterable[str], seconds: float) -> None:
    """Count one more of `name` with these label values, and how long it took."""
    label = "|".join(part.replace("|", "/") for part in labels)
    _tally.add({(name, f"{label}|{bucket_of(seconds)}"): 1, (name, f"{label}|sum"): seconds})


def send() -> None:
    """Send what this process has counted; while Redis is down it is lost."""
    taken = _tally.take()
    if not taken or not _outage.is_over():
        return
    try:
        _add(taken)
    except (RedisError, OSError) as error:
        _outage.begin(error)
    else:
        _outage.end()


@atexit.register
def _send_the_last() -> None:
    """Send what is left when the process ends, when an outage is nothing to report any more."""
    with suppress(RedisError, OSError):
        _add(_tally.take())


def _add(amounts: Mapping[tuple[str, str], float]) -> None:
    pipeline = client().pipeline(transaction=False)
    for (name, field), amount in amounts.items():
        pipeline.hincrbyfloat(f"{_PREFIX}{name}", field, round(amount, 6))
    pipeline.execute()


def bucket_of(seconds: float) -> str:
    """Return the upper bound under which a duration is counted."""
    return next((str(bound) for bound in BUCKETS if seconds <= bound), "+Inf")


def read(name: str) -> dict[tuple[str, ...], dict[str, float]]:
    """Return label values to bucket counts and `sum`, this process' own included.

    Other processes' last second may be missing. Raises RedisError.
    """
    send()
    found: dict[tuple[str, ...], dict[str, float]] = {}
    raw = cast("Mapping[str, str]", client().hgetall(f"{_PREFIX}{name}"))
    for field, value in raw.items():
        *labels, part = field.split("|")
        found.setdefault(tuple(labels), {})[part] = float(value)
    return found
