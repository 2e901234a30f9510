"""The running sandbox: its store, clock, limits and switches."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.books import NOBODY, Books, Origin
from sandbox.busy import Busy
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.idempotency import InFlight
from sandbox.limits import Limits, RateLimiter
from sandbox.store import Store


@dataclass
class Sandbox:
    """Everything that outlives one request.

    ``validate`` has each request and answer checked against the spec with JSON Schema.
    """

    store: Store
    base_url: str
    validate: bool = False
    limiter: RateLimiter = field(default_factory=lambda: RateLimiter(Limits()))
    faults: Faults = field(default_factory=Faults)
    in_flight: InFlight = field(default_factory=InFlight)
    busy: Busy = field(default_factory=Busy)
    changed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.clock = Clock(self.store)

    def books(self, account: str, origin: Origin = NOBODY, *, now: float | None = None) -> Books:
        """Return an account's books at this moment, or another; use them inside a transaction."""
        moment = self.clock.now() if now is None else now
        return Books(self.store, account, int(moment), self.base_url, origin)

    def reset(self) -> None:
        """Forget everything: objects, accounts, requests, faults, and the clock's offset."""
        with self.store.transaction():
            self.store.clear()
            self.clock.reset()
        self.faults.clear()
        self.limiter.reset()


def open_sandbox(path: Path | None, base_url: str, limits: Limits, validate: bool) -> Sandbox:
    """Open the state in a file, or in memory without a path."""
    return Sandbox(Store(path), base_url, validate, RateLimiter(limits))
