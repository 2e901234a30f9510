"""The thread that keeps time: runs timers and sends webhooks when they are due."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from sandbox import timers, webhooks
from sandbox.state import Sandbox

log = logging.getLogger(__name__)
LONGEST_SLEEP = 1.0
SENDERS = 8


class Background:
    """Works from ``start`` to ``stop``; woken by ``sandbox.changed``."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._stopping = threading.Event()
        self._senders = ThreadPoolExecutor(SENDERS, "webhook")
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)

    def start(self) -> None:
        """Take up what an earlier process left, and begin."""
        webhooks.recover(self._sandbox)
        self._thread.start()

    def stop(self) -> None:
        """Finish the step in progress; deliveries not yet attempted stay queued."""
        self._stopping.set()
        self._sandbox.changed.set()
        self._thread.join()
        self._senders.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._sandbox.changed.clear()
            try:
                self._step()
            except Exception:
                log.exception("background step failed")
            self._sandbox.changed.wait(self._pause())

    def _step(self) -> None:
        timers.run_due(self._sandbox)
        webhooks.route_new(self._sandbox)
        for delivery in webhooks.claim_due(self._sandbox):
            self._senders.submit(webhooks.send, self._sandbox, delivery)

    def _pause(self) -> float:
        due = webhooks.next_due(self._sandbox)
        if due is None:
            return LONGEST_SLEEP
        return min(LONGEST_SLEEP, max(0.005, due - self._sandbox.clock.now()))
