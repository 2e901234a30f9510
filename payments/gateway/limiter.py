"""One rate limiter for all processes, so that many workers stay within Stripe's limits.

Buckets in Redis (core.pace): one for the whole account and one for each endpoint
(Stripe, "Rate limits": each endpoint 25 requests a second, 100 in all live, 25 in a sandbox).
"""

from __future__ import annotations

import time

import redis
import structlog
from django.conf import settings

from core.pace import Buckets

log = structlog.get_logger(__name__)


class Limiter:
    """Lets calls of one Stripe account pass at the allowed rate."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._buckets = Buckets()

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
        rates = {
            prefix: settings.STRIPE_RATE_GLOBAL,
            f"{prefix}:{endpoint}": settings.STRIPE_RATE_PER_ENDPOINT,
        }
        return self._buckets.take(f"{prefix}:pause", rates)

    def pause(self, seconds: float) -> None:
        """Hold all calls of the account back, because Stripe answered 429."""
        try:
            self._buckets.pause(f"taproom:stripe:{self._account}:pause", seconds)
        except redis.RedisError as error:
            log.warning("rate_limiter_unreachable", error=type(error).__name__)
