"""Idempotency keys: the first answer is kept for a day and given again.

Source: Stripe API reference, "Idempotent requests".
"""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.books import Json
from sandbox.errors import StripeError
from sandbox.store import Store

KEPT_SECONDS = 24 * 3600
LONGEST = 255


@dataclass(frozen=True)
class Stored:
    """A kept answer and the request that first gave it."""

    status: int
    body: str
    request_id: str


def fingerprint(method: str, path: str, raw: Json) -> str:
    """Return what must be the same when a key is used again; a hash, so no card is kept."""
    return hashlib.sha256(json.dumps([method, path, raw], sort_keys=True).encode()).hexdigest()


def check_length(key: str) -> None:
    """Raise StripeError (400) for a key that is too long."""
    if len(key) > LONGEST:
        message = f"Idempotency keys must be at most {LONGEST} characters."
        raise StripeError(message, kind="idempotency_error")


def recall(store: Store, account: str, key: str, mark: str, now: int) -> Stored | None:
    """Return the kept answer of a key, or None.

    Raises StripeError (400, ``idempotency_error``) when the key came with other parameters.
    """
    row = store.row("select * from idempotency where account = ? and key = ?", account, key)
    if row is None or row["created"] <= now - KEPT_SECONDS:
        return None
    if row["fingerprint"] != mark:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request."
        )
        raise StripeError(message, kind="idempotency_error")
    return Stored(row["status"], row["body"], row["request_id"])


def keep(store: Store, account: str, key: str, *, mark: str, stored: Stored, now: int) -> None:
    """Keep an answer under a key, in place of one that has aged out."""
    store.execute(
        "insert or replace into idempotency values (?, ?, ?, ?, ?, ?, ?)",
        account,
        key,
        now,
        mark,
        stored.request_id,
        stored.status,
        stored.body,
    )


class InFlight:
    """The keys of requests that are running now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    @contextlib.contextmanager
    def claim(self, account: str, key: str | None) -> Iterator[None]:
        """Hold a key for the length of a request.

        Raises StripeError (409, ``idempotency_key_in_use``) when another request holds it.
        """
        if key is None:
            yield
            return
        with self._lock:
            if (account, key) in self._keys:
                message = (
                    "There is currently another in-progress request using this Idempotency Key "
                    f"(that probably means you submitted twice, and the other request is still "
                    f"going through): {key}. Please try again later."
                )
                raise StripeError(
                    message, status=409, kind="idempotency_error", code="idempotency_key_in_use"
                )
            self._keys.add((account, key))
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard((account, key))
