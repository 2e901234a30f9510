"""One rate limiter for all processes, so that many workers stay within Stripe's limits.

Generic cell rate algorithm in Redis: a bucket for the whole account and one for each endpoint
(Stripe, "Rate limits": each endpoint 25 requests a second, 100 in all live, 25 in a sandbox).
"""

from __future__ import annotations

import time

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

# KEYS: pause, account bucket, endpoint bucket. ARGV: the two intervals and the burst, in µs.
# Answers the µs to wait; takes a place in both buckets only when that is 0.
_TAKE = """
local pause = redis.call('PTTL', KEYS[1])
if pause > 0 then return pause * 1000 end
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local wait, due = 0, {}
for i = 1, 2 do
    local interval = tonumber(ARGV[i])
    local at = math.max(tonumber(redis.call('GET', KEYS[i + 1]) or 0), now)
    due[i] = at + interval
    wait = math.max(wait, at - now - interval * tonumber(ARGV[3]))
end
if wait > 0 then return math.ceil(wait) end
for i = 1, 2 do
    redis.call('SET', KEYS[i + 1], string.format('%d', due[i]), 'PX', 10000)
end
return 0
"""
BURST = 5


class Limiter:
    """Lets calls of one Stripe account pass at the allowed rate."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._redis = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5
        )
        self._take = self._redis.register_script(_TAKE)

    def wait_for_turn(self, endpoint: str, *, seconds: float) -> bool:
        """Return True at this call's turn, or False when that is more than `seconds` away.

        Without Redis calls pass: Stripe's own limiter still stands, and a 429 is repeated.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                wait = self._ask(endpoint)
            except redis.RedisError as error:
                log.warning("rate_limiter_unreachable", error=type(error).__name__)
                return True
            if wait == 0:
                return True
            if time.monotonic() + wait > deadline:
                return False
            time.sleep(wait)

    def _ask(self, endpoint: str) -> float:
        prefix = f"taproom:stripe:{self._account}"
        answer = self._take(
            keys=[f"{prefix}:pause", prefix, f"{prefix}:{endpoint}"],
            args=[
                1_000_000 // settings.STRIPE_RATE_GLOBAL,
                1_000_000 // settings.STRIPE_RATE_PER_ENDPOINT,
                BURST,
            ],
        )
        return int(answer) / 1_000_000

    def pause(self, seconds: float) -> None:
        """Hold all calls of the account back, because Stripe answered 429."""
        try:
            self._redis.set(f"taproom:stripe:{self._account}:pause", 1, px=int(seconds * 1000))
        except redis.RedisError as error:
            log.warning("rate_limiter_unreachable", error=type(error).__name__)
