"""One pace for all processes: calls to an outside server at no more than a rate.

Generic cell rate algorithm in Redis: each bucket is a moment from which on the next call is on
time. A call takes its place in all its buckets or in none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import redis
from django.conf import settings

from core.outage import Outage

# KEYS: pauses, then buckets. ARGV: the burst, the number of pauses, each bucket's interval in µs.
# Answers the µs to wait; takes a place in all buckets only when that is 0.
_TAKE = """
local pauses = tonumber(ARGV[2])
local held = 0
for i = 1, pauses do held = math.max(held, redis.call('PTTL', KEYS[i])) end
if held > 0 then return held * 1000 end
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local wait, due = 0, {}
for i = pauses + 1, #KEYS do
    local interval = tonumber(ARGV[i - pauses + 2])
    local at = math.max(tonumber(redis.call('GET', KEYS[i]) or 0), now)
    due[i] = at + interval
    wait = math.max(wait, at - now - interval * tonumber(ARGV[1]))
end
if wait > 0 then return math.ceil(wait) end
for i = pauses + 1, #KEYS do
    redis.call('SET', KEYS[i], string.format('%d', due[i]), 'PX', 10000)
end
return 0
"""
# KEYS: pause, strikes. ARGV: seconds asked for (or 0), the first pause, the longest one, and for
# how long strikes are remembered, in ms. While the pause lasts nothing is added: many processes
# are refused at the same moment, and that is one strike.
_STRIKE = """
local held = redis.call('PTTL', KEYS[1])
local asked = tonumber(ARGV[1])
if held > 0 and held >= asked then return held end
local longest = tonumber(ARGV[3])
local strikes = redis.call('GET', KEYS[2]) or 0
if held <= 0 then
    strikes = redis.call('INCR', KEYS[2])
    redis.call('PEXPIRE', KEYS[2], tonumber(ARGV[4]))
    redis.call('DEL', KEYS[2] .. ':passed')
end
local pause = math.min(longest, tonumber(ARGV[2]) * 2 ^ math.max(0, tonumber(strikes) - 1))
pause = math.floor(math.max(1, math.min(longest, math.max(pause, asked))))
redis.call('SET', KEYS[1], 1, 'PX', pause)
return pause
"""
# KEYS: strikes. ARGV: after how many calls in a row that went well they are forgotten. Another
# refusal begins the counting anew, because it writes the strikes again.
_RELIEVE = """
local cleared = 0
for i = 1, #KEYS do
    if redis.call('EXISTS', KEYS[i]) == 1 then
        local passed = KEYS[i] .. ':passed'
        if redis.call('INCR', passed) >= tonumber(ARGV[1]) then
            redis.call('DEL', KEYS[i], passed)
            cleared = cleared + 1
        else
            redis.call('EXPIRE', passed, 600)
        end
    end
end
return cleared
"""
BURST = 5
# While Redis is down each process goes at this part of the rate: neither open nor at a halt.
LOCAL_SHARE = 4
# Nobody waits longer at once, so that a pause that began meanwhile is heeded.
LONGEST_SLEEP = 1.0


class Buckets:
    """Buckets in Redis. Its errors are the caller's to judge."""

    def __init__(self) -> None:
        self._redis = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5
        )
        self._take = self._redis.register_script(_TAKE)
        self._strike = self._redis.register_script(_STRIKE)
        self._relieve = self._redis.register_script(_RELIEVE)

    def take(self, *pauses: str, rates: Mapping[str, float], burst: float = BURST) -> float:
        """Take a place in each bucket (name: calls a second); returns 0, or seconds to wait.

        `burst`: how many calls ahead of its rate a bucket may be. Callers with a smaller one give
        way to those with a larger one, who share the same buckets.
        """
        intervals = [int(1_000_000 / rate) for rate in rates.values()]
        answer = self._take(keys=[*pauses, *rates], args=[burst, len(pauses), *intervals])
        return int(answer) / 1_000_000

    def pause(self, key: str, seconds: float) -> None:
        """Hold back all calls that name this key."""
        self._redis.set(key, 1, px=max(1, int(seconds * 1000)))

    def strike(
        self, key: str, *, asked: float, first: float, longest: float, remembered: float
    ) -> float:
        """Hold back all calls that name this key, each time for twice as long; returns seconds.

        `asked`: what the other side wants at least, 0 if it does not say.
        """
        numbers = [int(seconds * 1000) for seconds in (asked, first, longest, remembered)]
        return int(self._strike(keys=[key, f"{key}:strikes"], args=numbers)) / 1000

    def relieve(self, *keys: str, after: int) -> int:
        """Count a call that went well; `after` so many in a row, strikes of these are forgotten.

        So pauses grow while the other side refuses again and again, and not because one call in
        twenty is refused. Returns how many keys had their strikes forgotten.
        """
        return int(self._relieve(keys=[f"{key}:strikes" for key in keys], args=[after]))

    def held(self, key: str) -> float:
        """Return for how many seconds calls that name this key are held back; 0 if they are not."""
        left: Any = self._redis.pttl(key)
        return max(0, int(left)) / 1000


class Pace:
    """Lets calls pass at `per_second`, all processes together; safe for threads."""

    def __init__(self, name: str, *, per_second: float) -> None:
        self._key = f"taproom:pace:{name}"
        self._rate = per_second
        self._buckets = Buckets()
        self._outage = Outage(began="pace_is_local", ended="pace_is_shared_again")
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._held_until = 0.0

    def wait_for_turn(self, *, seconds: float) -> bool:
        """Return True at this call's turn, or False when that is more than `seconds` away."""
        deadline = time.monotonic() + seconds
        while wait := self._ask():
            if time.monotonic() + wait > deadline:
                return False
            time.sleep(min(wait, LONGEST_SLEEP))
        return True

    def pause(self, seconds: float) -> None:
        """Hold all calls back for a while: the other side asked for it, or is away."""
        self._held_until = time.monotonic() + seconds
        try:
            self._buckets.pause(f"{self._key}:pause", seconds)
        except redis.RedisError as error:
            self._outage.begin(error)

    def _ask(self) -> float:
        if self._outage.is_over():
            try:
                wait = self._buckets.take(f"{self._key}:pause", rates={self._key: self._rate})
            except redis.RedisError as error:
                self._outage.begin(error)
            else:
                self._outage.end()
                return wait
        return self._ask_locally()

    def _ask_locally(self) -> float:
        with self._lock:
            now = time.monotonic()
            wait = max(self._next_at, self._held_until) - now
            if wait > 0:
                return wait
            self._next_at = now + LOCAL_SHARE / self._rate
            return 0.0
