"""What a process does while Redis is down: without it, and without asking at each request."""

from __future__ import annotations

import time

import structlog

log = structlog.get_logger(__name__)


class Outage:
    """Remembers that a server failed: it is told once, and left alone for a few seconds.

    Each try at a dead server costs the time-out of a connection, which no request should pay.
    `began` and `ended` are the events that are logged.
    """

    def __init__(self, *, began: str, ended: str, pause_seconds: float = 5.0) -> None:
        self._began = began
        self._ended = ended
        self._pause_seconds = pause_seconds
        self._until = 0.0
        self._is_told = False

    def is_over(self) -> bool:
        """Return whether the server may be tried (again)."""
        return time.monotonic() >= self._until

    def begin(self, error: Exception) -> None:
        """Note a failure."""
        self._until = time.monotonic() + self._pause_seconds
        if not self._is_told:
            self._is_told = True
            log.error(self._began, error=type(error).__name__)

    def end(self) -> None:
        """Note that the server answered."""
        if self._is_told:
            self._is_told = False
            log.warning(self._ended)
