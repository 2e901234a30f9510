"""Stripe's rate limits: a bucket for each account and one for each of its operations.

Source: Stripe docs, "Rate limits": in a sandbox 25 requests a second in all and per endpoint.
"""

import threading
import time
from dataclasses import dataclass

from sandbox.errors import StripeError


@dataclass
class Limits:
    """What the buckets allow, in requests a second, and what a refusal says.

    ``retry_after`` (seconds) and ``should_retry`` become headers of the 429 when set.
    """

    enabled: bool = True
    per_endpoint: int = 25
    total: int = 25
    retry_after: int | None = None
    should_retry: bool | None = None


def too_many(reason: str, retry_after: int | None, should_retry: bool | None) -> StripeError:
    """Return Stripe's 429; the two headers are left out when None."""
    message = (
        "Request rate limit exceeded. Learn more about rate limits here "
        "https://stripe.com/docs/rate-limits."
    )
    error = StripeError(message, status=429, code="rate_limit")
    error.headers["Stripe-Rate-Limited-Reason"] = reason
    if retry_after is not None:
        error.headers["Retry-After"] = str(retry_after)
    if should_retry is not None:
        error.headers["Stripe-Should-Retry"] = str(should_retry).lower()
    return error


def lock_timeout(retry_after: int | None, should_retry: bool | None) -> StripeError:
    """Return Stripe's 429 for an object that another request holds.

    Stripe answers it from within the operation, so that it is kept under an idempotency key.
    """
    message = (
        "This object cannot be accessed right now because another API request or Stripe process "
        "is currently accessing it. If you see this error intermittently, retry the request. If "
        "you see this error frequently and are making multiple concurrent requests to a single "
        "object, make your requests serially or at a lower rate."
    )
    error = too_many("endpoint-concurrency", retry_after, should_retry)
    error.fields |= {"message": message, "code": "lock_timeout"}
    return error


class RateLimiter:
    """Counts requests in real time. Not part of the stored state."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def check(self, account: str, operation: str) -> None:
        """Count one request. Raises StripeError (429) when a bucket is empty."""
        limits = self.limits
        if not limits.enabled:
            return
        wanted = [("global-rate", "*", limits.total)]
        wanted.append(("endpoint-rate", operation, limits.per_endpoint))
        with self._lock:
            now = time.monotonic()
            levels = {name: self._level(account, name, rate, now) for _, name, rate in wanted}
            for reason, name, _ in wanted:
                if levels[name] < 1:
                    raise too_many(reason, limits.retry_after, limits.should_retry)
            for name, level in levels.items():
                self._buckets[account, name] = (level - 1, now)

    def _level(self, account: str, name: str, rate: int, now: float) -> float:
        level, since = self._buckets.get((account, name), (float(rate), now))
        return min(float(rate), level + (now - since) * rate)

    def reset(self) -> None:
        """Fill every bucket."""
        with self._lock:
            self._buckets.clear()
