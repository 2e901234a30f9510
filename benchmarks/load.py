"""The load: one process, several kept-alive connections, no library in the way.

`python -m benchmarks.load --minutes 10` puts mixed traffic on a whole Taproom (see mixed.py).
Without options it is a program that the others start, so that its work does not mix with theirs:
a job comes as JSON on standard input, its outcome goes as JSON to standard output.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"
_RECEIVE = 1 << 18
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, again and again. `signed_with` makes each body a fresh event of Stripe's.

    In such a body `EVENT_ID` stands where each event's own id goes.
    """

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    signed_with: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load came to; `busy` is the part of one core that this side itself took."""

    answered: int
    failed: int
    seconds: float
    busy: float
    first_failure: str = ""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


class BadAnswer(Exception):
    """The server answered in a way that a benchmark cannot count."""


def writer(request: Request, host: str) -> Callable[[], bytes]:
    """Return what makes the bytes of the next request."""
    lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(lines).encode()
    if request.signed_with:
        return _events(head, request)
    body = request.body.encode()
    length = f"\r\nContent-Length: {len(body)}".encode() if body else b""
    raw = head + length + _HEAD_END + body
    return lambda: raw


def _events(head: bytes, request: Request) -> Callable[[], bytes]:
    before, _, after = request.body.encode().partition(b"EVENT_ID")
    key = request.signed_with.encode()
    run = f"evt_{os.urandom(6).hex()}"
    sent = 0

    def next_event() -> bytes:
        nonlocal sent
        sent += 1
        body = b"%s%s%09d%s" % (before, run.encode(), sent, after)
        now = b"%d" % time.time()
        made = hmac.new(key, now + b"." + body, hashlib.sha256).hexdigest().encode()
        sign = b"\r\nStripe-Signature: t=%s,v1=%s\r\nContent-Length: %d" % (now, made, len(body))
        return head + sign + _HEAD_END + body

    return next_event


def is_whole(answer: bytes) -> bool:
    """Tell whether all of an answer has come; raises BadAnswer without a Content-Length."""
    end = answer.find(_HEAD_END)
    if end < 0:
        return False
    length = _LENGTH.search(answer, 0, end)
    if length is None:
        raise BadAnswer(answer[:end].decode(errors="replace"))
    return len(answer) >= end + len(_HEAD_END) + int(length[1])


class _Connection:
    """One kept-alive connection that asks again as soon as it is answered."""

    def __init__(self, address: tuple[str, int], write: Callable[[], bytes]) -> None:
        self.socket = socket.create_connection(address, timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._write = write
        self._answer = b""

    def ask(self) -> None:
        """Send the next request."""
        self._answer = b""
        self.socket.sendall(self._write())

    def read(self) -> bytes | None:
        """Take what came; return the answer once it is whole."""
        piece = self.socket.recv(_RECEIVE)
        if not piece:
            raise BadAnswer("the server closed the connection")
        self._answer += piece
        return self._answer if is_whole(self._answer) else None


def run(request: Request, *, host: str, port: int, seconds: float, connections: int) -> Outcome:
    """Ask for `seconds` on all connections at once and count whole answers of status 2xx."""
    write = writer(request, host)
    answered, failures = 0, []
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = _Connection((host, port), write)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        started, cpu = time.perf_counter(), time.process_time()
        end = started + seconds
        while (now := time.perf_counter()) < end:
            ready = selector.select(TIMEOUT_SECONDS)
            if not ready:
                raise BadAnswer(f"no answer for {TIMEOUT_SECONDS:.0f} s")
            for key, _ in ready:
                answer = key.data.read()
                if answer is None:
                    continue
                if answer[9:10] == b"2":
                    answered += 1
                else:
                    failures.append(answer)
                key.data.ask()
        took, busy = now - started, time.process_time() - cpu
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    first = failures[0].decode(errors="replace")[:600] if failures else ""
    return Outcome(answered, len(failures), took, busy / took, first)


def apart(request: Request, *, host: str, port: int, seconds: float, connections: int) -> Outcome:
    """Do `run` in a process of its own."""
    job = {"host": host, "port": port, "seconds": seconds, "connections": connections}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps({**job, "request": asdict(request)}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Outcome(**json.loads(done.stdout))


def main() -> None:
    """Do the job on standard input."""
    job: dict[str, Any] = json.loads(sys.stdin.read())
    request = Request(**job.pop("request"))
    sys.stdout.write(json.dumps(asdict(run(request, **job))))


if __name__ == "__main__":
    if sys.argv[1:]:
        from benchmarks.mixed import main as mixed

        sys.exit(mixed(sys.argv[1:]))
    main()
