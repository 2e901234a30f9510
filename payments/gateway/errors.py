"""What can go wrong with a call to Stripe, sorted by what the caller has to do."""

from __future__ import annotations

import stripe


class CallInsideTransaction(Exception):
    """A call to Stripe was tried while a database transaction was open."""


class StripeUnavailable(Exception):
    """No certain answer: a time-out, a dropped connection, a 5xx or a 429.

    The call may have had its effect. Repeat it with the same idempotency key, not before
    `retry_after` seconds if that is given. `is_busy`: another call with this key is under way, or
    the object is locked, so that an answer comes soon. `limit` names the limit that a 429 spoke
    of; it is empty where the 429 is about one locked object, or a stored one, which says nothing
    about other calls now. `replayed`: the answer is a stored one, so that this key will never give
    another.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        is_busy: bool = False,
        limit: str = "",
        replayed: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_busy = is_busy
        self.limit = limit
        self.replayed = replayed

    @property
    def is_silence(self) -> bool:
        """Whether nothing was heard of Stripe: even a 429 or a stored answer says that it is up."""
        return not (self.limit or self.is_busy or self.replayed)


class LimitUsedUp(StripeUnavailable):
    """Nothing was sent: by our own limiter it was not this call's turn in time."""

    @property
    def is_silence(self) -> bool:
        """Nobody was asked."""
        return False


class StripeRefused(Exception):
    """A certain no: Stripe will answer the same again. `replayed` marks a stored answer.

    A replayed refusal says nothing about what an earlier try under the same key has done: read
    first, then use a new key.
    """

    def __init__(self, message: str, *, status: int, code: str, param: str, replayed: bool) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.replayed = replayed


def translate(error: stripe.StripeError) -> StripeUnavailable | StripeRefused:
    """Turn an error of the SDK into one of ours, without request parameters in its text."""
    headers = {key.lower(): value for key, value in (error.headers or {}).items()}
    status = error.http_status or 0
    replayed = headers.get("idempotent-replayed") == "true"
    is_garbage = status < 400  # an answer that could not be read says nothing certain
    is_busy = _is_busy(error, status)
    if is_garbage or status == 429 or (status >= 500 and not replayed) or is_busy:
        return StripeUnavailable(
            f"Stripe gave no certain answer ({status or 'no connection'}).",
            retry_after=_seconds(headers.get("retry-after")),
            is_busy=is_busy,
            limit="" if is_busy or replayed else _limit(headers, status),
            replayed=replayed,
        )
    return StripeRefused(
        (error.user_message or str(error))[:400],
        status=status,
        code=_code(error),
        param=getattr(error, "param", None) or "",
        replayed=replayed,
    )


def _code(error: stripe.StripeError) -> str:
    """Return Stripe's code; of a key that came with other parameters, which has none, its type."""
    code = error.code or (error.error.code if error.error else None)
    return code or ("idempotency_error" if isinstance(error, stripe.IdempotencyError) else "")


def _limit(headers: dict[str, str], status: int) -> str:
    return headers.get("stripe-rate-limited-reason", "unknown") if status == 429 else ""


def _is_busy(error: stripe.StripeError, status: int) -> bool:
    """Return whether the same key is being worked on, or the object is locked, right now."""
    return status == 409 or _code(error) == "lock_timeout"


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
