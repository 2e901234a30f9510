"""Limits on how often somebody may ask, counted for all processes together in Redis.

django-ratelimit counts; this wraps it, since with Django's Redis cache it raises when Redis is
down. Then each process counts for itself with a lower limit: neither open nor an error.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from core.outage import Outage

# While Redis is down each process allows this part of the limit, at least one.
LOCAL_SHARE = 4
# Windows that one process keeps while Redis is down; more callers share what they have.
_MOST_WINDOWS = 10_000

_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one more is allowed; `retry_after` and `reset` are seconds, whole and positive."""

    is_allowed: bool
    limit: int
    remaining: int
    reset: int

    @property
    def retry_after(self) -> int:
        """How long to wait before asking again."""
        return max(1, self.reset)


def split_rate(rate: str) -> tuple[int, int]:
    """Return count and seconds of a rate such as `600/m`; raises ValueError for another shape."""
    count, _, period = rate.partition("/")
    if period not in _PERIODS or not count.isdecimal() or int(count) < 1:
        raise ValueError(f"{rate!r} is not a rate such as '600/m' (s, m, h or d)")
    return int(count), _PERIODS[period]


def limit(group: str, key: str, rate: str) -> Verdict:
    """Count one try of `key` in `group` and say whether `rate` (such as `60/m`) allows it.

    Never raises for Redis: without it, this process's own smaller window decides.
    """
    if _outage.is_over():
        try:
            usage = get_usage(None, group=group, key=_returning(key), rate=rate, increment=True)
        except (RedisError, OSError) as error:
            _outage.begin(error)
        else:
            _outage.end()
            return _verdict(usage)
    return _local.count(f"{group}:{key}", *split_rate(rate))


def _returning(value: str) -> Callable[[str, Any], str]:
    return lambda group, request: value


def _verdict(usage: dict[str, Any] | None) -> Verdict:
    if usage is None:  # RATELIMIT_ENABLE is off
        return Verdict(is_allowed=True, limit=0, remaining=0, reset=0)
    return Verdict(
        is_allowed=not usage["should_limit"],
        limit=usage["limit"],
        remaining=max(0, usage["limit"] - usage["count"]),
        reset=max(0, usage["time_left"]),
    )


class _LocalWindows:
    """Fixed windows of one process; safe for threads, bounded in size."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}
        self._tidied_at = 0.0

    def count(self, key: str, count: int, seconds: int) -> Verdict:
        most = max(1, count // LOCAL_SHARE)
        now = time.monotonic()
        with self._lock:
            place = self._place(key, now)
            ends, used = self._windows.get(place, (0.0, 0))
            if ends <= now:
                ends, used = now + seconds, 0
            self._windows[place] = (ends, used + 1)
        return Verdict(
            is_allowed=used < most,
            limit=most,
            remaining=max(0, most - used - 1),
            reset=int(ends - now) + 1,
        )

    def _place(self, key: str, now: float) -> str:
        """Return the key, or one that all share once too many windows are open."""
        if key in self._windows or len(self._windows) < _MOST_WINDOWS:
            return key
        if self._tidied_at < now - 1:
            self._tidied_at = now
            self._windows = {k: window for k, window in self._windows.items() if window[0] > now}
        return key if len(self._windows) < _MOST_WINDOWS else "*"


_outage = Outage(began="rate_limits_are_local", ended="rate_limits_are_shared_again")
_local = _LocalWindows()


def client_address(request: HttpRequest) -> str:
    """Return the address a request comes from, as far as it can be believed.

    Behind TRUSTED_PROXY_COUNT proxies that is the entry that the outermost of them wrote: that
    many from the right of X-Forwarded-For. What stands further left was sent by the client and
    proves nothing. A malformed or too short header falls back to the connection's own address;
    a connection over a Unix socket has none and counts as 0.0.0.0.
    """
    own = _address(request.META.get("REMOTE_ADDR", "")) or "0.0.0.0"  # noqa: S104 - no bind
    count = settings.TRUSTED_PROXY_COUNT
    if count < 1:
        return own
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return (_address(entries[-count]) if len(entries) >= count else None) or own


def _address(text: str) -> str | None:
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def address_key(request: HttpRequest) -> str:
    """Return the key for limits by address; an IPv6 caller owns a /64, so that counts as one."""
    address = client_address(request)
    if ":" not in address:
        return f"address:{address}"
    network = ipaddress.ip_network(f"{address}/64", strict=False)
    return f"address:{network.network_address}"
