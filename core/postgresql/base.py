"""The backend's connection (Django looks for it under this name)."""

from __future__ import annotations

import select
from time import monotonic

from django.db.backends.postgresql import base

# How long an answer of the server's counts: what a network loses in silence shows by asking only.
ASK_AFTER_SECONDS = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose check before each request costs a round trip only now and then.

    Django asks `SELECT 1` before the first statement of each request. A server that stopped, was
    restarted or ended this session has closed the connection or said why: then there is something
    to read on a connection on which nothing was asked, and the kernel knows that without asking.
    """

    _asked_at = 0.0

    def is_usable(self) -> bool:
        """Return whether the connection can be used for the next request."""
        if self.connection is None or self.connection.closed:
            return False
        if monotonic() - self._asked_at < ASK_AFTER_SECONDS and self._is_quiet():
            return True
        self._asked_at = monotonic()
        return bool(super().is_usable())

    def _is_quiet(self) -> bool:
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0)
