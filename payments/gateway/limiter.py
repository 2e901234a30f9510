"""One rate limiter for all processes, so that many workers stay within Stripe's limits.

Buckets in Redis (core.pace): one for the whole account and one for each endpoint
(Stripe, "Rate limits": each endpoint 25 requests a second, 100 in all live, 25 in a sandbox).
Stripe's own buckets hold a second's worth of requests. All callers share ours, but may be ahead
of the rate by different parts of that second: what pushes in bulk never touch is there for the
customer at the checkout, and whatever customers take, bulk then waits for. After a 429 all wait
for what Stripe asks, or a second; only bulk waits longer each time, as nobody looks at it, until
a few of its calls in a row went well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from enum import Enum

import redis
import structlog
from django.conf import settings

from core.outage import Outage
from core.pace import LOCAL_SHARE, LONGEST_SLEEP, Buckets

log = structlog.get_logger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
# After this long without a 429 the next pause is a short one again.
REMEMBERED = 120.0
# So many calls in a row that went well tell the same sooner.
RELIEVED_AFTER = 3


class Rank(Enum):
    """Who calls: the part of a second's calls by which it may be ahead of the rate."""

    CUSTOMER = 0.6
    WORKER = 0.2
    BULK = 0.08


class Limiter:
    """Lets calls of one Stripe account pass at the allowed rate; safe for threads."""

    def __init__(self, account: str) -> None:
        self._prefix = f"taproom:stripe:{account}"
        self._buckets = Buckets()
        self._outage = Outage(began="rate_limiter_is_local", ended="rate_limiter_is_shared_again")
        self._lock = threading.Lock()
        self._next_at = 0.0

    def wait_for_turn(self, endpoint: str, *, rank: Rank, seconds: float) -> float:
        """Return 0 at this call's turn, or how long that is away when it is more than `seconds`.

        Without Redis calls pass, since Stripe's own limiter still stands and a 429 is repeated;
        only bulk goes at a part of the rate, as each process then reckons alone.
        """
        deadline = time.monotonic() + seconds
        while wait := self._ask(endpoint, rank):
            if time.monotonic() + wait > deadline:
                return wait
            time.sleep(min(wait, LONGEST_SLEEP))
        return 0.0

    def _ask(self, endpoint: str, rank: Rank) -> float:
        if self._outage.is_over():
            try:
                wait = self._buckets.take(
                    *self._pauses(endpoint, rank),
                    rates=self._rates(endpoint, rank),
                    burst=max(1.0, rank.value * self._slowest),
                )
            except redis.RedisError as error:
                self._outage.begin(error)
            else:
                self._outage.end()
                return wait
        return self._ask_locally() if rank is Rank.BULK else 0.0

    def _pauses(self, endpoint: str, rank: Rank) -> Iterator[str]:
        for key in (self._prefix, f"{self._prefix}:{endpoint}"):
            yield f"{key}:pause"
            if rank is Rank.BULK:
                yield f"{key}:bulk:pause"

    @property
    def _slowest(self) -> float:
        """The calls a second of the smaller bucket, of which all ranks have their parts."""
        return float(min(settings.STRIPE_RATE_GLOBAL, settings.STRIPE_RATE_PER_ENDPOINT))

    def _rates(self, endpoint: str, rank: Rank) -> dict[str, float]:
        rates = {
            self._prefix: settings.STRIPE_RATE_GLOBAL,
            f"{self._prefix}:{endpoint}": settings.STRIPE_RATE_PER_ENDPOINT,
        }
        if rank is Rank.BULK:
            rates[f"{self._prefix}:bulk"] = bulk_rate()
        return rates

    def _ask_locally(self) -> float:
        with self._lock:
            now = time.monotonic()
            if now < self._next_at:
                return self._next_at - now
            self._next_at = now + LOCAL_SHARE / bulk_rate()
            return 0.0

    def pause(self, endpoint: str, *, asked: float | None, is_endpoint_only: bool) -> None:
        """Hold calls back, because Stripe answered 429: for `asked` seconds, or a short while.

        Bulk is held back ever longer. `is_endpoint_only`: the limit was that of the endpoint, and
        others may go on.
        """
        key = f"{self._prefix}:{endpoint}" if is_endpoint_only else self._prefix
        shortest = max(FIRST_PAUSE, asked or 0)
        try:
            for name, longest in ((f"{key}:pause", shortest), (f"{key}:bulk:pause", LONGEST_PAUSE)):
                seconds = self._buckets.strike(
                    name,
                    asked=asked or 0,
                    first=FIRST_PAUSE,
                    longest=max(longest, shortest),
                    remembered=REMEMBERED,
                )
        except redis.RedisError as error:
            self._outage.begin(error)
            self._next_at = time.monotonic() + shortest
        else:
            log.warning("stripe_rate_limited", endpoint=endpoint, bulk_seconds=seconds)

    def relieve(self, endpoint: str) -> None:
        """Note that a call in bulk was not refused, so that the next pause is a short one."""
        keys = (self._prefix, f"{self._prefix}:{endpoint}")
        if self._outage.is_over():
            try:
                self._buckets.relieve(*(f"{key}:bulk:pause" for key in keys), after=RELIEVED_AFTER)
            except redis.RedisError as error:
                self._outage.begin(error)

    def bulk_pause(self) -> float:
        """Return for how many seconds all calls in bulk are held back; 0 if they are not."""
        if not self._outage.is_over():
            return 0.0
        try:
            return self._buckets.held(f"{self._prefix}:bulk:pause")
        except redis.RedisError as error:
            self._outage.begin(error)
            return 0.0


def bulk_rate() -> float:
    """Return how many calls a second pushes in bulk may take of an account's limit."""
    return float(settings.STRIPE_RATE_GLOBAL * settings.STRIPE_BULK_SHARE)
