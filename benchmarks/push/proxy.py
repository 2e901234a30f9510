"""A proxy in front of the sandbox that fails as networks and Stripe do, by seeded dice.

Some faults come before the call has its effect and some after; some hold the caller until its
patience is over, and one lets the call through only then. A stored failure is given again for its
idempotency key, as Stripe does with each 500 that it kept.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

from benchmarks.stage import HOST

# The part of all calls that each fault strikes.
SHARES = {
    "error_before": 0.03,
    "error_after": 0.04,
    "stored_error": 0.02,
    "gateway_before": 0.01,
    "gateway_after": 0.02,
    "limit": 0.015,
    "limit_with_retry_after": 0.015,
    "locked": 0.01,
    "drop_before": 0.03,
    "drop_after": 0.04,
    "cut": 0.03,
    "stall_before": 0.001,
    "stall_after": 0.002,
    "late": 0.002,
}
# Longer than a worker waits for an answer.
STALL_SECONDS = 22.0
PASSED_ON = ("Authorization", "Content-Type", "Idempotency-Key", "Stripe-Version")
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
Answer = tuple[int, dict[str, str], bytes]


def _problem(message: str, kind: str = "api_error", code: str | None = None) -> bytes:
    error = {"message": message, "type": kind, **({"code": code} if code else {})}
    return json.dumps({"error": error}).encode()


class Proxy(ThreadingHTTPServer):
    """Listens on loopback; `struck` counts the faults, by kind."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, target: int, *, seed: int, shares: Mapping[str, float]) -> None:
        super().__init__((HOST, 0), _Handler)
        self.target = target
        self.struck: Counter[str] = Counter()
        self.stored: dict[str, Answer] = {}
        self._dice = Random(seed)
        self._shares = shares
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_address[1]}"

    def fault(self) -> str:
        """Throw the dice: the kind that strikes this call, or an empty text."""
        with self._lock:
            at = self._dice.random()
            for kind, share in self._shares.items():
                at -= share
                if at < 0:
                    self.struck[kind] += 1
                    return kind
            return ""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Proxy

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet."""

    def __getattr__(self, name: str) -> Any:
        """Treat every method alike; the base class looks for `do_GET` and so on."""
        if name.startswith("do_"):
            return self._take
        raise AttributeError(name)

    def _take(self) -> None:
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.headers.get("Idempotency-Key") or ""
        if key in self.server.stored:
            status, headers, body = self.server.stored[key]
            self._answer((status, {**headers, "Idempotent-Replayed": "true"}, body))
        else:
            getattr(self, f"_{self.server.fault() or 'pass_on'}")()

    def _forward(self) -> Answer:
        way = HTTPConnection(HOST, self.server.target, timeout=60)
        try:
            headers = {name: self.headers[name] for name in PASSED_ON if self.headers[name]}
            way.request(self.command, self.path, self._body, headers)
            answer = way.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() != "content-length"}
            return answer.status, kept, answer.read()
        finally:
            way.close()

    def _answer(self, answer: Answer, *, cut: bool = False) -> None:
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("server", "date", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        if cut:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _pass_on(self) -> None:
        self._answer(self._forward())

    def _error_before(self) -> None:
        self._answer((500, {}, _problem("An unknown error occurred")))

    def _error_after(self) -> None:
        self._forward()
        self._error_before()

    def _stored_error(self) -> None:
        """Fail without any effect, and for good: this key never gives another answer."""
        stored = (500, {}, _problem("An unknown error occurred"))
        if key := self.headers.get("Idempotency-Key"):
            self.server.stored[key] = stored
        self._answer(stored)

    def _gateway_before(self) -> None:
        self._answer((502, {"Content-Type": "text/html"}, HTML))

    def _gateway_after(self) -> None:
        self._forward()
        self._answer((504, {"Content-Type": "text/html"}, HTML))

    def _limit(self, **headers: str) -> None:
        body = _problem("Request rate limit exceeded.", "invalid_request_error", "rate_limit")
        self._answer((429, headers, body))

    def _limit_with_retry_after(self) -> None:
        self._limit(**{"Retry-After": "1"})

    def _locked(self) -> None:
        """Answer that the object is in use, which Stripe stores with the key."""
        body = _problem("This object cannot be accessed right now.", code="lock_timeout")
        stored = (429, {"Stripe-Rate-Limited-Reason": "endpoint-concurrency"}, body)
        if key := self.headers.get("Idempotency-Key"):
            self.server.stored[key] = stored
        self._answer(stored)

    def _drop_before(self) -> None:
        self._hang_up()

    def _drop_after(self) -> None:
        self._forward()
        self._hang_up()

    def _cut(self) -> None:
        self._answer(self._forward(), cut=True)

    def _stall_before(self) -> None:
        time.sleep(STALL_SECONDS)
        self._hang_up()

    def _stall_after(self) -> None:
        self._forward()
        self._stall_before()

    def _late(self) -> None:
        """Let the call have its effect when its caller has given up, and may have repeated it."""
        time.sleep(STALL_SECONDS)
        if self.headers.get("Idempotency-Key", "") not in self.server.stored:
            self._forward()
        self._hang_up()


@contextmanager
def proxy(target: int, *, seed: int, shares: Mapping[str, float]) -> Iterator[Proxy]:
    """Run a proxy in front of a port, with the part of all calls that each fault strikes."""
    with Proxy(target, seed=seed, shares=shares) as found:
        threading.Thread(target=found.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield found
        finally:
            found.shutdown()
