"""The way to Stripe for one account: its limit, its time-outs, and a plain answer or error."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import stripe
from django.conf import settings
from django.db import connection

from core.observe import tracing
from payments.gateway.errors import (
    CallInsideTransaction,
    LimitUsedUp,
    StripeUnavailable,
    translate,
)
from payments.gateway.limiter import Limiter, Rank
from payments.models import StripeAccount

stripe.enable_telemetry = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller can wait: seconds to connect, to read, for its turn; and retries.

    `rank` says who goes first where the limit is short.
    """

    connect: float
    read: float
    turn: float
    retries: int
    rank: Rank = Rank.WORKER


# A customer looks at a spinner, and a web thread that waits serves nobody else.
CUSTOMER = Patience(connect=2, read=6, turn=2, retries=1, rank=Rank.CUSTOMER)
WORKER = Patience(connect=3, read=20, turn=30, retries=2)
# Each call counts against the limit, so that it is not repeated behind the limiter's back.
# Whose turn is far off gives its worker to others meanwhile.
BULK = Patience(connect=3, read=20, turn=5, retries=0, rank=Rank.BULK)


PAGE_TRIES = 5


@lru_cache(maxsize=64)
def _client(secret_key: str, patience: Patience, process_id: int) -> stripe.StripeClient:
    """Return a client of this process: one made before a fork would share its connection."""
    base = settings.STRIPE_API_BASE
    return stripe.StripeClient(
        secret_key,
        base_addresses={"api": base, "files": base, "connect": base, "meter_events": base},
        http_client=stripe.RequestsClient(timeout=(patience.connect, patience.read)),
        max_network_retries=patience.retries,
    )


@lru_cache(maxsize=64)
def _limiter(account: str, process_id: int) -> Limiter:
    return Limiter(account)


def bulk_pause(account: StripeAccount) -> float:
    """Return for how many seconds Stripe wants no calls in bulk for an account; 0 if it takes them.

    Whoever asks before beginning anything need not begin what must wait.
    """
    return _limiter(account.stripe_account_id, os.getpid()).bulk_pause()


class Connection:
    """Stripe, for one account; each noun of its API has a class of methods on top.

    Every method raises StripeUnavailable (repeat with the same key), StripeRefused (a certain
    no), or CallInsideTransaction.
    """

    def __init__(self, account: StripeAccount, *, patience: Patience = WORKER) -> None:
        self._patience = patience
        self._stripe = _client(account.secret_key, patience, os.getpid())
        self._limiter = _limiter(account.stripe_account_id, os.getpid())

    def _call(self, endpoint: str, request: Callable[[], stripe.StripeObject]) -> dict[str, Any]:
        if connection.in_atomic_block:
            raise CallInsideTransaction(endpoint)
        rank, turn = self._patience.rank, self._patience.turn
        if away := self._limiter.wait_for_turn(endpoint, rank=rank, seconds=turn):
            raise LimitUsedUp("Our own limit for Stripe is used up.", retry_after=max(1.0, away))
        try:
            with tracing.span(f"stripe {endpoint}"):
                # As in the JSON that came: decimals as text, for whoever keeps the answer.
                answer = request().to_dict(for_json=True)
        except stripe.StripeError as error:
            found = translate(error)
            if isinstance(found, StripeUnavailable) and found.limit:
                self._limiter.pause(
                    endpoint,
                    asked=found.retry_after,
                    is_endpoint_only=found.limit.startswith("endpoint"),
                )
            raise found from error
        if rank is Rank.BULK:
            self._limiter.relieve(endpoint)
        return answer

    def _tried(
        self, endpoint: str, request: Callable[[], stripe.StripeObject], *, tries: int
    ) -> dict[str, Any]:
        """Ask up to `tries` times for what may be asked for again, while failures come quickly."""
        began = time.monotonic()
        for _ in range(tries - 1):
            try:
                return self._call(endpoint, request)
            except StripeUnavailable:
                if time.monotonic() - began > self._patience.read / 2:
                    raise
        return self._call(endpoint, request)

    def _pages(
        self,
        endpoint: str,
        page: Callable[[dict[str, Any]], stripe.StripeObject],
        params: dict[str, Any],
    ) -> Iterator[dict[str, Any]]:
        """Yield the objects of all pages of a list.

        A later page is asked for again when no answer comes: who began anew would have to ask for
        all pages before it again, and on a bad day never come to the end of a long list.
        """
        tries = 1
        while True:
            answer = self._tried(endpoint, partial(page, params), tries=tries)
            tries = PAGE_TRIES
            yield from answer["data"]
            if not answer["has_more"] or not answer["data"]:
                return
            params = {**params, "starting_after": answer["data"][-1]["id"]}
