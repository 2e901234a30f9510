"""The sandbox's clock: real time plus an offset that only grows."""

import time
from typing import Any

from sandbox.errors import StripeError
from sandbox.store import Store

LAST = 4_102_444_800  # the year 2100


def check_moment(params: dict[str, Any], name: str) -> None:
    """Raise StripeError (400) for a moment before 1970 or after the year 2100."""
    value = params.get(name)
    if isinstance(value, int) and not 0 <= value <= LAST:
        raise StripeError(f"Invalid timestamp: {value}", param=name)


class ClockRunsForward(ValueError):
    """The clock was asked to go back."""


class Clock:
    """Sandbox time in Unix seconds. The offset is part of the stored state."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offset = float(store.setting("clock_offset") or 0)

    @property
    def offset(self) -> float:
        """Seconds by which the sandbox is ahead of real time."""
        return self._offset

    def now(self) -> float:
        """Return the sandbox time, with fractions of a second."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock on. Raises ClockRunsForward for a way back or beyond the year 2100."""
        if not 0 <= seconds <= LAST - self.now():
            raise ClockRunsForward("the clock only runs forward, and not beyond the year 2100")
        self._offset += seconds
        self._store.set_setting("clock_offset", repr(self._offset))

    def reset(self) -> None:
        """Go back to real time; only for a sandbox whose state was cleared."""
        self._offset = 0.0
